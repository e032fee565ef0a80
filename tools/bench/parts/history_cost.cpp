// What the history costs: minutes out of the metrics on the drain's thread, minutes into the file
// on the history's thread, and bytes on the disk. With 19 operations and with 256, at 100,000
// records a second.

#include <sys/stat.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <random>
#include <string>
#include <thread>

#include "daemon/history/history_store.h"
#include "daemon/metrics/ring_metrics.h"
#include "report/model/buckets.h"
#include "tools/bench/harness.h"

namespace ringside::bench {

namespace {

constexpr std::int64_t kBeginWallS = 1'800'000'000;  // a whole hour
constexpr std::uint64_t kRecordsAMinute = 6'000'000;
constexpr std::int64_t kMinutesOfFile = 48 * 60;

double cpu_ms() { return static_cast<double>(clock_ns(CLOCK_THREAD_CPUTIME_ID)) / 1e6; }

// How many calls an operation has in a minute. Each has 4 in 5 of the one before, down to 20: a few
// are busy, and most are not.
std::vector<double> calls_of(std::size_t operations) {
  std::vector<double> calls(operations);
  double sum = 0;
  for (std::size_t i = 0; i < operations; ++i)
    sum += calls[i] = std::pow(0.8, static_cast<double>(std::min<std::size_t>(i, 60)));
  for (double& one : calls) one = std::max(20.0, one / sum * static_cast<double>(kRecordsAMinute));
  return calls;
}

// Latencies of a minute: log-normal, as wide as a busy server's, and one in twenty ten times
// slower. The median lies elsewhere for each operation, and wanders.
Histogram latencies(std::mt19937_64& random, double calls, double median_seconds) {
  Histogram histogram;
  const auto density = [](double octaves, double sigma) {
    return std::exp(-octaves * octaves / (2 * sigma * sigma)) / (sigma * 2.5066) /
           kBucketsPerOctave;
  };
  for (int index = kMinBucket; index <= kMaxBucket; ++index) {
    const double octaves = std::log2(bucket_middle_seconds(index) / median_seconds);
    const double share = 0.95 * density(octaves, 0.7) + 0.05 * density(octaves - 3.3, 1.0);
    if (share * calls < 1e-6) continue;
    const auto count = std::poisson_distribution<std::uint64_t>(share * calls)(random);
    if (count > 0) histogram.buckets.push_back({static_cast<std::int16_t>(index), count});
  }
  return histogram;
}

HistorySlot slot_of(std::mt19937_64& random, std::int64_t begin, double calls,
                    double median_seconds) {
  HistorySlot slot;
  slot.begin_wall_s = begin;
  slot.latency = latencies(random, calls, median_seconds);
  slot.recorded = slot.timed = slot.latency.count();
  slot.outcomes[1] = slot.recorded / 1000;
  slot.outcomes[3] = slot.recorded / 200;
  slot.outcomes[0] = slot.recorded - slot.outcomes[1] - slot.outcomes[3];
  if (slot.outcomes[1] > 0) slot.errors.push_back({5000, RecordOutcome::error, slot.outcomes[1]});
  slot.sum_ns = static_cast<std::uint64_t>(median_seconds * 1.6e9) * slot.recorded + random() % 999;
  slot.min_ns = static_cast<std::uint64_t>(median_seconds * 1e8) + random() % 999;
  slot.max_ns = static_cast<std::uint64_t>(median_seconds * 6e10) + random() % 999;
  for (std::size_t i = 0; i < 4; ++i)
    slot.stages[i] = {slot.recorded, slot.sum_ns / (i + 3) + random() % 999, slot.max_ns / 2};
  return slot;
}

HistorySpan minute_of(std::mt19937_64& random, std::int64_t minute,
                      const std::vector<double>& calls) {
  HistorySpan span;
  const std::int64_t begin = kBeginWallS + minute * 60;
  span.rings.push_back({"chat", {{begin, 60, 0, 60, 0}}});
  // A day and a night.
  const double load = 0.6 + 0.4 * std::sin(static_cast<double>(minute) / 1440 * 6.2832);
  for (std::size_t i = 0; i < calls.size(); ++i) {
    HistorySeries series;
    series.ring = "chat";
    series.name = "OPERATION_" + std::to_string(i);
    series.category = "message";
    const double wander = std::sin(static_cast<double>(minute) / 97 + static_cast<double>(i));
    const double median = 0.0003 * std::exp2(static_cast<double>(i % 7)) * (1 + 0.1 * wander);
    series.slots.push_back(slot_of(random, begin, calls[i] * load, median));
    span.series.push_back(std::move(series));
  }
  for (const char* gauge : {"connections", "memory_bytes", "cpu_percent_milli", "descriptors",
                            "threads", "load_1m_milli"}) {
    const auto value = static_cast<std::int64_t>(random() % 100'000);
    span.gauges.push_back({"chat", gauge, {{begin, value, value / 2, value * 2}}});
  }
  return span;
}

// The drain's thread: the minute's figures out of metrics that have seen the minute.
std::vector<double> taken_ms(const std::vector<double>& calls, int rounds) {
  std::mt19937_64 random(1);
  const TickScale clock(ClockKind::monotonic, 0, 0, 0);
  const auto metrics = std::make_unique<RingMetrics>(RingMetricsOptions{});
  std::int64_t now_ns = 600'000'000'000;
  metrics->align(0);
  metrics->observe_from(now_ns);
  metrics->set_time(clock, now_ns, 1);
  for (std::uint16_t id = 0; id < calls.size(); ++id)
    metrics->set_name(id, {"OPERATION_" + std::to_string(id), "message", {}});
  std::vector<double> times;
  for (int round = 0; round < rounds; ++round) {
    for (int slice = 0; slice < 13; ++slice) {
      now_ns += kSliceNs;
      metrics->set_time(clock, now_ns, 1);
      RingMetrics::Counts read_of{};
      for (std::uint16_t id = 0; id < calls.size(); ++id) {
        // Some hundred records fill the buckets that hundreds of thousands would.
        for (int i = 0; i < 200; ++i) {
          const double octaves = std::normal_distribution<double>(id % 7, 1)(random);
          Record record{};
          record.sequence = 2;
          record.duration = static_cast<std::int64_t>(300'000 * std::exp2(octaves));
          record.start = static_cast<std::uint64_t>(now_ns - record.duration);
          record.operation = id;
          record.kind = static_cast<std::uint8_t>(Kind::operation);
          metrics->add_alone(record, 0, read_of);
        }
      }
    }
    HistorySpan span;
    const double before = cpu_ms();
    metrics->take_minutes("chat", 0, RingMetrics::TakeMinutes::over, span);
    times.push_back(cpu_ms() - before);
  }
  return times;
}

struct Written {
  std::vector<double> ms;  // of each minute: batch, roll-up and all
  double file_bytes = 0;
  std::uint64_t minutes = 0;
};

Written write_minutes(const std::vector<double>& calls, std::int64_t minutes) {
  std::string directory =
      (std::filesystem::temp_directory_path() / "ringside-bench-XXXXXX").string();
  if (mkdtemp(directory.data()) == nullptr) return {};
  Written out;
  {
    std::mt19937_64 random(1);
    HistoryStore store;
    std::string moved;
    const std::string path = directory + "/history.db";
    if (store.open(path, HistoryLimits{}, &moved)) return {};
    store.set_limits({48 * 3600, 90 * 86400, std::uint64_t{4} << 30});
    for (std::int64_t minute = 0; minute < minutes; ++minute) {
      const HistorySpan batch = minute_of(random, minute, calls);
      const double before = cpu_ms();
      store.tidy(kBeginWallS + minute * 60 + 70);
      store.write(batch);
      out.ms.push_back(cpu_ms() - before);
      ++out.minutes;
    }
    store.close();
    out.file_bytes = static_cast<double>(std::filesystem::file_size(path));
  }
  std::filesystem::remove_all(directory);
  return out;
}

void measure_size(const Settings& settings, std::size_t operations, Results& results) {
  const std::vector<double> calls = calls_of(operations);
  const std::string name = std::to_string(operations) + " operations, ";
  const std::vector<double> taken = taken_ms(calls, settings.smoke ? 2 : 20);
  results.add(figure(name + "minute out of the metrics", "ms", taken));
  const std::int64_t minutes = settings.smoke ? 3 : operations < 100 ? kMinutesOfFile : 240;
  const Written written = write_minutes(calls, minutes);
  results.add(figure(name + "minute into the file", "ms", written.ms));
  double sum = 0;
  for (const double ms : written.ms) sum += ms;
  const double all_ms = median(taken) + sum / static_cast<double>(written.ms.size());
  results.add(figure(name + "both, of one core", "%", {all_ms / 60'000 * 100}, "1"));
  const std::string span = std::to_string(written.minutes) + " minutes";
  const bool whole = written.minutes == kMinutesOfFile;
  results.add(
      figure(name + "file after " + span, "MB", {written.file_bytes / 1e6}, whole ? "40" : ""));
  results.add(Work{"minutes of " + std::to_string(operations) + " operations", written.minutes, 0});
}

}  // namespace

void measure_history(const Settings& settings, Results& results) {
  std::printf("\nHistory, at 100,000 records a second, on one core\n");
  // In its own thread, so that the pinning ends with the thread.
  std::thread([&] {
    pin_to(settings.daemon_cpu);
    for (const std::size_t operations : {std::size_t{19}, std::size_t{256}})
      measure_size(settings, operations, results);
  }).join();
}

}  // namespace ringside::bench
