// What /metrics must say of a snapshot: every sample of the text form, from the snapshot's figures,
// one by one. Written differently from the code: no families, a flat list.
#pragma once

#include <cmath>
#include <map>
#include <string>

#include "report/model/format.h"
#include "report/model/snapshot.h"

namespace ringside::test {

class MetricsOracle {
 public:
  explicit MetricsOracle(const Snapshot& snapshot) : s_(snapshot) {
    for (const SeriesView& one : s_.operations) operation(one);
    for (const SeriesView& one : s_.events) event(one);
    errors();
    for (const RingView& one : s_.rings) ring(one);
    lanes();
    processes();
    // The first of those of one name.
    for (auto at = s_.gauges.rbegin(); at != s_.gauges.rend(); ++at) {
      const GaugeView& one = *at;
      put("ringside_server_reading", {{"ring", one.ring}, {"reading", one.name}}, one.value);
      if (one.name == "connections")
        put("ringside_server_connections", {{"ring", one.ring}}, one.value);
    }
    host();
    alerts();
    daemon();
  }
  std::map<std::string, double> samples;

 private:
  using Labels = std::vector<std::pair<std::string, std::string>>;
  static constexpr std::size_t kStart = 0;  // Window::since_start

  template <typename Number>
  void put(const std::string& name, const Labels& labels, Number value) {
    std::string key = name;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      std::string text;
      for (const char c : escape_visible(labels[i].second)) {
        if (c == '"' || c == '\\') text += '\\';
        text += c;
      }
      key += (i == 0 ? "{" : ",") + labels[i].first + "=\"" + text + "\"";
    }
    if (!labels.empty()) key += "}";
    samples[key] = static_cast<double>(value);
  }
  template <typename Number>
  void maybe(const std::string& name, const std::optional<Number>& value, double divisor = 1) {
    if (value) put(name, {}, static_cast<double>(*value) / divisor);
  }

  void outcomes(const std::string& name, const std::string& label, const SeriesView& one) {
    for (std::size_t i = 0; i < kOutcomes; ++i) {
      const std::uint64_t count = one.windows[kStart].outcomes[i];
      if (i <= 2 || count > 0)
        put(name, {{"ring", one.ring}, {label, one.name}, {"outcome", kOutcomeNames[i]}}, count);
    }
  }

  void operation(const SeriesView& one) {
    const Labels who = {{"ring", one.ring}, {"operation", one.name}};
    const WindowStats& all = one.windows[kStart];
    for (const int octave : {-16, -14, -12, -10, -9, -8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 4}) {
      std::uint64_t below = 0;
      for (const auto& bucket : all.latency.buckets)
        below += bucket_upper_seconds(bucket.index) <= std::exp2(octave) ? bucket.count : 0;
      std::ostringstream bound;
      bound.precision(17);
      bound << std::exp2(octave);
      Labels labels = who;
      labels.emplace_back("le", bound.str());
      put("ringside_operation_duration_seconds_bucket", labels, below);
    }
    Labels labels = who;
    labels.emplace_back("le", "+Inf");
    put("ringside_operation_duration_seconds_bucket", labels, all.latency.count());
    put("ringside_operation_duration_seconds_count", who, all.latency.count());
    put("ringside_operation_duration_seconds_sum", who, static_cast<double>(all.sum_ns) / 1e9);
    outcomes("ringside_operations_total", "operation", one);
    put("ringside_operations_skipped_total", who, all.skipped);
    put("ringside_server_operations_total", who, one.server_count);
    put("ringside_server_errors_total", who, one.server_errors);
    put("ringside_operation_records_lost_total", who, one.books.lost);
    for (std::size_t i = 0; i < kStages; ++i) {
      if (one.stage_names[i].empty() && all.stages[i].count == 0) continue;
      Labels stage = who;
      stage.emplace_back(
          "stage", one.stage_names[i].empty() ? "stage-" + std::to_string(i) : one.stage_names[i]);
      put("ringside_stage_duration_seconds_sum", stage,
          static_cast<double>(all.stages[i].sum_ns) / 1e9);
      put("ringside_stage_duration_seconds_count", stage, all.stages[i].count);
    }
    const std::int64_t threshold = s_.thresholds.response_of(one.name, one.declared);
    if (threshold > 0)
      put("ringside_operation_threshold_seconds", who, static_cast<double>(threshold) / 1e9);
    put("ringside_operation_error_threshold_ratio", who,
        s_.thresholds.error_percent_of(one.name) / 100);
    put("ringside_operation_info",
        {who[0],
         who[1],
         {"category", one.category},
         {"waits_for_client", one.declared.waits_for_client ? "true" : "false"}},
        1);
    int running = 0;
    for (const LaneView& lane : s_.lanes)
      running += lane.ring == one.ring && lane.in_flight == one.name &&
                 lane.state == LaneView::State::owned;
    put("ringside_in_flight_operations", who, running);
  }

