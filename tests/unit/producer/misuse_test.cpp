// Calls that the server's code got wrong: each is counted where it comes in, and no reader meets
// what it would have written.
#include <doctest/doctest.h>

#include <cstdint>
#include <string>

#include "producer/ringside.h"
#include "tests/unit/producer/traced.h"

using namespace ringside;
using namespace ringside::test;

namespace {

struct Served {
  TempDir dir;
  std::unique_ptr<Reader> reader;

  explicit Served(const std::function<int()>& body) {
    REQUIRE(serve(setup_for(dir), body).exited(0));
    reader = std::make_unique<Reader>(dir.file("ring"));
    // Every record is one that a reader believes.
    for (const Record& record : reader->records) CHECK(believable(record));
  }
  std::uint64_t misused(Misuse what) const {
    return reader->segment->header().misused[what].load();
  }
  std::uint64_t all() const {
    return misused(kMisusedId) + misused(kMisusedOutcome) + misused(kMisusedStage) +
           misused(kMisusedStamp);
  }
};

// A stage number, an outcome and an id that the compiler does not know.
template <typename T>
T hidden(T value) {
  __asm__("" : "+r"(value));
  return value;
}

}  // namespace

TEST_CASE("Misuse: the id of an event is no operation's, and the other way round") {
  const Served served([] {
    for (const std::uint16_t id : {std::uint16_t{256}, std::uint16_t{319}, std::uint16_t{512}}) {
      Operation wrong(OperationId{hidden(id)});
      wrong.finish(Outcome::ok);
      Operation(OperationId{hidden(id)}, now()).finish(Outcome::ok);
    }
    ringside_event(RINGSIDE_SEND_MESSAGE, nullptr);
    event_since(EventId{255}, now());
    count(EventId{hidden(std::uint16_t{0})});
    ringside_operation op;
    ringside_begin(&op, RINGSIDE_EVENT_RETRY);
    ringside_finish(&op, RINGSIDE_OK, 0);
    return 0;
  });
  CHECK(served.misused(kMisusedId) == 6 + 3 + 1);
  CHECK(served.all() == 10);
  CHECK(served.reader->records.empty());
  for (const std::uint16_t id : {std::uint16_t{0}, std::uint16_t{4}, std::uint16_t{256}}) {
    CHECK(served.reader->total(id, &Totals::recorded) == 0);
    CHECK(served.reader->total(id, &Totals::skipped) == 0);
  }
}

TEST_CASE("Misuse: an event during an event has no operation") {
  const Served served([] {
    Event fields;
    event(chat::RETRY, fields);
    fields.operation = OperationId{kInvalidId};
    event(chat::RETRY, fields);
    fields.operation = OperationId{257};
    event(chat::RETRY, fields);
    return 0;
  });
  CHECK(served.misused(kMisusedId) == 1);
  REQUIRE(served.reader->records.size() == 3);
  for (const Record& record : served.reader->records) CHECK(record.event.context == 0);
}

TEST_CASE("Misuse: an id that was refused does nothing, and is no mistake of its user") {
  const Served served([] {
    Operation(OperationId{}).finish(Outcome::ok);
    event(EventId{});
    count(EventId{});
    return 0;
  });
  CHECK(served.all() == 0);
  CHECK(served.reader->records.empty());
}

TEST_CASE("Misuse: an outcome that is none counts as an error") {
  const Served served([] {
    Operation(chat::JOIN_ROOM).finish(static_cast<Outcome>(hidden(7)));
    ringside_operation op;
    ringside_begin(&op, RINGSIDE_JOIN_ROOM);
    ringside_finish(&op, static_cast<ringside_outcome>(hidden(256)), 0);
    Event fields;
    fields.outcome = static_cast<Outcome>(200);
    event(chat::RETRY, fields);
    Operation(chat::JOIN_ROOM).finish(Outcome::cancelled);
    return 0;
  });
  CHECK(served.misused(kMisusedOutcome) == 3);
  CHECK(served.all() == 3);
  REQUIRE(served.reader->records.size() == 4);
  for (unsigned i = 0; i < 3; ++i)
    CHECK(served.reader->records[i].outcome == static_cast<std::uint8_t>(Outcome::error));
  CHECK(served.reader->records[3].outcome == static_cast<std::uint8_t>(Outcome::cancelled));
}

