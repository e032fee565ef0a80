// A moment that another clock has told, as a stamp of the ring's clock.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>

#include "producer/ringside.h"
#include "tests/unit/producer/traced.h"

using namespace ringside;
using namespace ringside::test;

namespace {

constexpr std::int64_t kLongNs = 250'000'000;

// Both clocks at one moment: read again if the thread was interrupted between them.
struct Moment {
  std::uint64_t ticks = 0;
  std::int64_t ns = 0;
};
Moment read_clocks() {
  for (;;) {
    const std::int64_t before = clock_ns(CLOCK_MONOTONIC);
    const std::uint64_t ticks = now().ticks;
    if (clock_ns(CLOCK_MONOTONIC) - before < 100'000) return {ticks, before};
  }
}

// What `ticks` are in nanoseconds, by a measurement over 50 ms. The ring is then old enough to tell
// the rate of its clock, also where the processor states none.
double measured_ns(std::uint64_t (*ticks_since)(std::int64_t), std::int64_t ns) {
  const Moment begin = read_clocks();
  Moment end = begin;
  while (end.ns - begin.ns < 50'000'000) end = read_clocks();
  const double per_ns =
      static_cast<double>(end.ticks - begin.ticks) / static_cast<double>(end.ns - begin.ns);
  // An interruption between the two stamps makes it longer, never shorter.
  std::uint64_t least = ticks_since(ns);
  for (int i = 0; i < 10; ++i) least = std::min(least, ticks_since(ns));
  return static_cast<double>(least) / per_ns;
}

bool near(double ns, std::int64_t expected) {
  return ns > 0.98 * static_cast<double>(expected) && ns < 1.02 * static_cast<double>(expected);
}

std::uint64_t since(std::int64_t ns) {
  const std::uint64_t then = ago(ns).ticks;
  return now().ticks - then;
}
std::uint64_t since_in_c(std::int64_t ns) {
  const std::uint64_t then = ringside_ago(ns);
  return ringside_now() - then;
}

}  // namespace

TEST_CASE("Ago: a stamp lies as long before now as it is told, traced and untraced, also in C") {
  TempDir dir;
  CHECK(near(measured_ns(since, kLongNs), kLongNs));
  REQUIRE(serve(setup_for(dir), [] {
            if (!near(measured_ns(since, kLongNs), kLongNs)) return 1;
            if (!near(measured_ns(since_in_c, kLongNs), kLongNs)) return 2;
            const std::uint64_t before = now().ticks;
            for (const std::int64_t none : {std::int64_t{0}, std::int64_t{-1}, INT64_MIN}) {
              const std::uint64_t stamp = ago(none).ticks;
              if (stamp < before || stamp > now().ticks) return 3;
            }
            return 0;
          }).exited(0));
}

TEST_CASE("Ago: an operation that starts at its arrival has the wait in it, and in its stage") {
  TempDir dir;
  REQUIRE(serve(setup_for(dir), [] {
            if (!near(measured_ns(since, kLongNs), kLongNs)) return 1;
            Operation op(chat::JOIN_ROOM, ago(kLongNs));
            op.stage(chat::kQueue);
            op.finish_stage(chat::kDelivery, Outcome::ok);
            return mistakes().empty() ? 0 : 2;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  REQUIRE(reader.records.size() == 1);
  const Record& record = reader.records[0];
  CHECK(record.duration > 0);
  const auto queue = static_cast<double>(unpack_stage_ticks(record.stage(chat::kQueue)));
  CHECK(queue > 0.99 * static_cast<double>(record.duration));
}

#if defined(__x86_64__)
TEST_CASE("Ago: in a ring that counts a counter's ticks the rate since its beginning serves") {
  // The process joins a ring of ours, whose clock is the time stamp counter: with a rate that the
  // processor states, or none. A rate that is wrong by more than 0.1 % is believed, as readers do.
  for (const double stated : {0.0, 1.0, 2.0}) {
    CAPTURE(stated);
    TempDir dir;
    CreateOptions options;
    options.path = dir.file("ring");
    options.program = "test";
    options.share = true;
    Failure failure;
    const Created created = create_segment(options, self_identity(), &failure);
    REQUIRE_MESSAGE(created.segment != nullptr, failure.message);
    SegmentHeader& header = created.segment->header();
    const Instant begin = read_instant();
    header.clock_kind = static_cast<std::uint32_t>(ClockKind::tsc);
    header.ticks_per_second = static_cast<std::uint64_t>(stated * measure_ticks_per_second());
    header.anchor_ticks = begin.ticks;
    header.anchor_monotonic_ns = begin.monotonic_ns;
    Setup setup = setup_for(dir);
    setup.share = true;
    REQUIRE(serve(setup, [stated] {
              const std::int64_t expected = stated == 2.0 ? 2 * kLongNs : kLongNs;
              return near(measured_ns(since, kLongNs), expected) ? 0 : 1;
            }).exited(0));
  }
}
#endif
