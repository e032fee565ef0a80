// Moments and spans of std::chrono.
#include "producer/chrono.hpp"

#include <doctest/doctest.h>

#include <chrono>

#include "shm/names.h"
#include "tests/unit/producer/traced.h"

using namespace ringside;
using namespace ringside::test;
using namespace std::chrono_literals;

namespace {

bool within(std::chrono::nanoseconds found, std::chrono::nanoseconds expected) {
  return found > expected * 98 / 100 && found < expected * 102 / 100 + 5ms;
}

// Lets so much time pass, which the clock of a young ring needs to tell its rate.
void pass(std::chrono::nanoseconds span) {
  const auto begin = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - begin < span) {}
}

}  // namespace

TEST_CASE("Chrono: stamps and spans become each other") {
  TempDir dir;
  CHECK(serve(setup_for(dir), [] {
          pass(50ms);
          const Stamp end = now();
          const Stamp begin = ago(250ms);
          if (!within(between(begin, end), 250ms)) return 1;
          if (between(end, begin) > 0ns) return 2;
          if (between(Stamp{}, end) != 0ns || between(begin, Stamp{}) != 0ns) return 3;
          const auto queued = std::chrono::steady_clock::now() - 250ms;
          if (!within(between(stamp_of(queued), now()), 250ms)) return 4;
          const Stamp before = now();
          const Stamp never = stamp_of(std::chrono::steady_clock::now() + 1h);
          return never.ticks >= before.ticks && never.ticks <= now().ticks ? 0 : 5;
        }).exited(0));
  CHECK(between(Stamp{1}, Stamp{2}) == 0ns);   // not traced
}

TEST_CASE("Chrono: an event has its duration, and a declaration its threshold") {
  TempDir dir;
  REQUIRE(serve(setup_for(dir), [] {
            pass(50ms);
            event(chat::RETRY, {}, 250ms);
            register_operation(with_threshold({"OWN", "own"}, 750ms));
            register_operation(with_threshold({"NONE", "own"}, -1ms));
            return 0;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  REQUIRE(reader.records.size() == 1);
  TickScale scale(reader.facts.clock, reader.facts.ticks_per_second, reader.facts.anchor_ticks,
                  reader.facts.anchor_monotonic_ns);
  scale.sync(read_instant());
  const std::chrono::nanoseconds lasted(scale.span_ns(reader.records[0].duration));
  CHECK(within(lasted, 250ms));
  NameEntry own;
  REQUIRE(read_name(*reader.segment, chat::kOperationCount, &own));
  CHECK(own.threshold_ns == 750'000'000);
  REQUIRE(read_name(*reader.segment, chat::kOperationCount + 1, &own));
  CHECK(own.threshold_ns == 0);
}
