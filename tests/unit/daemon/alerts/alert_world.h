// A world for alerts: a snapshot whose figures a test sets, and a clock that the test advances.
#pragma once

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <vector>

#include "daemon/alerts/alert_engine.h"
#include "report/model/buckets.h"

namespace ringside {

inline constexpr std::uint64_t kMiB = 1048576;

inline WindowStats window_of(std::uint64_t calls, std::uint64_t errors, double latency_ms) {
  WindowStats stats;
  stats.seconds = 60;
  stats.recorded = calls;
  stats.timed = calls;
  stats.errors = errors;
  const auto ns = static_cast<std::uint64_t>(latency_ms * 1e6);
  stats.sum_ns = ns * calls;
  stats.min_ns = stats.max_ns = calls > 0 ? ns : 0;
  if (calls > 0) {
    const auto units = static_cast<LatencyUnits>(static_cast<double>(ns) * kUnitsPerNs);
    stats.latency.buckets = {{static_cast<std::int16_t>(bucket_of(units)), calls}};
  }
  return stats;
}

// What an evaluation says of episodes, and what of incidents.
inline std::vector<AlertTransition> episodes_in(std::vector<AlertTransition> told) {
  std::erase_if(told, [](const AlertTransition& t) { return is_of_incident(t.state); });
  return told;
}
inline std::vector<AlertTransition> lines_in(std::vector<AlertTransition> told) {
  std::erase_if(told, [](const AlertTransition& t) { return !is_of_incident(t.state); });
  return told;
}

struct World {
  World() : engine(config) {
    config.alerts.clear_after_ns = 2 * kMinute;
    engine.reconfigure(config);
    snapshot.rings.resize(1);
    RingView& ring = snapshot.rings[0];
    ring.name = "chat";
    ring.state = RingState::live;
    ring.program = "chatd";
    ring.pid = 4242;
    ring.instances_seen = 1;
    operation("SEND_MESSAGE", 100, 0, 20);
  }

  // `calls` in each window.
  void operation(const std::string& name, std::uint64_t calls, std::uint64_t errors,
                 double latency_ms) {
    fill(series(snapshot.operations, name), window_of(calls, errors, latency_ms));
  }
  // An event: `count` of them in the last minute, `errors` of these failed, and the latest has
  // `value`.
  void event(const std::string& name, std::uint64_t count, std::uint64_t errors = 0,
             std::int64_t value = 0) {
    SeriesView& one = series(snapshot.events, name);
    fill(one, window_of(count, errors, 1));
    RecordView latest;
    latest.operation = name;
    latest.ring = "chat";
    latest.start_wall_ns = wall_ns;
    latest.value = value;
    one.last.assign(1, latest);
  }
  // The same in each window that alerts look at.
  static void fill(SeriesView& series, const WindowStats& stats) {
    series.last_5s = series.last_15s = stats;
    series.windows[static_cast<std::size_t>(Window::minute)] = stats;
    series.windows[static_cast<std::size_t>(Window::five_minutes)] = stats;
  }
  SeriesView& series(std::vector<SeriesView>& in, const std::string& name) {
    for (SeriesView& one : in) {
      if (one.name == name) return one;
    }
    in.emplace_back();
    in.back().name = name;
    in.back().ring = "chat";
    return in.back();
  }

  // Advances the clock by one tick and evaluates. Returns the episodes' transitions.
  std::vector<AlertTransition> tick() {
    monotonic_ns += config.tick_ns;
    wall_ns += config.tick_ns;
    snapshot.wall_ns = wall_ns;
    auto out = engine.evaluate(snapshot, monotonic_ns, wall_ns);
    const auto of_incidents = lines_in(out);
    lines.insert(lines.end(), of_incidents.begin(), of_incidents.end());
    out = episodes_in(out);
    log.insert(log.end(), out.begin(), out.end());
    return out;
  }
  void ticks(int count) {
    for (int i = 0; i < count; ++i) tick();
  }
  // What happened since the last call, each as "state/level".
  std::vector<std::string> story(const std::string& alert) {
    std::vector<std::string> out;
    for (const AlertTransition& t : log) {
      if (name_of(t.alert) == alert)
        out.push_back(std::string(name_of(t.state)) + "/" + name_of(t.level));
    }
    log.clear();
    return out;
  }
  // A new engine that continues from what the old one saved.
  void restart() {
    const std::string state = engine.encode();
    engine = AlertEngine(config);
    std::string why;
    REQUIRE_MESSAGE(engine.decode(state, &why), why);
  }

  Config config;
  AlertEngine engine;
  Snapshot snapshot;
  std::int64_t monotonic_ns = 1'000'000'000;
  std::int64_t wall_ns = 1'732'356'955'000'000'000;
  std::vector<AlertTransition> log;
  std::vector<AlertTransition> lines;  // of incidents
};

using Story = std::vector<std::string>;

// How long SEND_MESSAGE takes. Its levels: warning 200/160 ms, critical 400/320, emergency
// 2000/1000.
inline void p95(World& world, double ms) { world.operation("SEND_MESSAGE", 300, 0, ms); }

// Every field but the wall time: "ID alert STATE/level operation@ring VALUE >= THRESHOLD unit:
// message".
inline std::string told(const AlertTransition& t) {
  return fmt::format("{} {} {}/{} {}@{} {:.6g} {:.6g} {}: {}", t.id, name_of(t.alert),
                     name_of(t.state), name_of(t.level), t.operation, t.ring, t.value, t.threshold,
                     name_of(t.unit), t.message);
}

}  // namespace ringside
