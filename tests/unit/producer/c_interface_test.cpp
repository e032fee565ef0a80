#include <doctest/doctest.h>

#include <cstring>

#include "producer/ringside.h"
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
            ringside_event_fields fields;
            std::memset(&fields, 0, sizeof fields);
            fields.operation = RINGSIDE_NO_OPERATION;
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
  CHECK(reader.segment->gauges()[0].value.load() == 7);
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
  CHECK(int{RINGSIDE_STAGE_VALIDATION} == 0);
  CHECK(int{RINGSIDE_STAGE_DATABASE} == 2);
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