  void event(const SeriesView& one) {
    const Labels who = {{"ring", one.ring}, {"event", one.name}};
    outcomes("ringside_events_total", "event", one);
    put("ringside_server_events_total", who, one.server_count);
    if (one.windows[kStart].sum_ns == 0) return;
    put("ringside_event_duration_seconds_sum", who,
        static_cast<double>(one.windows[kStart].sum_ns) / 1e9);
    put("ringside_event_duration_seconds_count", who, one.windows[kStart].timed);
  }

  void errors() {
    const auto named = [](const ErrorStats& one) {
      return one.name.empty() ? std::to_string(one.code) : one.name;
    };
    for (const ErrorStats& one : s_.errors) {
      std::uint64_t count = 0;
      for (const ErrorStats& other : s_.errors) {
        if (other.ring == one.ring && other.operation == one.operation &&
            other.outcome == one.outcome && named(other) == named(one))
          count += other.count[kStart];
      }
      put("ringside_operation_errors_total",
          {{"ring", one.ring},
           {"operation", one.operation},
           {"outcome", name_of(one.outcome)},
           {"error", named(one)}},
          count);
    }
  }

  void ring(const RingView& one) {
    const Labels who = {{"ring", one.name}};
    const auto with = [&](const char* label, const std::string& value) {
      return Labels{who[0], {label, value}};
    };
    put("ringside_ring_up", who, one.state == RingState::live);
    for (const RingState state : {RingState::waiting, RingState::live, RingState::crashed,
                                  RingState::closed, RingState::refused})
      put("ringside_ring_state", with("state", name_of(state)), one.state == state);
    if (one.state == RingState::live) put("ringside_ring_enabled", who, one.enabled);
    put("ringside_ring_instances_total", who, one.instances_seen);
    put("ringside_ring_crashes_total", who, one.crashes_seen);
    put("ringside_ring_restarts_total", who, one.restarts_seen);
    put("ringside_records_written_total", who, one.books.written);
    put("ringside_records_read_total", who, one.books.read);
    put("ringside_records_lost_total", with("reason", "overrun"),
        one.losses.while_observed[kStart]);
    put("ringside_records_lost_total", with("reason", "unwatched"), one.losses.before_attach);
    put("ringside_records_torn_total", who, one.books.torn);
    put("ringside_records_rejected_total", who, one.books.rejected);
    put("ringside_books_balanced", who, one.books.written == one.books.read + one.books.lost);
    if (one.created_wall_ns > 0)
      put("ringside_ring_created_timestamp_seconds", who,
          static_cast<double>(one.created_wall_ns) / 1e9);
    for (const char* level : {"info", "warning", "critical", "emergency"}) {
      int active = 0;
      for (const AlertView& alert : s_.alerts)
        active += alert.active() && alert.last.ring == one.name &&
                  name_of(alert.last.level) == std::string(level);
      put("ringside_ring_alerts_active", with("level", level), active);
    }
    if (one.segment_bytes == 0) return;  // its segment was never seen
    put("ringside_ring_segment_bytes", who, one.segment_bytes);
    put("ringside_server_info",
        {who[0],
         {"program", one.program},
         {"build_id", one.build_id},
         {"configuration_digest", one.configuration_digest}},
        1);
    put("ringside_untraced_records_total", who, one.untraced_records);
    put("ringside_untraced_threads_total", who, one.untraced_threads);
    put("ringside_names_refused_total", who, one.names_refused);
    put("ringside_names_merged_total", who, one.names_merged);
    put("ringside_misuses_total", with("reason", "id"), one.misused[0]);
    put("ringside_misuses_total", with("reason", "outcome"), one.misused[1]);
    put("ringside_misuses_total", with("reason", "stage"), one.misused[2]);
    put("ringside_misuses_total", with("reason", "stamp"), one.misused[3]);
    put("ringside_server_processes", who, one.processes.alive);
    put("ringside_server_processes_entered_total", who, one.processes.entered);
    put("ringside_server_processes_refused_total", who, one.processes.refused);
    put("ringside_server_process_exits_total", with("reason", "left"), one.processes.left);
    put("ringside_server_process_exits_total", with("reason", "restarted"),
        one.processes.restarted);
    put("ringside_server_process_exits_total", with("reason", "died"), one.processes.died);
  }

  void lanes() {
    for (const LaneView& one : s_.lanes) {
      double count = 0, pending = 0, oldest = 0;
      for (const LaneView& other : s_.lanes) {
        if (other.ring != one.ring) continue;
        count += other.state == one.state;
        pending += static_cast<double>(other.pending);
        if (other.state == LaneView::State::owned && !other.in_flight.empty())
          oldest =
              std::max(oldest, static_cast<double>(s_.wall_ns - other.in_flight_wall_ns) / 1e9);
      }
      put("ringside_lanes", {{"ring", one.ring}, {"state", name_of(one.state)}}, count);
      put("ringside_records_pending", {{"ring", one.ring}}, pending);
      put("ringside_in_flight_oldest_seconds", {{"ring", one.ring}}, oldest);
    }
  }

