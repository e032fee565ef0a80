// What a record says, field by field: operations that were not timed, and those of the C interface.
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "producer/ringside.h"
#include "shm/names.h"
#include "tests/unit/producer/traced.h"

using namespace ringside;
using namespace ringside::test;

TEST_CASE("Untimed: an operation that sampling left out is counted, and recorded if it failed") {
  TempDir dir;
  REQUIRE(serve(setup_for(dir), [&] {
            const auto ring = writable(dir.file("ring"));
            // One in four billion: practically none is drawn.
            ring->control().effective[chat::JOIN_ROOM.value].store(0xffffffff);
            Operation good(chat::JOIN_ROOM);
            if (good.finish(Outcome::ok).ticks != 0) return 1;
            Operation bad(chat::JOIN_ROOM);
            bad.actor(ActorKind::session, 5);
            bad.subject(SubjectKind::message, 6);
            bad.stage(1);
            return bad.finish(Outcome::timeout, 77).ticks != 0 ? 0 : 2;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  CHECK(reader.total(chat::JOIN_ROOM.value, &Totals::skipped) == 1);
  CHECK(reader.total(chat::JOIN_ROOM.value, &Totals::errors) == 1);
  REQUIRE(reader.records.size() == 1);
  const Record& record = reader.records[0];
  CHECK(record.operation == chat::JOIN_ROOM.value);
  CHECK(record.start > 0);
  CHECK(record.duration == 0);
  CHECK(record.flags == (2 | 2 << 2 | kFlagUntimed));
  CHECK(record.error == 77);
  CHECK(record.actor == 5);
  CHECK(record.subject == 6);
  for (unsigned i = 0; i < kStageCount; ++i) CHECK(record.stage(i) == 0);
}

TEST_CASE("Untimed: of many operations a switch of n times one in n") {
  TempDir dir;
  REQUIRE(serve(setup_for(dir), [&] {
            const auto ring = writable(dir.file("ring"));
            ring->control().effective[chat::JOIN_ROOM.value].store(2);
            ring->control().effective[chat::LEAVE_ROOM.value].store(50);
            for (int i = 0; i < 20'000; ++i) Operation(chat::JOIN_ROOM).finish(Outcome::ok);
            for (int i = 0; i < 50'000; ++i) Operation(chat::LEAVE_ROOM).finish(Outcome::ok);
            return 0;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  // Within 7 standard deviations.
  CHECK(reader.total(chat::JOIN_ROOM.value, &Totals::recorded) > 9'500);
  CHECK(reader.total(chat::JOIN_ROOM.value, &Totals::recorded) < 10'500);
  CHECK(reader.total(chat::LEAVE_ROOM.value, &Totals::recorded) > 780);
  CHECK(reader.total(chat::LEAVE_ROOM.value, &Totals::recorded) < 1'220);
}

TEST_CASE("ProducerC: a start says 1, gives the program its name, and a stop ends it") {
  TempDir dir;
  const std::string path = dir.file("ring");
  CHECK(run([&] {
          unsetenv("RINGSIDE_RING");
          if (ringside_traced() != 0) return 1;
          if (ringside_start(nullptr) != 0) return 2;
          const std::string why =
              "RINGSIDE_RING is not set\n  next: set it to a ring name, e.g. RINGSIDE_RING=chat";
          char buffer[200];
          for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, std::size_t{10},
                                          why.size(), why.size() + 1, sizeof buffer}) {
            std::memset(buffer, '#', sizeof buffer);
            if (ringside_why_untraced(buffer, bytes) != why.size()) return 3;
            const std::size_t shown = bytes == 0 ? 0 : std::min(bytes - 1, why.size());
            if (std::memcmp(buffer, why.data(), shown) != 0) return 4;
            if (bytes > 0 && buffer[shown] != '\0') return 5;
            const std::size_t untouched = bytes == 0 ? 0 : shown + 1;
            for (std::size_t i = untouched; i < sizeof buffer; ++i) {
              if (buffer[i] != '#') return 6;
            }
          }
          // A gauge that was asked for too early is there later on, under the same handle.
          ringside_gauge* gauge = ringside_register_gauge("rooms");
          ringside_gauge_set(gauge, 1);
          setenv("RINGSIDE_RING", path.c_str(), 1);
          if (ringside_start("c-server") != 1 || ringside_traced() != 1) return 7;
          if (ringside_register_gauge("rooms") != gauge) return 8;
          ringside_gauge_set(gauge, 40);
          ringside_gauge_add(gauge, 2);
          ringside_gauge_set(nullptr, 1);
          ringside_gauge_add(nullptr, 1);
          if (ringside_why_untraced(buffer, sizeof buffer) != 0 || buffer[0] != '\0') return 9;
          const auto ring = writable(path);
          if (std::string(ring->header().program) != "c-server") return 10;
          if (gauge_of(*ring, 0) != 42) return 11;
          ringside_stop();
          return ringside_traced() == 0 && access(path.c_str(), F_OK) != 0 ? 0 : 12;
        }).exited(0));
}

TEST_CASE("ProducerC: every field of an operation and of an event arrives") {
  TempDir dir;
  REQUIRE(serve(setup_for(dir), [] {
            ringside_declaration declared{};
            declared.name = "OWN";
            declared.category = "mine";
            declared.stages[0] = "a";
            declared.stages[2] = "c";
            const std::uint16_t own = ringside_register_operation(&declared);
            ringside_register_error(5, "BUSY");
            ringside_operation op;
            const std::uint64_t begun = ringside_now();
            const ringside_actor_kind actors[] = {RINGSIDE_ACTOR_NONE, RINGSIDE_ACTOR_USER,
                                                  RINGSIDE_ACTOR_SESSION, RINGSIDE_ACTOR_ADDRESS};
            const ringside_subject_kind subjects[] = {
                RINGSIDE_SUBJECT_NONE, RINGSIDE_SUBJECT_ROOM, RINGSIDE_SUBJECT_MESSAGE,
                RINGSIDE_SUBJECT_USER, RINGSIDE_SUBJECT_ADDRESS};
            for (unsigned i = 0; i < 5; ++i) {
              ringside_begin_at(&op, own, begun);
              ringside_actor(&op, actors[i % 4], 100 + i);
              ringside_subject(&op, subjects[i], 200 + i);
              ringside_stage(&op, 1);
              ringside_finish(&op, RINGSIDE_LIMITED, 5);
              ringside_event_fields fields;
              std::memset(&fields, 0, sizeof fields);
              fields.outcome = RINGSIDE_DENIED;
              fields.error = 6;
              fields.during = ringside_during(own);
              fields.value = -7;
              fields.duration = 8;
              fields.actor_kind = actors[i % 4];
              fields.actor = 300 + i;
              fields.subject_kind = subjects[i];
              fields.subject = 400 + i;
              ringside_event(RINGSIDE_EVENT_RETRY, &fields);
            }
            // An outcome that is none counts as an error.
            ringside_begin(&op, own);
            ringside_finish(&op, static_cast<ringside_outcome>(7), 0);
            ringside_begin(&op, own);
            ringside_finish(&op, RINGSIDE_CANCELLED, 0);
            return 0;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  REQUIRE(reader.records.size() == 12);
  for (unsigned i = 0; i < 5; ++i) {
    CAPTURE(i);
    const Record& operation = reader.records[2 * i];
    CHECK(operation.start == reader.records[0].start);
    CHECK(operation.start > reader.segment->header().anchor_ticks);
    CHECK(operation.flags == (i % 4 | i << 2 | kFlagStages));
    CHECK(operation.actor == 100 + i);
    CHECK(operation.subject == 200 + i);
    CHECK(operation.stage(0) == 0);
    CHECK(operation.stage(1) > 0);
    CHECK(operation.outcome == static_cast<std::uint8_t>(Outcome::limited));
    CHECK(operation.error == 5);
    const Record& event = reader.records[2 * i + 1];
    CHECK(event.operation == 256);
    CHECK(event.outcome == static_cast<std::uint8_t>(Outcome::denied));
    CHECK(event.error == 6);
    CHECK(event.event.context == 19 + 1);
    CHECK(event.event.value == -7);
    CHECK(event.duration == 8);
    CHECK(event.flags == (i % 4 | i << 2));
    CHECK(event.actor == 300 + i);
    CHECK(event.subject == 400 + i);
  }
  CHECK(reader.records[10].outcome == static_cast<std::uint8_t>(Outcome::error));
  CHECK(reader.records[11].outcome == static_cast<std::uint8_t>(Outcome::cancelled));
  NameEntry name;
  REQUIRE(read_name(*reader.segment, 19, &name));
  CHECK(name.stages == std::array<std::string, kStageCount>{"a", "", "c", ""});
  std::uint16_t code = 0;
  std::string text;
  REQUIRE(read_error_name(*reader.segment, 0, &code, &text));
  CHECK(text == "BUSY");
}
