// Operations and events: what the server does, how long it takes, and how it ends.
#include <algorithm>
#include <map>
#include <string>
#include <tuple>

#include "report/render/prometheus/family_parts.h"

namespace ringside::metrics {

namespace {

const WindowStats& total(const SeriesView& series) { return series.window(Window::since_start); }

// The outcomes that rates are computed from begin at 0, the others when they come.
bool shown_at_zero(RecordOutcome outcome) {
  return outcome == RecordOutcome::ok || is_failure(outcome);
}

void add_by_outcome(const std::vector<SeriesView>& all, const char* label, std::int64_t since,
                    Family& family) {
  for (const SeriesView& series : all) {
    for (std::size_t i = 0; i < kOutcomes; ++i) {
      const auto outcome = static_cast<RecordOutcome>(i);
      const std::uint64_t count = total(series).outcomes[i];
      if (count > 0 || shown_at_zero(outcome))
        family.add({{"ring", series.ring}, {label, series.name}, {"outcome", name_of(outcome)}},
                   count, since);
    }
  }
}

void add_durations(const Snapshot& snapshot, std::int64_t since, Families& out) {
  Family family(out, "ringside_operation_duration_seconds", MetricKind::histogram, "seconds",
                "Time that calls took, of the records that were read.");
  for (const SeriesView& series : snapshot.operations) {
    const WindowStats& stats = total(series);
    Metric& metric = family.add({{"ring", series.ring}, {"operation", series.name}}, 0.0, since);
    metric.histogram = &stats.latency;
    metric.count = stats.latency.count();
    metric.sum = seconds(stats.sum_ns);
    for (const ExemplarView& exemplar : series.exemplars) {
      if (exemplar.end_wall_ns < 0) continue;  // a clock from before the epoch has no time stamp
      metric.exemplars.push_back({series.ring, exemplar.lane, exemplar.position,
                                  seconds(exemplar.span_ns), exemplar.end_wall_ns});
    }
    std::stable_sort(
        metric.exemplars.begin(), metric.exemplars.end(),
        [](const MetricExemplar& a, const MetricExemplar& b) { return a.wall_ns < b.wall_ns; });
  }
}

void add_summary(Family& family, std::vector<MetricLabel> labels, std::uint64_t count,
                 std::uint64_t sum_ns, std::int64_t since) {
  Metric& metric = family.add(std::move(labels), 0.0, since);
  metric.count = count;
  metric.sum = seconds(sum_ns);
}

void add_stages(const Snapshot& snapshot, std::int64_t since, Families& out) {
  Family family(out, "ringside_stage_duration_seconds", MetricKind::summary, "seconds",
                "Time that calls spent in a stage, and how many marked it.");
  for (const SeriesView& series : snapshot.operations) {
    // A server may give two stages one name: they are one.
    std::map<std::string, StageStats> by_name;
    for (std::size_t i = 0; i < kStages; ++i) {
      const StageStats& stage = total(series).stages[i];
      if (series.stage_names[i].empty() && stage.count == 0) continue;
      StageStats& sum = by_name[series.stage_names[i].empty() ? "stage-" + std::to_string(i)
                                                              : series.stage_names[i]];
      sum.count += stage.count;
      sum.sum_ns += stage.sum_ns;
    }
    for (const auto& [name, stage] : by_name)
      add_summary(family, {{"ring", series.ring}, {"operation", series.name}, {"stage", name}},
                  stage.count, stage.sum_ns, since);
  }
}

void add_errors(const Snapshot& snapshot, std::int64_t since, Families& out) {
  Family family(out, "ringside_operation_errors", MetricKind::counter, "",
                "Calls that failed or were refused, by error, of the records that were read.");
  // Codes may share a name.
  std::map<std::tuple<std::string, std::string, std::string, std::string>, std::uint64_t> counts;
  for (const ErrorStats& error : snapshot.errors) {
    counts[{error.ring, error.operation, name_of(error.outcome),
            error.name.empty() ? std::to_string(error.code) : error.name}] +=
        error.count[static_cast<std::size_t>(Window::since_start)];
  }
  for (const auto& [key, count] : counts) {
    const auto& [ring, operation, outcome, error] = key;
    family.add({{"ring", ring}, {"operation", operation}, {"outcome", outcome}, {"error", error}},
               count, since);
  }
}

// One figure of each series.
template <typename Figure>
void add_each(const std::vector<SeriesView>& all, const char* label, std::int64_t since,
              Families& out, const char* name, const char* help, const Figure& figure) {
  Family family(out, name, MetricKind::counter, "", help);
  for (const SeriesView& series : all)
    family.add({{"ring", series.ring}, {label, series.name}}, figure(series), since);
}

void add_thresholds(const Snapshot& snapshot, Families& out) {
  {
    Family family(out, "ringside_operation_threshold_seconds", MetricKind::gauge, "seconds",
                  "Slower than this is too slow. Absent: no threshold.");
    for (const SeriesView& series : snapshot.operations) {
      const std::int64_t ns = snapshot.thresholds.response_of(series.name, series.declared);
      if (ns > 0) family.add({{"ring", series.ring}, {"operation", series.name}}, seconds(ns));
    }
  }
  Family family(out, "ringside_operation_error_threshold_ratio", MetricKind::gauge, "ratio",
                "The share of failed calls from which on they are too many.");
  for (const SeriesView& series : snapshot.operations)
    family.add({{"ring", series.ring}, {"operation", series.name}},
               snapshot.thresholds.error_percent_of(series.name) / 100);
}

void add_in_flight(const Snapshot& snapshot, Families& out) {
  std::map<std::pair<std::string, std::string>, std::uint64_t> running;
  std::map<std::string, std::int64_t> since;
  for (const SeriesView& series : snapshot.operations) running[{series.ring, series.name}] = 0;
  for (const LaneView& lane : snapshot.lanes) {
    std::int64_t& oldest = since.try_emplace(lane.ring, snapshot.wall_ns).first->second;
    // A dead lane shows what its thread died in.
    if (lane.in_flight.empty() || lane.state != LaneView::State::owned) continue;
    ++running[{lane.ring, lane.in_flight}];
    oldest = std::min(oldest, lane.in_flight_wall_ns);
  }
  {
    Family family(out, "ringside_in_flight_operations", MetricKind::gauge, "",
                  "Calls that have begun and not ended.");
    for (const auto& [key, count] : running)
      family.add({{"ring", key.first}, {"operation", key.second}}, count);
  }
  Family family(out, "ringside_in_flight_oldest_seconds", MetricKind::gauge, "seconds",
                "How long the oldest call that has not ended has been running; 0: none runs.");
  for (const auto& [ring, wall_ns] : since)
    family.add({{"ring", ring}}, seconds(snapshot.wall_ns - wall_ns));
}

}  // namespace

void add_operations(const Snapshot& snapshot, Families& out) {
  const std::int64_t since = snapshot.daemon.state_since_wall_ns;
  const std::vector<SeriesView>& all = snapshot.operations;
  add_durations(snapshot, since, out);
  {
    Family family(out, "ringside_operations", MetricKind::counter, "",
                  "Calls that ended, by outcome, of the records that were read.");
    add_by_outcome(all, "operation", since, family);
  }
  add_each(all, "operation", since, out, "ringside_operations_skipped",
           "Calls that the server counted and wrote no record of.",
           [](const SeriesView& series) { return total(series).skipped; });
  add_each(all, "operation", since, out, "ringside_server_operations",
           "Calls by the server's own count: right also when records are lost.",
           [](const SeriesView& series) { return series.server_count; });
  add_each(all, "operation", since, out, "ringside_server_errors",
           "Calls that ended with error or timeout, by the server's own count.",
           [](const SeriesView& series) { return series.server_errors; });
  add_errors(snapshot, since, out);
  add_each(all, "operation", since, out, "ringside_operation_records_lost",
           "Records that were overwritten before they were read, as far as their operation is "
           "known.",
           [](const SeriesView& series) { return series.books.lost; });
  add_stages(snapshot, since, out);
  add_thresholds(snapshot, out);
  {
    Family family(out, "ringside_operation", MetricKind::info, "",
                  "An operation's category, and whether it waits for its client.");
    for (const SeriesView& series : all)
      family.add({{"ring", series.ring},
                  {"operation", series.name},
                  {"category", series.category},
                  {"waits_for_client", series.declared.waits_for_client ? "true" : "false"}},
                 1.0);
  }
  add_in_flight(snapshot, out);
}

void add_events(const Snapshot& snapshot, Families& out) {
  const std::int64_t since = snapshot.daemon.state_since_wall_ns;
  {
    Family family(out, "ringside_events", MetricKind::counter, "",
                  "Events, by outcome, of the records that were read.");
    add_by_outcome(snapshot.events, "event", since, family);
  }
  add_each(snapshot.events, "event", since, out, "ringside_server_events",
           "Events by the server's own count, those without a record included.",
           [](const SeriesView& series) { return series.server_count; });
  Family family(out, "ringside_event_duration_seconds", MetricKind::summary, "seconds",
                "Time that events took, of those that take any.");
  for (const SeriesView& series : snapshot.events) {
    if (total(series).sum_ns > 0)
      add_summary(family, {{"ring", series.ring}, {"event", series.name}}, total(series).timed,
                  total(series).sum_ns, since);
  }
}

}  // namespace ringside::metrics
