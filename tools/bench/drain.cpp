// Ring to metrics: how many records a second one core takes out of the lanes and into everything that the daemon
// keeps. The lanes are filled by another thread; only the drain is timed.

#include <cstdio>
#include <random>
#include <thread>

#include "daemon/drain.h"
#include "shm/lane_claim.h"
#include "shm/lane_reader.h"
#include "tools/bench/harness.h"
#include "tools/bench/program.h"

namespace ringside::bench {

namespace {

constexpr std::uint32_t kCapacity = 4096;
constexpr std::uint64_t kFill = 4000;   // records a lane and round: nothing is lapped

// Traffic as a chat server makes it: 19 operations, log-normal durations, stages, users and rooms, one failure in 128.
std::vector<Record> traffic(std::size_t count, double ticks_per_second) {
  std::mt19937_64 random(42);
  std::lognormal_distribution<double> span(std::log(200e-6), 1.0);
  std::vector<Record> records(count);
  for (Record& record : records) {
    record = Record{};
    record.operation = static_cast<std::uint16_t>(random() % 19);
    record.kind = static_cast<std::uint8_t>(Kind::operation);
    record.outcome = random() % 128 == 0 ? 1 : 0;
    record.error = record.outcome != 0 ? 5001 : 0;
    record.duration = static_cast<std::int64_t>(span(random) * ticks_per_second);
    record.actor = random() % 1000;
    record.subject = random() % 100;
    record.flags = static_cast<std::uint16_t>(kFlagStages | static_cast<unsigned>(ActorKind::user) |
                                              (static_cast<unsigned>(SubjectKind::room) << kFlagSubjectShift));
    const auto ticks = static_cast<std::uint64_t>(record.duration);
    record.stages[0] = pack_stage_ticks(ticks / 10);
    record.stages[1] = pack_stage_ticks(ticks / 20);
    record.stages[2] = pack_stage_ticks(ticks / 2);
    record.stages[3] = pack_stage_ticks(ticks / 5);
  }
  return records;
}

void measure_lanes(std::uint32_t lane_count, const Settings& settings, Results& results, bool limit) {
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
  for (std::uint32_t i = 0; i < lane_count; ++i) writers.push_back(claim_lane(segment, self, i, "bench").writer);
  const auto kind = static_cast<ClockKind>(segment.header().clock_kind);
  // A second's baseline, as a daemon that has been attached for a while has it.
  TickScale scale(kind, segment.header().ticks_per_second, segment.header().anchor_ticks,
                  segment.header().anchor_monotonic_ns);
  const double begin = monotonic_seconds();
  while (monotonic_seconds() - begin < 0.2) {
  }
  scale.sync(read_instant());
  const std::vector<Record> records = traffic(1 << 16, scale.ticks_per_second());
  RingMetrics metrics({100, 20});
  std::vector<LaneCursor> cursors(lane_count);
  RingMetrics::Counts read_of{};
  std::vector<LaneToDrain> lanes(lane_count);
  for (std::uint32_t i = 0; i < lane_count; ++i) {
    lanes[i].lane = i;
    lanes[i].capacity = kCapacity;
    lanes[i].slots = segment.slots(i);
    lanes[i].header = &segment.lane_header(i);
    lanes[i].cursor = &cursors[i];
    lanes[i].read_of = &read_of;
  }
  std::vector<double> rounds;
  std::uint64_t read = 0;
  std::uint64_t next = 0;
  const int count = settings.smoke ? 3 : 200;
  for (int round = 0; round < count; ++round) {
    std::thread([&] {
      if (settings.daemon_cpu != settings.producer_cpu) pin_to(settings.producer_cpu);
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
    std::fprintf(stderr, "ringside-bench: drained %llu records, expected %llu\n", static_cast<unsigned long long>(read),
                 static_cast<unsigned long long>(kFill * lane_count * static_cast<std::uint64_t>(count)));
  }
  std::vector<double> rates;
  for (const double ns : rounds) rates.push_back(1e3 / ns);
  results.add(figure("ring to metrics, " + std::to_string(lane_count) + " lanes", "M records/s", rates,
                     limit ? "100 (L4)" : "", "19 operations, all of the metrics"));
  results.add(figure("ring to metrics, " + std::to_string(lane_count) + " lanes, a record", "ns", rounds));
  if (limit) {
    results.add(figure("metrics of 19 operations", "MB", {static_cast<double>(metrics.bytes()) / 1e6}, "5 (L5)"));
  }
  leave_segment(segment, self, false);
}

}  // namespace

void measure_drain(const Settings& settings, Results& results) {
  std::printf("\nFrom the ring into the metrics, on one core\n");
  // In a thread of its own, so that the pinning ends with it.
  std::thread([&] {
    pin_to(settings.daemon_cpu);
    measure_lanes(1, settings, results, false);
    measure_lanes(8, settings, results, true);
    if (!settings.smoke) measure_lanes(64, settings, results, false);
  }).join();
}

}  // namespace ringside::bench
