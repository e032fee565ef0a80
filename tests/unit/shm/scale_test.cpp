// TickScale in numbers. Every expected value is worked out by hand from the sentence above it.
#include <doctest/doctest.h>

#include <cstdint>

#include "shm/clock.h"

using namespace ringside;

namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kSec = 1'000'000'000;

Instant at(std::int64_t monotonic_ns, std::uint64_t ticks) { return {monotonic_ns, 0, ticks}; }

// A counter of 1 GHz, as its kernel states it, that stood at 0 when CLOCK_MONOTONIC did.
TickScale gigahertz() { return TickScale(ClockKind::tsc, kSec, 0, 0); }

}  // namespace

TEST_CASE("Scale: an instant that nobody read is zero") {
  CHECK(Instant{}.monotonic_ns == 0);
  CHECK(Instant{}.realtime_ns == 0);
  CHECK(Instant{}.ticks == 0);
}

TEST_CASE("Scale: ticks of CLOCK_MONOTONIC are its nanoseconds, whatever rate is stated") {
  TickScale scale(ClockKind::monotonic, 5, 100, 40);
  CHECK(scale.ticks_per_second() == 1e9);
  CHECK(scale.span_ns(-7) == -7);
  CHECK(scale.monotonic_ns(103) == 43);
  CHECK(scale.ticks_from_ns(50) == 110);
  CHECK(scale.ticks_at({7, 8, 9}) == 7);
  scale.sync({5000, 6000, 7000});
  CHECK(scale.monotonic_ns(103) == 103);
  CHECK(scale.ticks_from_ns(50) == 50);
  CHECK(scale.ticks_per_second() == 1e9);
  CHECK(TickScale().monotonic_ns(12) == 12);
  CHECK(TickScale().ticks_from_ns(12) == 12);
}

