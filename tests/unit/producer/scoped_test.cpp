// Operations and stages that end with their scope.
#include "producer/scoped.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <stdexcept>
#include <utility>

#include "tests/unit/producer/traced.h"

using namespace ringside;
using namespace ringside::test;

namespace {

// The one record that a traced server leaves which runs `body`.
Record only_record(const std::function<void()>& body) {
  TempDir dir;
  REQUIRE(serve(setup_for(dir), [&] {
            body();
            return 0;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  REQUIRE(reader.records.size() == 1);
  return reader.records[0];
}

Outcome outcome_of(const Record& record) { return static_cast<Outcome>(record.outcome); }

}  // namespace

TEST_CASE("Scoped: an operation ends with its scope as ok, or as fail() said last") {
  Record record = only_record([] {
    ScopedOperation op(chat::JOIN_ROOM);
    op->actor(ActorKind::user, 42);
  });
  CHECK(outcome_of(record) == Outcome::ok);
  CHECK(record.operation == chat::JOIN_ROOM.value);
  CHECK(record.actor == 42);
  record = only_record([] {
    ScopedOperation op(chat::JOIN_ROOM);
    op.fail(7);
    op.fail(5001, Outcome::timeout);
  });
  CHECK(outcome_of(record) == Outcome::timeout);
  CHECK(record.error == 5001);
  record = only_record([] {
    ScopedOperation op(chat::JOIN_ROOM);
    op.fail();
  });
  CHECK(outcome_of(record) == Outcome::error);
  CHECK(record.error == 0);
}

TEST_CASE("Scoped: an exception that leaves the scope is an error, unless it says nothing") {
  const auto thrown = [](bool fails, Exceptions exceptions) {
    return only_record([=] {
      try {
        ScopedOperation op(chat::JOIN_ROOM, exceptions);
        if (fails) op.fail(9, Outcome::denied);
        throw std::runtime_error("out");
      } catch (const std::runtime_error&) {}
    });
  };
  CHECK(outcome_of(thrown(false, Exceptions::are_errors)) == Outcome::error);
  CHECK(outcome_of(thrown(false, Exceptions::say_nothing)) == Outcome::ok);
  // What fail() said is more than that something was thrown.
  CHECK(outcome_of(thrown(true, Exceptions::are_errors)) == Outcome::denied);
  CHECK(thrown(true, Exceptions::are_errors).error == 9);
}

TEST_CASE("Scoped: an exception that was under way before, or that is caught inside, is none") {
  struct Cleanup {
    ~Cleanup() { const ScopedOperation op(chat::JOIN_ROOM); }
  };
  Record record = only_record([] {
    try {
      const Cleanup cleanup;
      throw std::runtime_error("out");
    } catch (const std::runtime_error&) {}
  });
  CHECK(outcome_of(record) == Outcome::ok);
  record = only_record([] {
    const ScopedOperation op(chat::JOIN_ROOM);
    try {
      throw std::runtime_error("inside");
    } catch (const std::runtime_error&) {}
  });
  CHECK(outcome_of(record) == Outcome::ok);
}

TEST_CASE("Scoped: an operation that was ended, moved or abandoned inside is ended no more") {
  CHECK(outcome_of(only_record([] {
          ScopedOperation op(chat::JOIN_ROOM);
          op->finish(Outcome::limited, 3);
        })) == Outcome::limited);
  CHECK(outcome_of(only_record([] {
          ScopedOperation op(chat::JOIN_ROOM, now());
          Operation taken = std::move(*op);
          taken.finish(Outcome::denied);
        })) == Outcome::denied);
  CHECK(only_record([] {
          ScopedOperation forgotten(chat::JOIN_ROOM);
          forgotten->abandon();
          const ScopedOperation op(chat::LEAVE_ROOM);
        }).operation == chat::LEAVE_ROOM.value);
}

TEST_CASE("Scoped: a stage guard charges its scope alone, and what ran before it to no stage") {
  const Record record = only_record([] {
    ScopedOperation op(chat::SEND_MESSAGE);
    // Real clocks: what is compared are sums of what the record itself says.
    for (int i = 0; i < 2; ++i) {
      const Stamp before = now();
      while (now().ticks - before.ticks < 100'000) {}
      const StageGuard database(*op, chat::kDatabase);
      const Stamp inside = now();
      while (now().ticks - inside.ticks < 300'000) {}
    }
  });
  const std::uint64_t staged = unpack_stage_ticks(record.stage(chat::kDatabase));
  CHECK((record.flags & kFlagStages) != 0);
  CHECK(staged >= 600'000 - 600'000 / 65'536);
  CHECK(static_cast<std::uint64_t>(record.duration) >= staged + 200'000);
  for (unsigned i = 0; i < kStageCount; ++i) {
    if (i != chat::kDatabase) CHECK(record.stage(i) == 0);
  }
}

TEST_CASE("Scoped: skip() leaves what ran since the last mark to no stage") {
  const Record record = only_record([] {
    std::uint64_t t = now().ticks;
    Operation op(chat::SEND_MESSAGE, Stamp{t});
    op.skip_at(Stamp{t += 1000});
    op.stage_at(0, Stamp{t += 10});
    op.skip_at(Stamp{t - 500});  // before the last mark: nothing moves
    op.stage_at(1, Stamp{t += 20});
    op.finish_at(Stamp{t}, Outcome::ok);
  });
  CHECK(record.stage(0) == 10);
  CHECK(record.stage(1) == 20);
  CHECK(record.duration == 1030);
}
