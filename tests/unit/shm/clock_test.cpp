#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "shm/clock.h"
#include "shm/segment.h"

using namespace ringside;

TEST_CASE(
    "Clock: a scale takes the kernel's frequency at first and measures when it can do better") {
  TickScale scale(ClockKind::tsc, 2'600'000'000, 1000, 5'000'000'000);
  CHECK(scale.span_ns(2'600'000'000) == 1'000'000'000);
  CHECK(scale.span_ns(-2600) == -1000);
  // After one second the counter has moved 0.01 % further than its stated rate says.
  scale.sync({6'000'000'000, 0, 1000 + 2'600'260'000});
  CHECK(scale.ticks_per_second() == doctest::Approx(2'600'260'000.0).epsilon(1e-9));
  CHECK(scale.monotonic_ns(1000 + 2'600'260'000) == 6'000'000'000);
  CHECK(scale.monotonic_ns(scale.ticks_from_ns(6'500'000'000)) ==
        doctest::Approx(6'500'000'000.0).epsilon(1e-9));
}

TEST_CASE("Clock: a measurement that contradicts the kernel does not bend time") {
  TickScale scale(ClockKind::tsc, 2'600'000'000, 0, 0);
  scale.sync({10'000'000'000, 0, 1'000});
  CHECK(scale.ticks_per_second() == 2.6e9);
}

TEST_CASE("Clock: without a stated frequency the first baseline gives one") {
  TickScale scale(ClockKind::tsc, 0, 500, 1'000'000'000);
  CHECK_FALSE(scale.known());
  scale.sync({1'050'000'000, 0, 500 + 130'000'000});
  CHECK(scale.known());
  CHECK(scale.ticks_per_second() == doctest::Approx(2.6e9));
}

TEST_CASE("Clock: a ring that states no rate is not read at the rate of another clock") {
  const ClockChoice best = choose_clock();
  for (const ClockKind kind : {ClockKind::tsc, ClockKind::cntvct}) {
    CAPTURE(clock_name(kind));
    const Instant now = read_instant();
    SegmentFacts facts;
    facts.boot_id = current_boot_id();
    facts.clock = kind;
    facts.anchor_ticks = now.ticks;
    facts.anchor_monotonic_ns = now.monotonic_ns;
    const TickScale scale = scale_of(&facts, now);
    CHECK(scale.known() == (kind == best.kind && best.ticks_per_second != 0));
  }
}

TEST_CASE("Clock: absurd ticks saturate instead of overflowing") {
  const TickScale scale(ClockKind::tsc, 1, 0, INT64_MAX - 10);
  CHECK(scale.monotonic_ns(1ULL << 62) == INT64_MAX);
  CHECK(scale.span_ns(INT64_MIN) <= -9'000'000'000'000'000'000);
}

TEST_CASE("Clock: the chosen clock advances with the system's") {
  const ClockChoice choice = choose_clock();
  MESSAGE(std::string(clock_name(choice.kind)) << " " << choice.ticks_per_second << " Hz");
  const Instant a = read_instant();
  Instant b = a;
  while (b.monotonic_ns - a.monotonic_ns < 20'000'000) b = read_instant();
  if (choice.kind != ClockKind::monotonic && choice.ticks_per_second != 0) {
    const double measured = static_cast<double>(b.ticks - a.ticks) * 1e9 /
                            static_cast<double>(b.monotonic_ns - a.monotonic_ns);
    CHECK(std::abs(measured / static_cast<double>(choice.ticks_per_second) - 1) < 0.01);
  }
}