TEST_CASE("Scale: a counter is converted along a line through its anchor") {
  // 2 ticks are 1 ns, and tick 1000 is nanosecond 500 000.
  const TickScale scale(ClockKind::tsc, 2 * kSec, 1000, 500'000);
  CHECK(scale.span_ns(10) == 5);
  CHECK(scale.span_ns(-10) == -5);
  CHECK(scale.monotonic_ns(1010) == 500'005);
  CHECK(scale.monotonic_ns(990) == 499'995);
  CHECK(scale.ticks_from_ns(500'005) == 1010);
  CHECK(scale.ticks_from_ns(499'995) == 990);
  CHECK(scale.ticks_at({7, 8, 9}) == 9);
}

TEST_CASE("Scale: without a rate every span is 0, and one tick a second is a rate") {
  const TickScale unknown(ClockKind::tsc, 0, 0, 77);
  CHECK_FALSE(unknown.known());
  CHECK(unknown.span_ns(5) == 0);
  CHECK(unknown.monotonic_ns(123'456) == 77);
  const TickScale slowest(ClockKind::tsc, 1, 0, 0);
  CHECK(slowest.known());
  CHECK(slowest.span_ns(1) == kSec);
}

TEST_CASE("Scale: what does not fit saturates, towards both ends") {
  const TickScale slow(ClockKind::tsc, 1, 0, 0);
  CHECK(slow.span_ns(INT64_MAX) == 9'200'000'000'000'000'000);
  CHECK(slow.span_ns(INT64_MIN) == -9'200'000'000'000'000'000);
  const TickScale fast(ClockKind::tsc, 1'000'000'000'000, 5, 0);
  CHECK(fast.ticks_from_ns(INT64_MAX) == 9'200'000'000'000'000'005U);
  CHECK(fast.ticks_from_ns(INT64_MIN) == static_cast<std::uint64_t>(-9'199'999'999'999'999'995));
}

TEST_CASE("Scale: times that may be garbage are added and subtracted to the ends at most") {
  CHECK(add_ns(2, 3) == 5);
  CHECK(add_ns(INT64_MAX, 1) == INT64_MAX);
  CHECK(add_ns(INT64_MIN, -1) == INT64_MIN);
  CHECK(subtract_ns(2, 3) == -1);
  CHECK(subtract_ns(INT64_MIN, 1) == INT64_MIN);
  CHECK(subtract_ns(INT64_MAX, -1) == INT64_MAX);
}

TEST_CASE("Scale: each sync moves the anchor, and a frozen scale stays where it was") {
  TickScale scale = gigahertz();
  // The counter is 0.05 % slow in its first second. The rate follows, and the anchor is the last
  // sync.
  scale.sync(at(kSec, 999'500'000));
  CHECK(scale.ticks_per_second() == doctest::Approx(999'500'000.0).epsilon(1e-12));
  CHECK(scale.monotonic_ns(999'500'000) == kSec);
  CHECK(scale.ticks_from_ns(kSec) == 999'500'000);
  TickScale frozen = gigahertz();
  frozen.freeze();
  frozen.sync(at(kSec, 999'500'000));
  CHECK(frozen.ticks_per_second() == 1e9);
  CHECK(frozen.monotonic_ns(10) == 10);
}

TEST_CASE("Scale: a stated rate is corrected after 100 ms, and not a nanosecond before") {
  TickScale early = gigahertz();
  early.sync(at(100 * kMs - 1, 100'050'000));
  CHECK(early.ticks_per_second() == 1e9);
  TickScale due = gigahertz();
  due.sync(at(100 * kMs, 100'050'000));
  CHECK(due.ticks_per_second() == 1'000'500'000.0);
}

TEST_CASE("Scale: without a stated rate 1 ms gives one, and not a nanosecond less") {
  TickScale early(ClockKind::tsc, 0, 0, 0);
  early.sync(at(kMs - 1, 2'600'000));
  CHECK_FALSE(early.known());
  TickScale due(ClockKind::tsc, 0, 0, 0);
  due.sync(at(kMs, 2'600'000));
  CHECK(due.ticks_per_second() == 2.6e9);
}

TEST_CASE("Scale: a correction is at most 0.1 %, and is measured from the ring's birth") {
  TickScale scale(ClockKind::tsc, kSec, 1000, 5 * kSec);
  scale.sync(at(6 * kSec, 1000 + 1'000'990'000));
  CHECK(scale.ticks_per_second() == 1'000'990'000.0);
  // 0.1011 % since birth: too much, so the last good rate stays.
  scale.sync(at(7 * kSec, 1000 + 2'002'022'000));
  CHECK(scale.ticks_per_second() == 1'000'990'000.0);
  // Back within it: 3 s since birth gave 2 999 400 000 ticks.
  scale.sync(at(8 * kSec, 1000 + 2'999'400'000));
  CHECK(scale.ticks_per_second() == doctest::Approx(999'800'000.0).epsilon(1e-12));
}

TEST_CASE("Scale: no counter runs at 1 kHz or less, or at 1 THz or more") {
  const auto measured = [](std::int64_t ticks) {
    TickScale scale(ClockKind::tsc, 0, 0, 0);
    scale.sync(at(kSec, static_cast<std::uint64_t>(ticks)));
    return scale.ticks_per_second();
  };
  CHECK(measured(-kSec) == 0);
  CHECK(measured(0) == 0);
  CHECK(measured(1000) == 0);
  CHECK(measured(1001) == 1001);
  CHECK(measured(999'999'999'999) == 999'999'999'999.0);
  CHECK(measured(1'000'000'000'000) == 0);
}

TEST_CASE("Scale: when the clocks part the measurement begins anew, and its old part is left out") {
  TickScale scale = gigahertz();
  scale.sync(at(kSec, 1'000'000'000));
  // The machine is suspended: CLOCK_MONOTONIC goes on for a second, the counter for half of one.
  scale.sync(at(2 * kSec, 1'500'000'000));
  CHECK(scale.ticks_per_second() == 1e9);
  // From here on the counter runs 0.05 % fast. From birth it would seem 17 % slow.
  scale.sync(at(3 * kSec, 2'500'500'000));
  CHECK(scale.ticks_per_second() == 1'000'500'000.0);
}

TEST_CASE("Scale: clocks have parted when they differ by over 1 % of 1 ms or more") {
  // A step of 2 % in 1 ms begins the measurement anew; in less than that it is noise.
  const auto after_step = [](std::int64_t step_ns) {
    TickScale scale = gigahertz();
    scale.sync(at(kSec, 1'000'000'000));
    const std::int64_t step_ticks = step_ns + step_ns / 50;
    scale.sync(at(kSec + step_ns, static_cast<std::uint64_t>(kSec + step_ticks)));
    // 100 ms that run 0.05 % fast.
    scale.sync(at(kSec + step_ns + 100 * kMs,
                  static_cast<std::uint64_t>(kSec + step_ticks + 100 * kMs + 50'000)));
    return scale.ticks_per_second();
  };
  CHECK(after_step(kMs) == 1'000'500'000.0);
  // Birth stays: 50 000 and 19 999 ticks more than nanoseconds in 1.100 999 999 s.
  CHECK(after_step(kMs - 1) == doctest::Approx(1'000'063'577.0).epsilon(1e-9));
  // Exactly 1 % is not over it: 10 000 000 and 50 000 ticks more in 2.1 s, which is too much.
  TickScale edge = gigahertz();
  edge.sync(at(kSec, 1'000'000'000));
  edge.sync(at(2 * kSec, 2'010'000'000));
  edge.sync(at(2 * kSec + 100 * kMs, 2'110'050'000));
  CHECK(edge.ticks_per_second() == 1e9);
}

TEST_CASE("Scale: a stated rate of 1 Hz is a rate, which no other may replace") {
  TickScale scale(ClockKind::tsc, 1, 0, 0);
  // Steps of less than 1 ms are not looked at for a gap, so the baseline grows to 135 ms.
  for (int i = 1; i <= 150; ++i)
    scale.sync(at(i * 900'000, static_cast<std::uint64_t>(i) * 2'340'000));
  CHECK(scale.ticks_per_second() == 1);
}
