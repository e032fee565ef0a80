// Sampling is drawn for every call, from a thread's first call on, and apart in every process.
#include <unistd.h>

#include <cmath>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/ring/cases/case.h"
#include "tests/unit/producer/traced.h"

using namespace ringside;
using namespace ringside::test;

namespace {

constexpr int kThreads = 2000;

std::uint64_t sum(const Segment& ring, std::atomic<std::uint64_t> Totals::*what) {
  std::uint64_t all = 0;
  for (std::uint32_t lane = 0; lane <= ring.overflow_lane(); ++lane) {
    if (lane_readable(ring.lane_header(lane)))
      all += (ring.totals(lane)[chat::SEND_MESSAGE.value].*what).load();
  }
  return all;
}

void trace_first() { Operation(chat::SEND_MESSAGE).finish(Outcome::ok); }

// Which of 64 operations this thread recorded with one in two, as bits.
std::uint64_t pattern(const Segment& ring) {
  std::uint64_t bits = 0;
  std::uint64_t before = sum(ring, &Totals::recorded);
  for (int i = 0; i < 64; ++i) {
    trace_first();
    const std::uint64_t now = sum(ring, &Totals::recorded);
    bits = bits << 1 | (now - before);
    before = now;
  }
  return bits;
}

}  // namespace

TEST_CASE("Sampling: the first operations of 2,000 threads are drawn like all others, and counted exactly") {
  TempDir dir;
  Setup setup = setup_for(dir);
  setup.lanes = 2;
  CHECK(serve(setup, [&] {
          const auto ring = writable(dir.file("ring"));
          HOLDS(ring != nullptr);
          for (const std::uint32_t one_in : {2U, 3U, 7U, 12U, 13U, 40U, 100U, 1000U}) {
            ring->control().effective[chat::SEND_MESSAGE.value].store(one_in);
            const std::uint64_t recorded = sum(*ring, &Totals::recorded);
            const std::uint64_t skipped = sum(*ring, &Totals::skipped);
            for (int i = 0; i < kThreads; ++i) std::thread(&trace_first).join();
            const std::uint64_t taken = sum(*ring, &Totals::recorded) - recorded;
            HOLDS(taken + sum(*ring, &Totals::skipped) - skipped == kThreads);
            const double expected = kThreads / static_cast<double>(one_in);
            const double sigma = std::sqrt(expected * (1 - 1 / static_cast<double>(one_in)));
            std::printf("1 in %u: %llu of %d\n", one_in, static_cast<unsigned long long>(taken),
                        kThreads);
            std::fflush(stdout);
            HOLDS(std::abs(static_cast<double>(taken) - expected) <= 5 * sigma);
          }
          return 0;
        }).exited(0));
}

TEST_CASE("Sampling: children of one process draw apart, from it and from each other") {
  TempDir dir;
  Setup setup = setup_for(dir);
  setup.lanes = 1;
  int told[2];
  REQUIRE(pipe(told) == 0);
  CHECK(serve(setup, [&] {
          const auto ring = writable(dir.file("ring"));
          HOLDS(ring != nullptr);
          ring->control().effective[chat::SEND_MESSAGE.value].store(2);
          const auto tell = [&] {
            const std::uint64_t bits = pattern(*ring);
            return write(told[1], &bits, sizeof bits) == sizeof bits ? 0 : 1;
          };
          HOLDS(tell() == 0);
          for (int i = 0; i < 20; ++i) HOLDS(run(tell).exited(0));
          return 0;
        }).exited(0));
  close(told[1]);
  std::set<std::uint64_t> patterns;
  std::uint64_t bits = 0;
  while (read(told[0], &bits, sizeof bits) == sizeof bits) patterns.insert(bits);
  close(told[0]);
  CHECK(patterns.size() == 21);
}
