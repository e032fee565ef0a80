#include <doctest/doctest.h>
#include <signal.h>

#include <iterator>

#include "shm/names.h"
#include "tests/unit/producer/traced.h"

using namespace ringside;
using namespace ringside::test;

TEST_CASE("Producer: an operation is recorded with all that was said of it") {
  TempDir dir;
  REQUIRE(serve(setup_for(dir), [] {
            Operation op(chat::SEND_MESSAGE);
            op.actor(ActorKind::user, 42);
            op.subject(SubjectKind::room, 7);
            op.stage(chat::kValidation);
            op.stage(chat::kDatabase);
            op.stage(chat::kDatabase);
            op.finish_stage(chat::kDelivery, Outcome::error, 5001);
            return 0;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  REQUIRE(reader.records.size() == 1);
  const Record& record = reader.records[0];
  CHECK(record.operation == chat::SEND_MESSAGE.value);
  CHECK(record.kind == static_cast<std::uint8_t>(Kind::operation));
  CHECK(record.outcome == static_cast<std::uint8_t>(Outcome::error));
  CHECK(record.error == 5001);
  CHECK(record.actor == 42);
  CHECK(record.subject == 7);
  CHECK((record.flags & kFlagActorMask) == static_cast<unsigned>(ActorKind::user));
  CHECK(((record.flags & kFlagSubjectMask) >> kFlagSubjectShift) ==
        static_cast<unsigned>(SubjectKind::room));
  CHECK((record.flags & kFlagStages) != 0);
  CHECK(record.duration > 0);
  std::uint64_t stages = 0;
  for (unsigned i = 0; i < kStageCount; ++i) stages += unpack_stage_ticks(record.stage(i));
  // n stages and the whole share n + 1 clock reads, so the sums agree.
  CHECK(stages == static_cast<std::uint64_t>(record.duration));
  CHECK(record.stage(chat::kSecurity) == 0);
  CHECK(reader.segment->header().state.load() == kSegmentClosed);
}

TEST_CASE("Producer: one operation starts where the last one ended") {
  TempDir dir;
  REQUIRE(serve(setup_for(dir), [] {
            Operation first(chat::JOIN_ROOM);
            const Stamp end = first.finish(Outcome::ok);
            Operation second(chat::LEAVE_ROOM, end);
            second.finish(Outcome::ok);
            return 0;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  REQUIRE(reader.records.size() == 2);
  CHECK(reader.records[1].start == reader.records[0].end());
}

TEST_CASE(
    "Producer: an operation that is destroyed unfinished is cancelled, an abandoned one leaves no "
    "trace") {
  TempDir dir;
  REQUIRE(serve(setup_for(dir), [] {
            { Operation op(chat::CREATE_ROOM); }
            Operation gone(chat::JOIN_ROOM);
            gone.abandon();
            Operation moved(chat::LIST_ROOMS);
            Operation target(std::move(moved));
            target.finish(Outcome::ok);
            return 0;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  REQUIRE(reader.records.size() == 2);
  CHECK(reader.records[0].outcome == static_cast<std::uint8_t>(Outcome::cancelled));
  CHECK(reader.records[1].operation == chat::LIST_ROOMS.value);
  CHECK(reader.total(chat::JOIN_ROOM.value, &Totals::recorded) == 0);
}

TEST_CASE("Producer: events carry value, duration and the operation during which they happened") {
  TempDir dir;
  REQUIRE(serve(setup_for(dir), [] {
            Event retry;
            retry.operation = chat::SEND_MESSAGE;
            retry.value = -3;
            retry.duration = 500;
            retry.error = 5001;
            event(chat::RETRY, retry);
            event_since(chat::DB_TRANSACTION, now());
            for (int i = 0; i < 5; ++i) count(chat::RATE_LIMIT);
            return 0;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  REQUIRE(reader.records.size() == 2);
  CHECK(reader.records[0].event.value == -3);
  CHECK(reader.records[0].event.context == chat::SEND_MESSAGE.value + 1);
  CHECK(reader.records[0].duration == 500);
  CHECK(reader.records[1].duration > 0);
  CHECK(reader.records[1].event.context == 0);
  CHECK(reader.total(chat::RATE_LIMIT.value, &Totals::skipped) == 5);
  CHECK(reader.total(chat::RATE_LIMIT.value, &Totals::recorded) == 0);
}

TEST_CASE(
    "Producer: names of the chat server, of own operations, gauges and errors travel in the ring") {
  TempDir dir;
  REQUIRE(serve(setup_for(dir), [] {
            const OperationId own =
                register_operation("PIN_MESSAGE", "message", {"check", "store"});
            if (own.value != chat::kOperationCount) return 1;
            if (register_operation("PIN_MESSAGE", "message").value != own.value) return 2;
            if (register_operation("SEND_MESSAGE", "message").value != chat::SEND_MESSAGE.value)
              return 3;
            Operation(own).finish(Outcome::ok);
            register_error(5001, "DATABASE_BUSY");
            Gauge64 gauge = register_gauge("connections");
            gauge.set(5);
            gauge.add(-2);
            return 0;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  NameEntry name;
  REQUIRE(read_name(*reader.segment, chat::kOperationCount, &name));
  CHECK(name.name == "PIN_MESSAGE");
  CHECK(name.category == "message");
  CHECK(name.stages[1] == "store");
  REQUIRE(read_name(*reader.segment, chat::THREADED_REPLIES.value, &name));
  CHECK(name.name == "THREADED_REPLIES");
  CHECK(name.stages[3] == "database");
  REQUIRE(read_name(*reader.segment, chat::BAD_LINE.value, &name));
  CHECK(name.name == "BAD_LINE");
  CHECK(gauge_of(*reader.segment, 0) == 3);
}

TEST_CASE("Producer: 256 operations fit, the 257th does nothing and is counted as refused") {
  TempDir dir;
  Setup setup = setup_for(dir);
  setup.chat_names = false;
  REQUIRE(serve(setup, [] {
            for (int i = 0; i < 256; ++i) {
              const OperationId id = register_operation("OP" + std::to_string(i), "own");
              if (id.value == kInvalidId) return 1;
              Operation(id).finish(Outcome::ok);
            }
            const OperationId beyond = register_operation("ONE_TOO_MANY", "own");
            if (beyond.value != kInvalidId) return 2;
            Operation(beyond).finish(Outcome::ok);
            return 0;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  CHECK(reader.records.size() == 256);
  CHECK(reader.segment->header().names_refused.load() == 1);
}

TEST_CASE(
    "Producer: switched off nothing is written, sampled, the timing is thinned and the totals are "
    "not") {
  TempDir dir;
  REQUIRE(serve(setup_for(dir), [&] {
            const auto control = writable(dir.file("ring"));
            if (control == nullptr) return 1;
            auto& effective = control->control().effective;
            effective[chat::SEND_MESSAGE.value].store(0);
            for (int i = 0; i < 1000; ++i) Operation(chat::SEND_MESSAGE).finish(Outcome::ok);
            effective[chat::JOIN_ROOM.value].store(10);
            for (int i = 0; i < 10000; ++i)
              Operation(chat::JOIN_ROOM).finish(i % 100 == 0 ? Outcome::error : Outcome::ok);
            return 0;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  CHECK(reader.total(chat::SEND_MESSAGE.value, &Totals::recorded) == 0);
  const std::uint64_t recorded = reader.total(chat::JOIN_ROOM.value, &Totals::recorded);
  CHECK(recorded + reader.total(chat::JOIN_ROOM.value, &Totals::skipped) == 10000);
  CHECK(reader.total(chat::JOIN_ROOM.value, &Totals::errors) == 100);   // sampling hides no error
  CHECK(recorded > 800);
  CHECK(recorded < 1500);
}

TEST_CASE("Producer: an operation that starts where an untimed one ended starts now") {
  TempDir dir;
  REQUIRE(serve(setup_for(dir), [&] {
            const auto control = writable(dir.file("ring"));
            if (control == nullptr) return 1;
            control->control().effective[chat::JOIN_ROOM.value].store(0);
            Operation off(chat::JOIN_ROOM);
            Operation next(chat::LEAVE_ROOM, off.finish(Outcome::ok));
            next.finish(Outcome::ok);
            event_since(chat::DB_TRANSACTION, Stamp{});
            Operation ended(chat::LEAVE_ROOM);
            ended.finish_at(Stamp{}, Outcome::ok);
            return ended.id().value == chat::LEAVE_ROOM.value ? 0 : 2;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  REQUIRE(reader.records.size() == 3);
  CHECK(reader.records[0].duration < 1'000'000'000);
  CHECK(reader.records[1].duration == 0);
  // The stamp of an untimed end is no time: this operation ends now.
  CHECK(reader.records[2].duration >= 0);
  CHECK(reader.records[2].duration < 1'000'000'000);
}

TEST_CASE("Producer: without a ring the server runs on untraced and can ask why") {
  TempDir dir;
  const auto check = [](const Setup& setup, const std::string& expected) {
    return run([&] {
      unsetenv("RINGSIDE_RING");
      if (start(setup)) return 1;
      if (traced()) return 2;
      if (why_untraced().find(expected) == std::string::npos) return 3;
      Operation op(chat::SEND_MESSAGE);
      op.stage(0);
      op.actor(ActorKind::user, 1);
      op.finish(Outcome::ok);
      event(chat::RETRY);
      count(chat::RATE_LIMIT);
      register_gauge("connections").set(1);
      return why_untraced().empty() ? 4 : 0;
    });
  };
  CHECK(check({}, "RINGSIDE_RING is not set").exited(0));
  Setup setup;
  setup.ring = "bad name";
  CHECK(check(setup, "expected 1 to 64 letters").exited(0));
  setup.ring = dir.file("missing/ring");
  CHECK(check(setup, "can't create a ring there").exited(0));
  setup.ring = dir.file("ring");
  setup.lane_capacity = 1000;
  CHECK(check(setup, "powers of two").exited(0));
  CHECK(run([&] {
          setenv("RINGSIDE_RING", dir.file("ring").c_str(), 1);
          setenv("RINGSIDE_CAPACITY", "many", 1);
          return !start({}) && why_untraced().find("RINGSIDE_CAPACITY=many") != std::string::npos
                     ? 0
                     : 1;
        }).exited(0));
}

TEST_CASE(
    "Producer: a server that leaves in order removes its ring, a killed one leaves it to be read") {
  TempDir dir;
  Setup setup = setup_for(dir);
  setup.keep = false;
  REQUIRE(serve(setup, [] {
            Operation(chat::SEND_MESSAGE).finish(Outcome::ok);
            return 0;
          }).exited(0));
  CHECK(access(dir.file("ring").c_str(), F_OK) != 0);
  REQUIRE(serve(setup, [] {
            for (int i = 0; i < 100; ++i) Operation(chat::SEND_MESSAGE).finish(Outcome::ok);
            raise(SIGKILL);
            return 0;
          }).killed_by(SIGKILL));
  const Reader reader(dir.file("ring"));
  CHECK(reader.records.size() == 100);
  CHECK(segment_liveness(*reader.segment, reader.facts) == Liveness::dead);
}

TEST_CASE("Producer: the numbers of the chat server's words never change") {
  // The numbers travel in rings and histories. New words come after these.
  const char* const kOperations[] = {
      "CREATE_ROOM",       "JOIN_ROOM",         "LEAVE_ROOM",         "LIST_ROOMS",
      "SEND_MESSAGE",      "DIRECT_MESSAGE",    "EDIT_MESSAGE",       "DELETE_MESSAGE",
      "INVITE_USER",       "ACCEPT_INVITATION", "DECLINE_INVITATION", "LIST_INVITATIONS",
      "REQUEST_USER_LIST", "AUTHENTICATION",    "REGISTRATION",       "MESSAGE_REACTIONS",
      "MESSAGE_SEARCH",    "MESSAGE_HISTORY",   "THREADED_REPLIES"};
  const char* const kEvents[] = {
      "RETRY",          "BREAKER",         "RECOVERY",       "VALIDATION_REJECT", "RATE_LIMIT",
      "DB_TRANSACTION", "SLOW_QUERY",      "LOGIN_FAILED",   "TOKEN_REJECTED",    "THREAT_PATTERN",
      "IP_BLOCK",       "BLOCKED_ATTEMPT", "USER_SUSPENDED", "AUDIT_WRITE",       "BAD_LINE"};
  TempDir dir;
  REQUIRE(serve(setup_for(dir), [] { return 0; }).exited(0));
  const Reader reader(dir.file("ring"));
  NameEntry name;
  for (std::uint16_t i = 0; i < std::size(kOperations); ++i) {
    REQUIRE(read_name(*reader.segment, i, &name));
    CHECK(name.name == kOperations[i]);
    CHECK(name.stages == std::array<std::string, kStageCount>{"queue", "validation", "security",
                                                              "database", "delivery", ""});
  }
  for (std::uint16_t i = 0; i < std::size(kEvents); ++i) {
    REQUIRE(read_name(*reader.segment, static_cast<std::uint16_t>(kFirstEvent + i), &name));
    CHECK(name.name == kEvents[i]);
  }
  CHECK(chat::SEND_MESSAGE.value == 4);
  CHECK(chat::RETRY.value == 256);
  CHECK(chat::kQueue == 0);
  CHECK(chat::kDelivery == 4);
  CHECK(chat::error::DATABASE_BUSY == 5001);
}
