// Ring to metrics: how many records a second one core takes out of the lanes and into everything
// that the daemon keeps. The lanes are filled by another thread; only the drain is timed.

#include <cstdio>
#include <thread>

#include "daemon/rings/drain.h"
#include "shm/lane_claim.h"
#include "shm/lane_reader.h"
#include "tools/bench/harness.h"
#include "tools/bench/program.h"
#include "tools/bench/traffic.h"

namespace ringside::bench {

namespace {

constexpr std::uint32_t kCapacity = 4096;
constexpr std::uint64_t kFill = 4000;   // records a lane and round: nothing is lapped

// Where the records are when the drain comes for them.
enum class From {
  other_cache,   // in that of the processor on which they were written, as a server's are
  own_cache,     // written on the drain's own: what the work alone takes
};

void measure_lanes(std::uint32_t lane_count, From from, const Settings& settings,
                   Results& results) {
  const bool limit = lane_count == 8 && from == From::other_cache;
  Scratch scratch;
  CreateOptions options;
  options.path = "/dev/shm/ringside.bench-drain-" + std::to_string(getpid());
  options.geometry = {lane_count, kCapacity, 64};
  Failure failure;
  const ProcessIdentity self = self_identity();
  const Created created = create_segment(options, self, &failure);
  if (created.segment == nullptr) {
    std::fprintf(stderr, "ringside-bench: %s\n", failure.message.c_str());
    return;
  }
  Segment& segment = *created.segment;
  std::vector<LaneWriter> writers;
  for (std::uint32_t i = 0; i < lane_count; ++i)
    writers.push_back(claim_lane(segment, self, i, "bench").writer);
  const auto kind = static_cast<ClockKind>(segment.header().clock_kind);
  // A second's baseline, as a daemon that has been attached for a while has it.
  TickScale scale(kind, segment.header().ticks_per_second, segment.header().anchor_ticks,
                  segment.header().anchor_monotonic_ns);
  const double begin = monotonic_seconds();
  while (monotonic_seconds() - begin < 0.2) {
  }
  scale.sync(read_instant());
  const std::vector<Record> records = chat_traffic(1 << 16, scale.ticks_per_second());
  RingMetrics metrics({100, 20});
  std::vector<LaneCursor> cursors(lane_count);
  RingMetrics::Counts read_of{};
  std::vector<LaneToDrain> lanes;
  for (std::uint32_t i = 0; i < lane_count; ++i)
    lanes.push_back(LaneToDrain::of(segment, i, cursors[i], read_of));
  std::vector<double> rounds;
  std::uint64_t read = 0;
  std::uint64_t next = 0;
  const int count = settings.smoke ? 3 : 200;
  for (int round = 0; round < count; ++round) {
    std::thread([&] {
      pin_to(from == From::other_cache ? settings.producer_cpu : settings.daemon_cpu);
      // Ends that interleave over the lanes, as those of threads do.
      std::uint64_t end = read_ticks(kind) - kFill * lane_count;
      for (std::uint64_t i = 0; i < kFill; ++i) {
        for (LaneWriter& writer : writers) {
          Record record = records[next++ & 0xffff];
          record.start = end++ - static_cast<std::uint64_t>(record.duration);
          write_record(writer, record);
        }
      }
    }).join();
    const Instant now = read_instant();
    scale.sync(now);
    metrics.set_time(scale, now.monotonic_ns, 1);
    for (LaneToDrain& lane : lanes) lane.moved = 0;
    const double start = monotonic_seconds();
    std::uint64_t taken = 0;
    drain(lanes, metrics);
    for (const LaneToDrain& lane : lanes) taken += lane.moved;
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
                       {static_cast<double>(metrics.bytes()) / 1e6}, "5 (L5)"));
  }
  leave_segment(segment, self, false);
}

}  // namespace

void measure_drain(const Settings& settings, Results& results) {
  std::printf("\nFrom the ring into the metrics, on one core\n");
  // In a thread of its own, so that the pinning ends with it.
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