  template <typename Field>
  void folded(const char* name, Field field, double divisor, int how) {
    std::map<std::string, double> by_ring;
    for (const ProcessView& one : s_.processes) {
      const auto& value = one.*field;
      if (!value) continue;
      const double figure = static_cast<double>(*value) / divisor;
      auto at = by_ring.find(one.ring);
      if (at == by_ring.end()) {
        by_ring[one.ring] = figure;
      } else if (how == 0) {
        at->second += figure;
      } else if (how > 0 ? figure > at->second : figure < at->second) {
        at->second = figure;
      }
    }
    for (const auto& [ring, value] : by_ring) put(name, {{"ring", ring}}, value);
  }

  void processes() {
    folded("ringside_server_cpu_cores", &ProcessView::cpu_percent, 100, 0);
    folded("ringside_server_resident_memory_bytes", &ProcessView::resident_bytes, 1, 0);
    folded("ringside_server_largest_resident_memory_bytes", &ProcessView::resident_bytes, 1, 1);
    folded("ringside_server_open_files", &ProcessView::open_files, 1, 0);
    folded("ringside_server_open_files_limit", &ProcessView::open_files_limit, 1, -1);
    folded("ringside_server_threads", &ProcessView::threads, 1, 0);
    folded("ringside_server_stopped_processes", &ProcessView::stopped, 1, 0);
  }

  void host() {
    maybe("ringside_host_load1", s_.host.load_1m);
    maybe("ringside_host_load5", s_.host.load_5m);
    maybe("ringside_host_load15", s_.host.load_15m);
    maybe("ringside_host_cpus", s_.host.cpus);
    maybe("ringside_host_cpu_usage_ratio", s_.host.cpu_percent, 100);
    maybe("ringside_host_memory_total_bytes", s_.host.memory_total_bytes);
    maybe("ringside_host_memory_available_bytes", s_.host.memory_available_bytes);
    const std::pair<const char*, std::optional<Pressure>> pressures[] = {
        {"cpu", s_.host.cpu_pressure},
        {"memory", s_.host.memory_pressure},
        {"io", s_.host.io_pressure}};
    for (const auto& [resource, pressure] : pressures) {
      if (!pressure) continue;
      put("ringside_host_pressure_ratio", {{"resource", resource}, {"waiting", "some"}},
          pressure->some / 100);
      put("ringside_host_pressure_ratio", {{"resource", resource}, {"waiting", "all"}},
          pressure->full / 100);
    }
  }

  void alerts() {
    for (const char* alert : kAlertTypeNames) {
      for (const char* level : kAlertLevelNames) {
        int active = 0;
        for (const AlertView& one : s_.alerts)
          active += one.active() && name_of(one.last.alert) == std::string(alert) &&
                    name_of(one.last.level) == std::string(level);
        put("ringside_alerts_active", {{"alert", alert}, {"level", level}}, active);
      }
    }
    int unacknowledged = 0;
    for (const char* level : kAlertLevelNames) {
      int lasting = 0;
      for (const IncidentView& one : s_.incidents)
        lasting += one.ended_wall_ns == 0 && name_of(one.level) == std::string(level);
      put("ringside_incidents_active", {{"level", level}}, lasting);
    }
    for (const IncidentView& one : s_.incidents)
      unacknowledged += one.ended_wall_ns == 0 && !one.acknowledged;
    put("ringside_incidents_unacknowledged", {}, unacknowledged);
    put("ringside_silences_active", {}, s_.silences.size());
    int slower = 0;
    for (const RegressionView& one : s_.regressions)
      slower += one.ongoing && one.kind == RegressionView::Kind::slower;
    put("ringside_regressions_active", {}, slower);
    put("ringside_alert_transitions_total", {}, s_.transitions_forgotten + s_.transitions.size());
  }

  void daemon() {
    put("ringside_records_late_total", {}, s_.late_records);
    put("ringside_build_info", {{"version", s_.daemon.version}}, 1);
    put("ringside_snapshot_timestamp_seconds", {}, static_cast<double>(s_.wall_ns) / 1e9);
    put("ringside_books_since_timestamp_seconds", {},
        static_cast<double>(s_.daemon.state_since_wall_ns) / 1e9);
    put("ringside_tick_duration_seconds", {}, s_.tick_seconds);
    put("ringside_ticks_total", {}, s_.tick);
    put("ringside_daemon_start_time_seconds", {},
        static_cast<double>(s_.daemon.started_wall_ns) / 1e9);
    put("ringside_daemon_restarts_total", {}, s_.daemon.restarts);
    put("ringside_daemon_passes_total", {}, s_.daemon.passes);
    maybe("ringside_daemon_cpu_seconds_total", s_.daemon.cpu_seconds);
    maybe("ringside_daemon_resident_memory_bytes", s_.daemon.resident_bytes);
    put("ringside_daemon_metrics_memory_bytes", {}, s_.daemon.metrics_bytes);
    put("ringside_memory_threshold_bytes", {}, s_.thresholds.memory_bytes);
    put("ringside_connections_threshold", {}, s_.thresholds.connections);
  }

  const Snapshot& s_;
};

}  // namespace ringside::test
