// What alerts cost: one evaluation of 256 operations with all rules, on a calm tick, and on one of
// a storm in which each operation is too slow or fails. The snapshots are made beforehand.

#include <algorithm>
#include <cstdio>
#include <thread>

#include "daemon/alerts/alert_engine.h"
#include "daemon/alerts/emergencies.h"
#include "report/model/buckets.h"
#include "report/model/names.h"
#include "report/model/snapshot.h"
#include "tools/bench/harness.h"

namespace ringside::bench {

namespace {

constexpr std::uint64_t kOperations = 256;
constexpr std::size_t kLast = 100;
constexpr std::size_t kErrors = 256;
constexpr std::int64_t kWallNs = 1'732'356'955'000'000'000;

// Latencies over four octaves, as of a busy server: about 128 buckets.
WindowStats window_of(double seconds, double per_second, double median_ms, double errors) {
  WindowStats stats;
  stats.seconds = seconds;
  const auto calls = static_cast<std::uint64_t>(seconds * per_second);
  stats.recorded = stats.timed = calls;
  stats.errors = static_cast<std::uint64_t>(errors * static_cast<double>(calls));
  const auto median = static_cast<LatencyUnits>(median_ms * 1e6 * kUnitsPerNs);
  const auto middle = static_cast<std::int16_t>(bucket_of(median));
  for (std::int16_t i = -64; i < 64; ++i)
    stats.latency.buckets.push_back({static_cast<std::int16_t>(middle + i), calls / 128 + 1});
  stats.min_ns = static_cast<std::uint64_t>(median_ms * 1e6 / 4);
  stats.max_ns = static_cast<std::uint64_t>(median_ms * 1e6 * 4);
  stats.sum_ns = static_cast<std::uint64_t>(median_ms * 1e6) * calls;
  stats.stages[0] = {calls, stats.sum_ns / 2, stats.max_ns};
  stats.stages[1] = {calls, stats.sum_ns / 4, stats.max_ns};
  return stats;
}

SeriesView series_of(const std::string& name, double per_second, double median_ms, double errors) {
  SeriesView series;
  series.name = name;
  series.ring = "chat";
  series.stage_names = {"database", "security"};
  series.last_5s = window_of(5, per_second, median_ms, errors);
  series.last_15s = window_of(15, per_second, median_ms, errors);
  constexpr double kSeconds[kWindows] = {7200, 60, 300, 3600};
  for (std::size_t i = 0; i < kWindows; ++i)
    series.windows[i] = window_of(kSeconds[i], per_second, median_ms, errors);
  for (std::size_t i = 0; i < kLast; ++i) {
    RecordView record;
    record.operation = name;
    record.ring = "chat";
    record.start_wall_ns = kWallNs - static_cast<std::int64_t>(i) * 1'000'000;
    record.duration_ns = static_cast<std::int64_t>(median_ms * 1e6);
    record.actor = {PartyKind::user, i};
    series.last.push_back(std::move(record));
  }
  return series;
}

// The server of a storm is slow and fails, its database is in trouble, and somebody guesses
// passwords.
Snapshot snapshot_of(bool storm) {
  Snapshot snapshot;
  RingView ring;
  ring.name = "chat";
  ring.state = RingState::live;
  ring.program = "chatd";
  ring.pid = 4242;
  ring.instances_seen = 1;
  snapshot.rings.push_back(ring);
  for (std::uint64_t i = 0; i < kOperations; ++i)
    snapshot.operations.push_back(
        series_of("OPERATION_" + std::to_string(i), 200, storm ? 4000 : 0.5, storm ? 0.2 : 0));
  for (const auto name : {names::kDbTransaction, names::kSlowQuery, names::kLoginFailed,
                          names::kTokenRejected, names::kIpBlock, names::kThreatPattern})
    snapshot.events.push_back(series_of(std::string(name), storm ? 100 : 0.01, 1, storm ? 0.5 : 0));
  for (std::size_t i = 0; i < kErrors; ++i) {
    ErrorStats error;
    error.code = static_cast<std::uint16_t>(5000 + i);
    error.name = (i % 2 == 0 ? "DATABASE_ERROR_" : "ERROR_") + std::to_string(i);
    error.ring = "chat";
    error.operation = "OPERATION_" + std::to_string(i);
    error.count.fill(storm ? 100 : 0);
    snapshot.errors.push_back(std::move(error));
  }
  GaugeView connections;
  connections.name = std::string(names::kConnections);
  connections.ring = "chat";
  connections.value = connections.max = storm ? 100'000 : 100;
  snapshot.gauges.push_back(std::move(connections));
  ProcessView process;
  process.ring = "chat";
  process.pid = 4242;
  process.resident_bytes = 100 << 20;
  process.cpu_percent = storm ? 800 : 20;
  snapshot.processes.push_back(std::move(process));
  snapshot.host.cpus = 8;
  snapshot.host.cpu_percent = storm ? 99 : 20;
  snapshot.host.load_1m = storm ? 40 : 1;
  snapshot.host.memory_total_bytes = std::uint64_t{16} << 30;
  snapshot.host.memory_available_bytes = std::uint64_t{storm ? 1U : 8U} << 30;
  snapshot.wall_ns = kWallNs;
  return snapshot;
}

// `ticks` evaluations, each in ms. In a storm the first ticks raise everything.
std::vector<double> evaluations_ms(bool storm, int ticks, std::uint64_t& lines) {
  const Config config;
  AlertEngine engine(config);
  const Snapshot snapshot = snapshot_of(storm);
  std::vector<double> times;
  std::int64_t now_ns = 1'000'000'000;
  for (int i = 0; i < ticks; ++i) {
    now_ns += config.tick_ns;
    const double start = monotonic_seconds();
    const auto told = engine.evaluate(snapshot, now_ns, kWallNs + now_ns);
    times.push_back((monotonic_seconds() - start) * 1e3);
    lines += told.size();
  }
  return times;
}

// Looks between two ticks, of the engine alone, each in us.
std::vector<double> looks_us(int looks) {
  const Config config;
  AlertEngine engine(config);
  const Snapshot snapshot = snapshot_of(false);
  Pulse pulse;
  for (const RingView& ring : snapshot.rings) pulse.rings.push_back(pulse_of(snapshot, ring));
  std::vector<double> times;
  std::int64_t now_ns = 1'000'000'000;
  for (int i = 0; i < looks; ++i) {
    now_ns += config.alerts.emergency_tick_ns;
    const double start = monotonic_seconds();
    engine.urgent(pulse, now_ns);
    times.push_back((monotonic_seconds() - start) * 1e6);
  }
  return times;
}

}  // namespace

void measure_alerts(const Settings& settings, Results& results) {
  std::printf("\nAlerts, on one core\n");
  const int ticks = settings.smoke ? 5 : 200;
  // In its own thread, so that the pinning ends with the thread.
  std::thread([&] {
    pin_to(settings.daemon_cpu);
    results.add(figure("256 operations, all rules, a look for emergencies", "us",
                       looks_us(settings.smoke ? 5 : 2000), "200"));
    for (const bool storm : {false, true}) {
      std::uint64_t lines = 0;
      const std::vector<double> times = evaluations_ms(storm, ticks, lines);
      const std::string name =
          std::string("256 operations, all rules, ") + (storm ? "a storm" : "calm");
      results.add(figure(name + ", an evaluation", "ms", times, "5"));
      if (storm) {
        const double slowest = *std::max_element(times.begin(), times.end());
        results.add(figure(name + ", its slowest evaluation", "ms", {slowest}));
      }
      results.add(Work{"transitions, " + std::string(storm ? "storm" : "calm"), lines, 0});
    }
  }).join();
}

}  // namespace ringside::bench
