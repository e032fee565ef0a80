// Which id a name gets, before and after the start, in a ring of one's own and in a shared one.
#include <doctest/doctest.h>

#include <string>

#include "shm/names.h"
#include "tests/unit/producer/traced.h"

using namespace ringside;
using namespace ringside::test;

TEST_CASE("Registered: a name of the chat server has its id, one's own comes behind them") {
  TempDir dir;
  REQUIRE(serve(setup_for(dir), [] {
            if (register_operation("CREATE_ROOM", "").value != 0) return 1;
            if (register_operation("THREADED_REPLIES", "").value != 18) return 2;
            if (register_operation("OWN", "").value != 19) return 3;
            if (register_operation("NEXT", "").value != 20) return 4;
            if (register_event("RETRY").value != 256) return 5;
            if (register_event("BAD_LINE").value != 270) return 6;
            if (register_event("OWN").value != 271) return 7;
            if (register_event("NEXT").value != 272) return 8;
            // An event's name is no operation's, and the other way round.
            if (register_operation("RETRY", "").value != 21) return 9;
            if (register_event("CREATE_ROOM").value != 273) return 10;
            if (register_operation("", "").value != kInvalidId) return 11;
            if (register_event("").value != kInvalidId) return 12;
            return 0;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  NameEntry entry;
  REQUIRE(read_name(*reader.segment, 271, &entry));
  CHECK(entry.name == "OWN");
  CHECK(reader.segment->header().names_refused.load() == 0);
}

TEST_CASE("Registered: two names are one if they are the same in 39 bytes") {
  TempDir dir;
  REQUIRE(serve(setup_for(dir), [] {
            const std::string common(38, 'x');
            const std::uint16_t a = register_operation(common + "a", "").value;
            const std::uint16_t b = register_operation(common + "b", "").value;
            if (a == b) return 1;
            if (register_operation(common + "aLONGER", "").value != a) return 2;
            if (register_operation(common + "bOTHER", "").value != b) return 3;
            if (register_operation(common, "").value == a) return 4;
            return 0;
          }).exited(0));
}

TEST_CASE("Registered: what was registered before the start travels in the ring") {
  TempDir dir;
  CHECK(run(
            [&] {
              const OperationId early =
                  register_operation({"EARLY", "own", {"first"}, 5'000'000, true});
              const EventId event = register_event("EARLY_EVENT");
              register_error(5, "TOO_EARLY");
              Gauge64 gauge = register_gauge("early");
              gauge.set(5);
              gauge.add(2);
              unsetenv("RINGSIDE_RING");
              if (!start(setup_for(dir))) return 2;
              if (early.value != 19 || event.value != 271) return 3;
              Operation(early).finish(Outcome::ok);
              gauge.add(1);
              register_gauge("early").add(1);
              return 0;
            },
            true)
            .exited(0));
  const Reader reader(dir.file("ring"));
  std::string text;
  REQUIRE(read_gauge_name(*reader.segment, 0, &text));
  CHECK(text == "early");
  CHECK(gauge_of(*reader.segment, 0) == 9);
  std::uint16_t code = 0;
  REQUIRE(read_error_name(*reader.segment, 0, &code, &text));
  CHECK(code == 5);
  CHECK(text == "TOO_EARLY");
  NameEntry entry;
  REQUIRE(read_name(*reader.segment, 19, &entry));
  CHECK(entry.name == "EARLY");
  CHECK(entry.category == "own");
  CHECK(entry.stages[0] == "first");
  CHECK(entry.threshold_ns == 5'000'000);
  CHECK(entry.waits_for_client);
  REQUIRE(read_name(*reader.segment, 271, &entry));
  CHECK(entry.name == "EARLY_EVENT");
  REQUIRE(reader.records.size() == 1);
  CHECK(reader.records[0].operation == 19);
}

TEST_CASE("Registered: before the start the chat server's places are kept free for it") {
  TempDir dir;
  CHECK(run(
            [&] {
              unsetenv("RINGSIDE_RING");
              // A start that fails decides nothing.
              Setup setup = setup_for(dir);
              setup.chat_names = false;
              setup.ring = "bad name";
              if (start(setup)) return 1;
              for (int i = 19; i < 256; ++i) {
                if (register_operation("N" + std::to_string(i), "").value != i) return 2;
              }
              if (register_operation("ONE_TOO_MANY", "").value != kInvalidId) return 3;
              if (!start(setup_for(dir))) return 4;
              if (register_operation("STILL", "").value != kInvalidId) return 5;
              return register_operation("SEND_MESSAGE", "").value == chat::SEND_MESSAGE.value ? 0
                                                                                              : 6;
            },
            true)
            .exited(0));
  CHECK(Reader(dir.file("ring")).segment->header().names_refused.load() == 1);
}

TEST_CASE("Registered: in a shared ring another process's place is passed over") {
  TempDir dir;
  REQUIRE(serve(setup_for(dir), [&] {
            const auto other = writable(dir.file("ring"));
            if (!enter_name(*other, 19, {"OF_ANOTHER", "", {}})) return 1;
            if (register_operation("MINE", "").value != 20) return 2;
            // The same name is the same operation.
            return register_operation("OF_ANOTHER", "").value == 19 ? 0 : 3;
          }).exited(0));
}

TEST_CASE("Registered: 64 gauges fit, and an error code has one name") {
  TempDir dir;
  REQUIRE(serve(setup_for(dir), [] {
            for (int i = 0; i < 64; ++i) {
              Gauge64 gauge = register_gauge("g" + std::to_string(i));
              gauge.set(100 + i);
            }
            register_gauge("one too many").set(7);   // does nothing
            register_gauge("").set(7);
            register_gauge("g63").add(1);
            register_error(5, "BUSY");
            register_error(5, "BUSY");
            register_error(5, "ANOTHER");
            register_error(6, "");
            return 0;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  for (int i = 0; i < 63; ++i) CHECK(gauge_of(*reader.segment, i) == 100 + i);
  CHECK(gauge_of(*reader.segment, 63) == 164);
  CHECK(reader.segment->header().names_refused.load() == 2);
  std::uint16_t code = 0;
  std::string name;
  REQUIRE(read_error_name(*reader.segment, 0, &code, &name));
  CHECK(code == 5);
  CHECK(name == "BUSY");
  CHECK_FALSE(read_error_name(*reader.segment, 1, &code, &name));
}
