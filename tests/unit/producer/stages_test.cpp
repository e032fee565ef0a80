// Where the time between two marks goes, to the tick.
#include <doctest/doctest.h>

#include <cstdint>
#include <utility>

#include "producer/ringside.h"
#include "tests/unit/producer/traced.h"

using namespace ringside;
using namespace ringside::test;

namespace {

// Serves `body` with a stamp of now and returns the one record that it left.
template <typename Body>
Record one_record(const Body& body) {
  TempDir dir;
  REQUIRE(serve(setup_for(dir), [&] {
            body(now().ticks);
            return 0;
          }).exited(0));
  Reader reader(dir.file("ring"));
  REQUIRE(reader.records.size() == 1);
  return reader.records[0];
}

}  // namespace

TEST_CASE("Stages: a stage that runs ten million times adds up to the tick") {
  constexpr std::uint64_t kTenSeconds = 26'000'000'000;
  constexpr std::uint64_t kTimes = 10'000'000;
  const Record record = one_record([](std::uint64_t t) {
    Operation op(chat::SEND_MESSAGE, Stamp{t});
    op.stage_at(chat::kDatabase, Stamp{t += kTenSeconds});
    for (std::uint64_t i = 0; i < kTimes; ++i) op.stage_at(chat::kDatabase, Stamp{t += 250});
    op.finish_at(Stamp{t}, Outcome::ok);
  });
  CHECK(record.duration == kTenSeconds + 250 * kTimes);
  CHECK(record.stage(chat::kDatabase) == pack_stage_ticks(kTenSeconds + 250 * kTimes));
}

TEST_CASE("Stages: six stages in turns each get what ran before their marks") {
  const Record record = one_record([](std::uint64_t t) {
    Operation op(chat::SEND_MESSAGE, Stamp{t});
    for (unsigned round = 0; round < 2; ++round) {
      for (unsigned i = 0; i < 6; ++i) op.stage_at(i, Stamp{t += 10 + i});
    }
    op.finish_at(Stamp{t}, Outcome::ok);
  });
  CHECK((record.flags & kFlagStages) != 0);
  for (unsigned i = 0; i < 6; ++i) CHECK(record.stage(i) == 2 * (10 + i));
  CHECK(record.duration == 2 * (10 + 11 + 12 + 13 + 14 + 15));
}

TEST_CASE("Stages: any stage has its span in the record, also where the span is no longer exact") {
  for (const std::uint64_t span : {kExactStageTicks - 7, kExactStageTicks - 6, kExactStageTicks - 5,
                                   kExactStageTicks + 1, 3 * kExactStageTicks + 5}) {
    for (unsigned stage = 0; stage < 6; ++stage) {
      const Record record = one_record([&](std::uint64_t t) {
        Operation op(chat::SEND_MESSAGE, Stamp{t});
        op.skip_at(Stamp{t += 2});
        for (unsigned i = 0; i < 6; ++i) op.stage_at(i, Stamp{t += i == stage ? span : 1});
        op.finish_at(Stamp{t + 1}, Outcome::ok);
      });
      for (unsigned i = 0; i < 6; ++i)
        CHECK(record.stage(i) == (i == stage ? pack_stage_ticks(span) : 1));
    }
  }
}

TEST_CASE("Stages: the time up to a mark of a stage that is none belongs to no stage") {
  for (const unsigned none : {6U, 7U, 64U, ~0U}) {
    const Record record = one_record([&](std::uint64_t t) {
      Operation op(chat::SEND_MESSAGE, Stamp{t});
      op.stage_at(0, Stamp{t + 5});
      op.stage_at(none, Stamp{t + 105});
      op.stage_at(1, Stamp{t + 107});
      op.finish_at(Stamp{t + 107}, Outcome::ok);
    });
    CHECK(record.stage(0) == 5);
    CHECK(record.stage(1) == 2);
    for (unsigned i = 2; i < 6; ++i) CHECK(record.stage(i) == 0);
  }
}

TEST_CASE("Stages: a mark before the last one charges nothing, and moves nothing back") {
  const Record record = one_record([](std::uint64_t t) {
    Operation op(chat::SEND_MESSAGE, Stamp{t});
    op.stage_at(0, Stamp{t + 50});
    op.stage_at(1, Stamp{t + 20});
    op.stage_at(2, Stamp{t + 50});
    op.stage_at(3, Stamp{t + 53});
    op.finish_at(Stamp{t + 53}, Outcome::ok);
  });
  CHECK(record.stage(0) == 50);
  CHECK(record.stage(1) == 0);
  CHECK(record.stage(2) == 0);
  CHECK(record.stage(3) == 3);
}

TEST_CASE("Stages: a move takes all six along, and what was moved from takes no mark") {
  const Record record = one_record([](std::uint64_t t) {
    Operation first(chat::SEND_MESSAGE, Stamp{t});
    for (unsigned i = 0; i < 6; ++i) first.stage_at(i, Stamp{t += i + 1});
    Operation second(std::move(first));
    first.stage_at(0, Stamp{t + 100});
    first.stage(1);
    first.finish_stage(2, Outcome::error);
    Operation third;
    third = std::move(second);
    third.stage_at(5, Stamp{t += 4});
    third.finish_at(Stamp{t}, Outcome::ok);
    third.stage_at(0, Stamp{t + 100});
  });
  CHECK(record.outcome == 0);
  for (unsigned i = 0; i < 5; ++i) CHECK(record.stage(i) == i + 1);
  CHECK(record.stage(5) == 6 + 4);
}

TEST_CASE("Stages: an operation without a mark has none, and a stage of any length is kept") {
  const Record none = one_record([](std::uint64_t t) {
    Operation op(chat::SEND_MESSAGE, Stamp{t});
    op.finish_at(Stamp{t + 9}, Outcome::ok);
  });
  CHECK((none.flags & kFlagStages) == 0);
  CHECK(none.stages[0] == 0);
  CHECK(none.stages[1] == 0);
  const Record of_c = one_record([](std::uint64_t t) {
    ringside_operation op;
    ringside_begin_at(&op, RINGSIDE_SEND_MESSAGE, t);
    ringside_stage_at(&op, RINGSIDE_STAGE_QUEUE, t + 1'000'001);
    ringside_stage_at(&op, 5, t + 1'000'004);
    ringside_finish(&op, RINGSIDE_OK, 0);
  });
  CHECK(of_c.stage(0) == 321'608);
  CHECK(of_c.stage(5) == 3);
}