TEST_CASE("Misuse: a stage that is none is counted at each mark") {
  const Served served([] {
    Operation op(chat::JOIN_ROOM);
    op.stage(5);
    op.stage(hidden(6U));
    op.stage_at(hidden(~0U), now());
    op.finish_stage(hidden(6U), Outcome::ok);
    return 0;
  });
  CHECK(served.misused(kMisusedStage) == 3);
  CHECK(served.all() == 3);
  CHECK(served.reader->records.size() == 1);
}

TEST_CASE("Misuse: a stamp of another clock gives a record without a span") {
  const Served served([] {
    const std::uint64_t t = now().ticks;
    constexpr std::uint64_t kFar = std::uint64_t{1} << 60;   // as wall time in nanoseconds
    // Before the ring, and far ahead.
    Operation past(chat::JOIN_ROOM, Stamp{1});
    past.actor(ActorKind::user, 7);
    past.stage(0);
    if (past.finish(Outcome::ok).ticks < t) return 1;
    Operation(chat::JOIN_ROOM, Stamp{t + kFar}).finish(Outcome::timeout, 3);
    Operation(chat::JOIN_ROOM, Stamp{t}).finish_at(Stamp{t + kFar}, Outcome::ok);
    Operation(chat::JOIN_ROOM).finish_at(Stamp{1}, Outcome::ok);
    event_since(chat::RETRY, Stamp{1});
    Event fields;
    fields.duration = std::uint64_t{1} << 60;
    event(chat::RETRY, fields);
    return 0;
  });
  CHECK(served.misused(kMisusedStamp) == 6);
  CHECK(served.all() == 6);
  REQUIRE(served.reader->records.size() == 6);
  for (const Record& record : served.reader->records) {
    CHECK(record.duration == 0);
    CHECK(record.start > served.reader->segment->header().anchor_ticks);
    CHECK((record.flags & kFlagStages) == 0);
    CHECK(((record.flags & kFlagUntimed) != 0) == (record.operation < kFirstEvent));
  }
  CHECK(served.reader->records[0].actor == 7);
  CHECK(served.reader->records[1].error == 3);
}

TEST_CASE("Misuse: a mark of another clock charges nothing, and near stamps are no mistakes") {
  const Served served([] {
    const std::uint64_t t = now().ticks;
    Operation op(chat::JOIN_ROOM, Stamp{t});
    op.stage_at(0, Stamp{t + 5});
    op.stage_at(1, Stamp{t + (std::uint64_t{1} << 60)});
    op.stage_at(2, Stamp{t + 7});
    op.finish_at(Stamp{t + 7}, Outcome::ok);
    // A clock that stepped back a little, and an operation of a day.
    Operation(chat::JOIN_ROOM, Stamp{t}).finish_at(Stamp{t - 1000}, Outcome::ok);
    Operation(chat::JOIN_ROOM, Stamp{t}).finish_at(Stamp{t + 86'400'000'000'000}, Outcome::ok);
    return 0;
  });
  CHECK(served.misused(kMisusedStamp) == 1);
  REQUIRE(served.reader->records.size() == 3);
  CHECK(served.reader->records[0].stage(0) == 5);
  CHECK(served.reader->records[0].stage(1) == 0);
  CHECK(served.reader->records[0].stage(2) == 2);
  CHECK(served.reader->records[1].duration == -1000);
  CHECK(served.reader->records[2].duration == 86'400'000'000'000);
}

TEST_CASE("Misuse: what went wrong is said in words, and names that are cut to one are counted") {
  const std::string common(39, 'x');
  const Served served([&] {
    if (!mistakes().empty()) return 1;
    register_operation(common + "a", std::string(15, 'c') + "1", {std::string(15, 's') + "1"});
    register_operation(common + "a", "");
    if (!mistakes().empty()) return 2;
    if (register_operation(common + "b", "").value != chat::kOperationCount) return 3;
    register_operation("OTHER", std::string(15, 'c') + "2",
                       {std::string(15, 's') + "1", std::string(15, 's') + "2"});
    register_gauge(std::string(47, 'g') + "1");
    register_gauge(std::string(47, 'g') + "2");
    Operation(chat::JOIN_ROOM).finish_stage(hidden(9U), Outcome::ok);
    const std::string said = mistakes();
    if (said != "1 marks of a stage above 5, whose time is in no stage\n"
                "4 names that are cut to the name of another")
      return 4;
    char text[16];
    return ringside_mistakes(text, sizeof text) == said.size() ? 0 : 5;
  });
  CHECK(served.reader->segment->header().names_merged.load() == 4);
}
