// Ring to metrics: how many records a second one core moves from the lanes into everything that the
// daemon keeps. Another thread fills the lanes. Only the drain is timed.

#include <cstdio>
#include <thread>

#include "tools/bench/harness.h"
#include "tools/bench/own_ring.h"

namespace ringside::bench {

namespace {

// Records for each lane in a round. They fit into the lane, so no record is overwritten.
constexpr std::uint64_t kFill = 4000;
static_assert(kFill <= DrainedRing::kCapacity);

// Where the records are when the drain reads them.
enum class From {
  other_cache,   // in the cache of another processor, which wrote them, as with a real server
  own_cache,     // written on the drain's processor, which shows what the work alone costs
};

void measure_lanes(std::uint32_t lane_count, From from, const Settings& settings,
                   Results& results) {
  const bool limit = lane_count == 8 && from == From::other_cache;
  DrainedRing ring("drain", lane_count, 0.2);
  if (!ring) return;
  std::vector<double> rounds;
  std::uint64_t read = 0;
  const int count = settings.smoke ? 3 : 200;
  for (int round = 0; round < count; ++round) {
    std::thread([&] {
      pin_to(from == From::other_cache ? settings.producer_cpu : settings.daemon_cpu);
      ring.fill(kFill);
    }).join();
    ring.set_time();
    const double start = monotonic_seconds();
    const std::uint64_t taken = ring.drain();
    rounds.push_back((monotonic_seconds() - start) * 1e9 / static_cast<double>(taken));
    read += taken;
  }
  if (read != kFill * lane_count * static_cast<std::uint64_t>(count)) {
    std::fprintf(
        stderr, "ringside-bench: drained %llu records, expected %llu\n",
        static_cast<unsigned long long>(read),
        static_cast<unsigned long long>(kFill * lane_count * static_cast<std::uint64_t>(count)));
  }
  std::vector<double> rates;
  for (const double ns : rounds) rates.push_back(1e3 / ns);
  const std::string name = "ring to metrics, " + std::to_string(lane_count) +
                           (lane_count == 1 ? " lane" : " lanes") +
                           (from == From::other_cache ? "" : ", from its own cache");
  results.add(figure(name, "M records/s", rates, limit ? "100 (L4)" : ""));
  results.add(figure(name + ", a record", "ns", rounds));
  if (limit) {
    results.add(figure("metrics of 19 operations", "MB",
                       {static_cast<double>(ring.metrics_bytes()) / 1e6}, "5 (L5)"));
  }
}

}  // namespace

void measure_drain(const Settings& settings, Results& results) {
  std::printf("\nFrom the ring into the metrics, on one core\n");
  // In its own thread, so that the pinning ends with the thread.
  std::thread([&] {
    pin_to(settings.daemon_cpu);
    for (const std::uint32_t lanes : {1U, 2U, 4U, 8U, 16U, 32U, 64U}) {
      if (settings.smoke && lanes != 1 && lanes != 8) continue;
      measure_lanes(lanes, From::other_cache, settings, results);
      measure_lanes(lanes, From::own_cache, settings, results);
    }
  }).join();
}

}  // namespace ringside::bench
