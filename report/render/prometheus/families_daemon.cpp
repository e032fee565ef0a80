// The host, alerts, and the daemon itself.
#include <array>
#include <map>
#include <string>

#include "report/render/prometheus/family_parts.h"

namespace ringside::metrics {

namespace {

template <typename Number>
void add_gauge(Families& out, const char* name, const char* unit, const char* help,
               const Number& value) {
  Family family(out, name, MetricKind::gauge, unit, help);
  family.add({}, value);
}

template <typename Number>
void add_counter(Families& out, const char* name, const char* unit, const char* help, Number value,
                 std::int64_t since_wall_ns) {
  Family family(out, name, MetricKind::counter, unit, help);
  family.add({}, value, since_wall_ns);
}

void add_pressure(const HostView& host, Families& out) {
  Family family(out, "ringside_host_pressure_ratio", MetricKind::gauge, "ratio",
                "Share of the last 10 s in which tasks waited for a resource: some, or all.");
  const std::pair<const char*, const std::optional<Pressure>*> resources[] = {
      {"cpu", &host.cpu_pressure}, {"memory", &host.memory_pressure}, {"io", &host.io_pressure}};
  for (const auto& [resource, pressure] : resources) {
    if (!*pressure) continue;
    family.add({{"resource", resource}, {"waiting", "some"}}, (*pressure)->some / 100);
    family.add({{"resource", resource}, {"waiting", "all"}}, (*pressure)->full / 100);
  }
}

using ByLevel = std::array<std::uint64_t, kAlertLevels>;

}  // namespace

void add_host(const Snapshot& snapshot, Families& out) {
  const HostView& host = snapshot.host;
  add_gauge(out, "ringside_host_load1", "", "Load of the host over 1 min.", host.load_1m);
  add_gauge(out, "ringside_host_load5", "", "Load of the host over 5 min.", host.load_5m);
  add_gauge(out, "ringside_host_load15", "", "Load of the host over 15 min.", host.load_15m);
  add_gauge(out, "ringside_host_cpus", "", "Processors of the host.", host.cpus);
  add_gauge(out, "ringside_host_cpu_usage_ratio", "ratio",
            "Share of all processors that was busy over the last tick.",
            host.cpu_percent ? std::optional(*host.cpu_percent / 100) : std::nullopt);
  add_gauge(out, "ringside_host_memory_total_bytes", "bytes", "Memory of the host.",
            host.memory_total_bytes);
  add_gauge(out, "ringside_host_memory_available_bytes", "bytes",
            "Memory of the host that new programs can have.", host.memory_available_bytes);
  add_pressure(host, out);
}

void add_alerts(const Snapshot& snapshot, Families& out) {
  std::array<ByLevel, kAlertTypes> by_type{};
  std::map<std::string, ByLevel> by_ring;
  for (const RingView& ring : snapshot.rings) by_ring[ring.name];
  for (const AlertView& alert : snapshot.alerts) {
    if (!alert.active()) continue;
    const auto level = static_cast<std::size_t>(alert.last.level);
    ++by_type[static_cast<std::size_t>(alert.last.alert)][level];
    if (!alert.last.ring.empty()) ++by_ring[alert.last.ring][level];
  }
  {
    Family family(out, "ringside_alerts_active", MetricKind::gauge, "",
                  "Alerts that are firing or recovering, of all rings and the host.");
    for (std::size_t type = 0; type < kAlertTypes; ++type) {
      for (std::size_t level = 0; level < kAlertLevels; ++level)
        family.add({{"alert", kAlertTypeNames[type]}, {"level", kAlertLevelNames[level]}},
                   by_type[type][level]);
    }
  }
  {
    Family family(out, "ringside_ring_alerts_active", MetricKind::gauge, "",
                  "Alerts of a ring that are firing or recovering.");
    for (const auto& [ring, levels] : by_ring) {
      for (std::size_t level = 0; level < kAlertLevels; ++level)
        family.add({{"ring", ring}, {"level", kAlertLevelNames[level]}}, levels[level]);
    }
  }
  ByLevel incidents{};
  std::uint64_t unacknowledged = 0;
  for (const IncidentView& incident : snapshot.incidents) {
    if (incident.over()) continue;
    ++incidents[static_cast<std::size_t>(incident.level)];
    unacknowledged += !incident.acknowledged;
  }
  {
    Family family(out, "ringside_incidents_active", MetricKind::gauge, "", "Incidents that last.");
    for (std::size_t level = 0; level < kAlertLevels; ++level)
      family.add({{"level", kAlertLevelNames[level]}}, incidents[level]);
  }
  add_gauge(out, "ringside_incidents_unacknowledged", "",
            "Incidents that last and that nobody has acknowledged.", std::optional(unacknowledged));
  add_gauge(out, "ringside_silences_active", "", "Silences that hold.",
            std::optional(snapshot.silences.size()));
  std::uint64_t regressions = 0;
  for (const RegressionView& regression : snapshot.regressions)
    regressions += regression.ongoing && regression.kind == RegressionView::Kind::slower;
  add_gauge(out, "ringside_regressions_active", "",
            "Operations and stages that are slower than before, and still are.",
            std::optional(regressions));
  add_counter(out, "ringside_alert_transitions", "", "Transitions of alerts and incidents.",
              snapshot.transitions_forgotten + snapshot.transitions.size(),
              snapshot.daemon.state_since_wall_ns);
}

void add_daemon(const Snapshot& snapshot, Families& out) {
  const DaemonView& daemon = snapshot.daemon;
  {
    Family family(out, "ringside_build", MetricKind::info, "", "The version of ringsided.");
    family.add({{"version", daemon.version}}, 1.0);
  }
  add_gauge(out, "ringside_snapshot_timestamp_seconds", "seconds", "When these figures were taken.",
            std::optional(seconds(snapshot.wall_ns)));
  add_gauge(out, "ringside_books_since_timestamp_seconds", "seconds",
            "When counters began. A restart of the daemon keeps them.",
            std::optional(seconds(daemon.state_since_wall_ns)));
  add_gauge(out, "ringside_tick_duration_seconds", "seconds",
            "Time between these figures and the ones before.",
            std::optional(snapshot.tick_seconds));
  add_counter(out, "ringside_ticks", "", "Evaluations.", snapshot.tick, daemon.state_since_wall_ns);
  add_gauge(out, "ringside_daemon_start_time_seconds", "seconds", "When the daemon began.",
            std::optional(seconds(daemon.started_wall_ns)));
  add_counter(out, "ringside_daemon_restarts", "", "Daemons that went on with the same books.",
              daemon.restarts, daemon.state_since_wall_ns);
  add_counter(out, "ringside_daemon_passes", "", "Passes of the drain over the rings.",
              daemon.passes, daemon.started_wall_ns);
  if (daemon.cpu_seconds)
    add_counter(out, "ringside_daemon_cpu_seconds", "seconds",
                "Processor time of the daemon since it began.", *daemon.cpu_seconds,
                daemon.started_wall_ns);
  add_gauge(out, "ringside_daemon_resident_memory_bytes", "bytes", "Resident memory of the daemon.",
            daemon.resident_bytes);
  add_gauge(out, "ringside_daemon_metrics_memory_bytes", "bytes",
            "Memory that the rings' metrics take.", std::optional(daemon.metrics_bytes));
  add_gauge(out, "ringside_memory_threshold_bytes", "bytes",
            "The threshold of the server's largest process.",
            std::optional(snapshot.thresholds.memory_bytes));
  add_gauge(out, "ringside_connections_threshold", "", "The threshold of open connections.",
            std::optional(snapshot.thresholds.connections));
}

}  // namespace ringside::metrics
