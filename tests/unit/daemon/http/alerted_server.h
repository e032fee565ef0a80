// A real alert engine over a server whose circuit breaker and whose SEND_MESSAGE a test controls.
#pragma once

#include <string>
#include <vector>

#include "daemon/alerts/alert_engine.h"
#include "daemon/config/config.h"
#include "report/model/buckets.h"
#include "report/model/snapshot.h"

namespace ringside::http {

class AlertedServer {
 public:
  AlertedServer() : engine(config) {
    RingView ring;
    ring.name = "chat";
    ring.state = RingState::live;
    ring.program = "chatd";
    ring.pid = 4242;
    ring.instances_seen = 1;
    snapshot.rings.push_back(ring);
    snapshot.operations.push_back(series("SEND_MESSAGE"));
    snapshot.events.push_back(series("BREAKER"));
    send_latency(20);
  }

  // Of 100 calls a minute.
  void send_latency(std::uint64_t ms) { fill(snapshot.operations[0], 100, ms); }
  // Opens or closes it now: the alert database_issue is a fact and fires at once.
  void breaker(bool open) {
    SeriesView& event = snapshot.events[0];
    fill(event, 1, 1);
    RecordView record;
    record.operation = "BREAKER";
    record.ring = "chat";
    record.start_wall_ns = wall_ns;
    record.value = open ? 1 : 0;
    event.last.assign(1, record);
  }
  std::vector<AlertTransition> tick(int count = 1) {
    std::vector<AlertTransition> told;
    for (int i = 0; i < count; ++i) {
      monotonic_ns += config.tick_ns;
      wall_ns += config.tick_ns;
      snapshot.wall_ns = wall_ns;
      ++snapshot.tick;
      told = engine.evaluate(snapshot, monotonic_ns, wall_ns);
    }
    engine.show(snapshot);
    return told;
  }
  // The id of the active alert of that type; empty: there is none.
  std::string alert(AlertType type) const {
    for (const AlertView& one : snapshot.alerts) {
      if (one.last.alert == type && one.active()) return one.last.id;
    }
    return "";
  }

  Config config;
  AlertEngine engine;
  Snapshot snapshot;
  std::int64_t monotonic_ns = 3'600'000'000'000;
  std::int64_t wall_ns = 1'800'000'000'000'000'000;

 private:
  static SeriesView series(const char* name) {
    SeriesView one;
    one.name = name;
    one.ring = "chat";
    return one;
  }
  static void fill(SeriesView& series, std::uint64_t calls, std::uint64_t ms) {
    WindowStats stats;
    stats.seconds = 60;
    stats.recorded = stats.timed = calls;
    stats.outcomes[0] = calls;
    const std::uint64_t ns = ms * 1'000'000;
    stats.sum_ns = ns * calls;
    stats.min_ns = stats.max_ns = ns;
    const auto units = static_cast<LatencyUnits>(static_cast<double>(ns) * kUnitsPerNs);
    stats.latency.buckets = {{static_cast<std::int16_t>(bucket_of(units)), calls}};
    series.last_5s = series.last_15s = stats;
    series.windows[static_cast<std::size_t>(Window::minute)] = stats;
    series.windows[static_cast<std::size_t>(Window::five_minutes)] = stats;
  }
};

}  // namespace ringside::http
