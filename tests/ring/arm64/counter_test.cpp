#include <doctest/doctest.h>

#include <cstdlib>

#include "tests/unit/producer/traced.h"

using namespace ringside;
using namespace ringside::test;

namespace {

std::uint64_t stated_hz() {
  std::uint64_t hz = 0;
  asm("mrs %0, cntfrq_el0" : "=r"(hz));
  return hz;
}

}  // namespace

TEST_CASE("Counter: a ring made on 64-bit Arm counts the virtual counter, at the frequency that the machine states") {
  TempDir dir;
  const auto ring = make_ring(dir.file("ring"), {1, 64, 64});
  CHECK(ring->header().clock_kind == static_cast<std::uint32_t>(ClockKind::cntvct));
  REQUIRE(stated_hz() > 0);
  CHECK(ring->header().ticks_per_second == stated_hz());
}

TEST_CASE("Counter: it advances with CLOCK_MONOTONIC") {
  const Instant a = read_instant();
  Instant b = a;
  while (b.monotonic_ns - a.monotonic_ns < 200'000'000) b = read_instant();
  const double seconds = static_cast<double>(b.monotonic_ns - a.monotonic_ns) / 1e9;
  const double ticks = static_cast<double>(b.ticks - a.ticks);
  CHECK(ticks / seconds == doctest::Approx(static_cast<double>(stated_hz())).epsilon(1e-3));
}

TEST_CASE("Counter: an operation's span lies between what the system's clock says within it and around it") {
  TempDir dir;
  Setup setup = setup_for(dir);
  REQUIRE(serve(setup, [] {
            Gauge64 within = register_gauge("within_ns");
            Gauge64 around = register_gauge("around_ns");
            const std::int64_t before = clock_ns(CLOCK_MONOTONIC);
            Operation op(chat::SEND_MESSAGE);
            const std::int64_t begun = clock_ns(CLOCK_MONOTONIC);
            std::int64_t now = begun;
            while (now - begun < 50'000'000) now = clock_ns(CLOCK_MONOTONIC);
            op.finish(Outcome::ok);
            within.set(now - begun);
            around.set(clock_ns(CLOCK_MONOTONIC) - before);
            return 0;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  REQUIRE(reader.records.size() == 1);
  const double span_ns =
      static_cast<double>(reader.records[0].duration) * 1e9 / static_cast<double>(stated_hz());
  // A read of the counter gives whole ticks, and it may move by some nanoseconds in program order.
  const double slack_ns = 2e9 / static_cast<double>(stated_hz()) + 1000;
  CHECK(span_ns >= static_cast<double>(gauge_of(*reader.segment, 0)) - slack_ns);
  CHECK(span_ns <= static_cast<double>(gauge_of(*reader.segment, 1)) + slack_ns);
}
