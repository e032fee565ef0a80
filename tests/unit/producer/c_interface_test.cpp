#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <string>

#include "producer/ringside.h"
#include "shm/labels.h"
#include "shm/names.h"
#include "tests/unit/producer/traced.h"

using namespace ringside;
using namespace ringside::test;

TEST_CASE("ProducerC: the C interface records what the C++ one does") {
  TempDir dir;
  Setup setup = setup_for(dir);
  REQUIRE(serve(setup, [] {
            if (ringside_start("again") != 1 || ringside_traced() != 1) return 1;
            ringside_operation op;
            ringside_begin(&op, RINGSIDE_SEND_MESSAGE);
            ringside_actor(&op, RINGSIDE_ACTOR_USER, 9);
            ringside_subject(&op, RINGSIDE_SUBJECT_ROOM, 8);
            ringside_stage(&op, 0);
            const std::uint64_t end = ringside_finish_stage(&op, 2, RINGSIDE_REJECTED, 1001);
            ringside_begin_at(&op, RINGSIDE_JOIN_ROOM, end);
            ringside_finish(&op, RINGSIDE_OK, 0);
            ringside_begin(&op, RINGSIDE_LEAVE_ROOM);
            ringside_abandon(&op);
            ringside_event_fields fields{};
            fields.value = 4;
            const std::uint16_t own = ringside_register_event("OWN_EVENT");
            ringside_event(own, &fields);
            ringside_event(own, nullptr);
            ringside_count(own);
            ringside_gauge* gauge = ringside_register_gauge("rooms");
            ringside_gauge_set(gauge, 3);
            ringside_gauge_add(gauge, 4);
            ringside_gauge_set(nullptr, 1);
            if (ringside_register_gauge("rooms") != gauge) return 2;
            return 0;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  REQUIRE(reader.records.size() == 4);
  CHECK(reader.records[0].actor == 9);
  CHECK(reader.records[0].error == 1001);
  CHECK(reader.records[1].start == reader.records[0].end());
  CHECK(reader.records[2].event.value == 4);
  CHECK(reader.records[2].event.context == 0);
  CHECK(gauge_of(*reader.segment, 0) == 7);
}

TEST_CASE("ProducerC: labels, threads that attach, and time that is in no stage") {
  TempDir dir;
  REQUIRE(serve(setup_for(dir), [&] {
            if (ringside_attach_thread() != 1) return 1;
            const auto ring = writable(dir.file("ring"));
            ringside_label(RINGSIDE_LABEL_ROOM, 7, "#ops");
            ringside_label(RINGSIDE_LABEL_USER, 42, "alice");
            ringside_label(RINGSIDE_LABEL_USER, 42, nullptr);
            ringside_label(static_cast<ringside_label_kind>(7), 43, "of no kind");
            std::uint64_t t = ringside_now();
            ringside_operation op;
            ringside_begin_at(&op, RINGSIDE_SEND_MESSAGE, t);
            if (in_flight_of(ring->lane_header(0)).start != t) return 2;
            ringside_skip_at(&op, t += 50);
            ringside_stage_at(&op, 1, t += 7);
            ringside_skip(&op);
            ringside_finish(&op, RINGSIDE_OK, 0);
            return in_flight_of(ring->lane_header(0)).any ? 3 : 0;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  CHECK(read_label(*reader.segment, LabelKind::room, 7) == "#ops");
  CHECK(read_label(*reader.segment, LabelKind::user, 42) == "");
  CHECK(all_labels(*reader.segment).size() == 1);
  REQUIRE(reader.records.size() == 1);
  CHECK(reader.records[0].stage(1) == 7);
}

TEST_CASE("ProducerC: a declaration of any header's size says what it has, and zeros say nothing") {
  TempDir dir;
  REQUIRE(serve(setup_for(dir), [] {
            ringside_declaration whole{};
            whole.name = "WHOLE";
            whole.stages[5] = "last";
            whole.threshold_ns = 7'000'000;
            whole.waits_for_client = 1;
            if (ringside_register_operation(&whole) != 19) return 1;
            // An older header had fewer fields.
            ringside_declaration older = whole;
            older.name = "OLDER";
            older.size = offsetof(ringside_declaration, threshold_ns);
            if (ringside_register_operation(&older) != 20) return 2;
            // A newer one has more.
            struct {
              ringside_declaration known;
              std::uint64_t unknown;
            } newer{whole, ~std::uint64_t{0}};
            newer.known.name = "NEWER";
            newer.known.size = sizeof newer;
            if (ringside_register_operation(&newer.known) != 21) return 3;
            const ringside_declaration nothing{};
            if (ringside_register_operation(&nothing) != kInvalidId) return 4;
            return ringside_register_operation(nullptr) == kInvalidId ? 0 : 5;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  constexpr std::uint16_t kIds[] = {19, 20, 21};
  for (const std::uint16_t id : kIds) {
    CAPTURE(id);
    NameEntry name;
    REQUIRE(read_name(*reader.segment, id, &name));
    CHECK(name.stages[5] == "last");
    CHECK(name.threshold_ns == (id == 20 ? 0 : 7'000'000));
    CHECK(name.waits_for_client == (id != 20));
  }
}

TEST_CASE("ProducerC: a ring has what its setup says, whatever its header's size") {
  TempDir dir;
  const std::string path = dir.file("ring");
  ringside_setup setup{};
  setup.size = sizeof setup;
  setup.program = "c";
  setup.ring = path.c_str();
  setup.group = "0";
  setup.lanes = 3;
  setup.lane_capacity = 128;
  setup.overflow_capacity = 64;
  setup.mode = 0604;
  setup.share = setup.keep = setup.slow_clock = 1;
  setup.no_chat_names = setup.no_labels = 1;
  setup.build_id = "1.2.3";
  setup.configuration_digest = "c0ffee";
  const auto made = [&](const ringside_setup& with) {
    unlink(path.c_str());
    return run([&] {
             unsetenv("RINGSIDE_RING");
             const bool traced = ringside_start_with(&with) == 1 && ringside_traced() == 1;
             ringside_label(RINGSIDE_LABEL_USER, 42, "alice");
             return traced ? 0 : 1;
           }).exited(0);
  };
  const auto mode = [&] {
    struct stat info {};
    return stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
  };
  NameEntry name;
  REQUIRE(made(setup));
  {
    const Reader reader(path);
    CHECK(reader.facts.program == "c");
    CHECK(reader.facts.build_id == "1.2.3");
    CHECK(reader.facts.configuration_digest == "c0ffee");
    CHECK(reader.facts.geometry.lane_count == 3);
    CHECK(reader.facts.geometry.lane_capacity == 128);
    CHECK(reader.facts.geometry.overflow_capacity == 64);
    CHECK_FALSE(read_name(*reader.segment, 0, &name));
    CHECK(mode() == 0644);
    CHECK(all_labels(*reader.segment).empty());
  }
  // A newer header has more fields.
  struct {
    ringside_setup known;
    std::uint64_t unknown;
  } newer{setup, ~std::uint64_t{0}};
  newer.known.size = sizeof newer;
  REQUIRE(made(newer.known));
  CHECK(Reader(path).facts.geometry.lane_count == 3);
  // An older one has fewer: what it lacks has its default. Without `keep` the ring would be gone.
  ringside_setup older = setup;
  older.size = offsetof(ringside_setup, slow_clock);
  REQUIRE(made(older));
  CHECK(read_name(*Reader(path).segment, 0, &name));
  CHECK(Reader(path).facts.build_id.empty());
  CHECK(mode() == 0644);
}

TEST_CASE("ProducerC: structures of zeros stand for nothing") {
  TempDir dir;
  const std::string path = dir.file("ring");
  CHECK(run([&] {
          setenv("RINGSIDE_RING", path.c_str(), 1);
          ringside_operation nothing{};
          ringside_finish(&nothing, RINGSIDE_OK, 0);   // before start(), too
          const ringside_setup setup{};
          if (ringside_start_with(&setup) != 1) return 1;
          const Reader reader(path);
          if (reader.facts.geometry.lane_count != kDefaultLanes) return 2;
          if (reader.facts.geometry.lane_capacity != kDefaultCapacity) return 3;
          if (reader.facts.geometry.overflow_capacity != kDefaultCapacity) return 4;
          struct stat info {};
          if (stat(path.c_str(), &info) != 0 || (info.st_mode & 07777) != 0600) return 5;
          NameEntry name;
          if (!read_name(*reader.segment, 0, &name)) return 6;
          ringside_stage(&nothing, 1);
          ringside_finish_stage(&nothing, 1, RINGSIDE_ERROR, 1);
          ringside_finish_at(&nothing, 1, RINGSIDE_ERROR, 1);
          ringside_operation moved;
          ringside_move(&moved, &nothing);
          ringside_finish(&moved, RINGSIDE_ERROR, 0);
          ringside_abandon(&nothing);
          const ringside_event_fields fields{};
          ringside_event(RINGSIDE_EVENT_RETRY, &fields);
          ringside_event_since(RINGSIDE_EVENT_RETRY, 0, nullptr);
          Reader after(path);
          if (after.records.size() != 2 || !mistakes().empty()) return 7;
          for (const Record& record : after.records) {
            if (record.event.context != 0 || record.error != 0 || record.duration != 0 ||
                record.actor != 0 || record.subject != 0 || record.flags != 0)
              return 8;
          }
          return 0;
        }).exited(0));
}

TEST_CASE("ProducerC: an operation ends at a moment, is moved, forgotten, and asked for its id") {
  TempDir dir;
  REQUIRE(serve(setup_for(dir), [] {
            const std::uint64_t begin = ringside_now();
            ringside_operation op;
            ringside_begin_at(&op, RINGSIDE_SEND_MESSAGE, begin);
            ringside_stage_at(&op, RINGSIDE_STAGE_QUEUE, begin + 100);
            ringside_operation elsewhere;
            ringside_move(&elsewhere, &op);
            ringside_finish(&op, RINGSIDE_ERROR, 1);   // was moved from
            if (ringside_operation_id(&elsewhere) != RINGSIDE_SEND_MESSAGE) return 1;
            if (ringside_finish_at(&elsewhere, begin + 300, RINGSIDE_TIMEOUT,
                                   RINGSIDE_ERROR_DATABASE_BUSY) != begin + 300)
              return 2;
            ringside_begin(&op, RINGSIDE_JOIN_ROOM);
            ringside_abandon(&op);
            ringside_finish(&op, RINGSIDE_OK, 0);
            return 0;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  REQUIRE(reader.records.size() == 1);
  CHECK(reader.records[0].operation == RINGSIDE_SEND_MESSAGE);
  CHECK(reader.records[0].duration == 300);
  CHECK(reader.records[0].error == 5001);
  CHECK(reader.records[0].outcome == RINGSIDE_TIMEOUT);
  CHECK(reader.records[0].stage(RINGSIDE_STAGE_QUEUE) == 100);
}

TEST_CASE("ProducerC: an event says during which operation it happened, and since when") {
  TempDir dir;
  REQUIRE(serve(setup_for(dir), [] {
            ringside_event_fields fields{};
            fields.size = sizeof fields;
            fields.outcome = RINGSIDE_TIMEOUT;
            fields.error = 7;
            fields.during = ringside_during(RINGSIDE_CREATE_ROOM);   // the operation of id 0
            fields.value = -3;
            fields.actor_kind = RINGSIDE_ACTOR_ADDRESS;
            fields.subject_kind = RINGSIDE_SUBJECT_ADDRESS;
            fields.actor = 8;
            fields.subject = 9;
            fields.duration = 1000;
            ringside_event(RINGSIDE_EVENT_RETRY, &fields);
            ringside_event_since(RINGSIDE_EVENT_RETRY, ringside_now() - 5'000'000, &fields);
            // An older header ends before `subject`.
            fields.size = offsetof(ringside_event_fields, subject);
            ringside_event(RINGSIDE_EVENT_RETRY, &fields);
            return 0;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  REQUIRE(reader.records.size() == 3);
  for (const Record& record : reader.records) {
    CHECK(record.event.context == 1);
    CHECK(record.event.value == -3);
    CHECK(record.outcome == RINGSIDE_TIMEOUT);
    CHECK(record.error == 7);
    CHECK(record.actor == 8);
    CHECK(record.flags == (3 | 4 << kFlagSubjectShift));
  }
  CHECK(reader.records[0].duration == 1000);
  CHECK(reader.records[1].duration >= 5'000'000);
  CHECK(reader.records[0].subject == 9);
  CHECK(reader.records[2].subject == 0);
}

TEST_CASE("ProducerC: remarks and mistakes are those of C++") {
  TempDir dir;
  CHECK(serve(setup_for(dir), [] {
          char text[1000];
          // A temporary directory on a disk is worth a remark.
          if (ringside_remarks(text, sizeof text) != remarks().size() || text != remarks())
            return 1;
          ringside_operation op;
          ringside_begin(&op, RINGSIDE_EVENT_RETRY);
          if (ringside_mistakes(text, sizeof text) != mistakes().size() || text != mistakes())
            return 2;
          return mistakes().empty() ? 3 : 0;
        }).exited(0));
}

TEST_CASE("ProducerC: a program with other headers than the library is told so and not traced") {
  TempDir dir;
  const std::string next =
      "\n  next: compile it again with the headers of the library that it is linked with";
  CHECK(run([&] {
          setenv("RINGSIDE_RING", dir.file("ring").c_str(), 1);
          const std::string theirs =
              "this program was compiled with the headers of ringside 9.8.7, the library is "
              "ringside " RINGSIDE_VERSION_STRING +
              next;
          if (ringside_start_checked(nullptr, RINGSIDE_C_ABI + 1, "9.8.7") != 0) return 1;
          if (why_untraced() != theirs || traced()) return 2;
          // Of the same version by name.
          if (detail::start({}, detail::abi_word() + 1, RINGSIDE_VERSION_STRING)) return 3;
          if (why_untraced() !=
              "this program was compiled with other headers of ringside " RINGSIDE_VERSION_STRING
              " than the library, which can't be told apart by their version" +
                  next)
            return 4;
          if (ringside_start_checked(nullptr, 0, nullptr) != 0) return 5;
          if (why_untraced().find("ringside unknown, the library") == std::string::npos) return 6;
          if (access(dir.file("ring").c_str(), F_OK) == 0) return 7;
          // Nothing is lost: the right headers are traced.
          return start({}) ? 0 : 8;
        }).exited(0));
}

TEST_CASE("ProducerC: why it is untraced is told, cut to the buffer") {
  CHECK(run([] {
          unsetenv("RINGSIDE_RING");
          if (ringside_start("x") != 0) return 1;
          char small[10];
          const std::size_t length = ringside_why_untraced(small, sizeof small);
          return length > sizeof small && std::strlen(small) == 9 ? 0 : 2;
        }).exited(0));
}

TEST_CASE("ProducerC: the words have the numbers of the C++ constants") {
  // The library compares operations and events one by one when it is compiled.
  CHECK(int{RINGSIDE_EVENT_RETRY} == 256);
  CHECK(int{RINGSIDE_STAGE_QUEUE} == 0);
  CHECK(int{RINGSIDE_STAGE_DATABASE} == 3);
  CHECK(int{RINGSIDE_ERROR_DATABASE_BUSY} == chat::error::DATABASE_BUSY);
}

TEST_CASE("ProducerC: an address has the id that C++ gives it") {
  const unsigned char ipv4[4] = {127, 0, 0, 1};
  const unsigned char ipv6[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 7};
  CHECK(ringside_address_id(ipv4, sizeof ipv4) == 0x7f000001);
  CHECK(ringside_address_id(ipv6, sizeof ipv6) == address_id(ipv6, sizeof ipv6));
  CHECK(ringside_address_id(ipv6, sizeof ipv6) == 0x20010db800010002);
  CHECK(ringside_address_id(ipv6, 5) == 0);
}
