#include "report/render/json.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>

#include "report/analysis/analysis.h"
#include "report/model/format.h"
#include "report/render/json_parts.h"

namespace ringside {
namespace detail {

Json json_at(std::int64_t wall_ns) {
  return wall_ns == 0 ? Json(nullptr) : Json(format_wall_exact(wall_ns));
}

Json json_text(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json json_party(const Party& party) {
  if (party.none()) return nullptr;
  Json json = {{"kind", name_of(party.kind)}, {"id", std::to_string(party.id)}};
  json["label"] = party.label.empty() ? Json() : Json(party.label);
  if (party.kind == PartyKind::address) json["text"] = format_address(party.id);
  return json;
}

Json json_windows(const std::array<std::uint64_t, kWindows>& counts) {
  Json json = Json::object();
  for (std::size_t w = 0; w < kWindows; ++w) json[kWindowNames[w]] = counts[w];
  return json;
}

namespace {

template <class T>
Json known_or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

// A figure of 0 means that there is none, and becomes null.
template <class T>
Json nonzero_or_null(T value) {
  return value > 0 ? Json(value) : Json(nullptr);
}

Json json_stages(const WindowStats& stats, const std::array<std::string, kStages>& names) {
  Json stages = Json::array();
  for (std::size_t s = 0; s < kStages; ++s) {
    const StageStats& stage = stats.stages[s];
    if (stage.count == 0 && names[s].empty()) continue;
    stages.push_back({{"stage", s},
                      {"name", names[s]},
                      {"count", stage.count},
                      {"sum_ns", stage.sum_ns},
                      {"max_ns", stage.max_ns}});
  }
  return stages;
}

constexpr std::pair<const char*, double> kQuantiles[] = {
    {"p50", 0.5}, {"p90", 0.9}, {"p95", 0.95}, {"p99", 0.99}, {"p999", 0.999}};

Json json_window(const WindowStats& stats, const std::array<std::string, kStages>& stage_names,
                 bool histogram) {
  Json outcomes = Json::object();
  for (std::size_t o = 0; o < kOutcomes; ++o) outcomes[kOutcomeNames[o]] = stats.outcomes[o];
  const bool timed = stats.timed > 0;
  Json json = {{"seconds", stats.seconds},
               {"count", stats.count()},
               {"recorded", stats.recorded},
               {"skipped", stats.skipped},
               {"history", stats.history},
               {"errors", stats.errors},
               {"refused", stats.refused},
               {"rate_per_s", stats.seconds > 0 ? Json(stats.rate()) : Json(nullptr)},
               {"error_rate", stats.count() > 0 ? Json(stats.error_rate()) : Json(nullptr)},
               {"outcomes", outcomes},
               {"timed", stats.timed},
               {"negative", stats.negative},
               {"sum_ns", stats.sum_ns},
               {"min_ns", timed ? Json(stats.min_ns) : Json(nullptr)},
               {"mean_ns", timed ? Json(stats.mean_ns()) : Json(nullptr)},
               {"max_ns", timed ? Json(stats.max_ns) : Json(nullptr)}};
  Json past_end = Json::array();
  for (const auto& [name, q] : kQuantiles) {
    json[std::string(name) + "_ns"] = timed ? Json(stats.quantile_ns(q)) : Json(nullptr);
    if (stats.quantile_past_end(q)) past_end.push_back(name);
  }
  json["past_end"] = past_end;
  json["stages"] = json_stages(stats, stage_names);
  json["value_sum"] = stats.value_sum;
  if (!histogram) return json;
  json["histogram"] = array_of(stats.latency.buckets, [](const Histogram::Bucket& bucket) {
    return Json::array({bucket.index, bucket.count});
  });
  return json;
}

Json json_interval(const Interval& interval) { return Json::array({interval.low, interval.high}); }

Json json_losses(const Losses& losses) {
  return {{"while_observed", json_windows(losses.while_observed)},
          {"before_attach", losses.before_attach}};
}

Json json_processes(const ProcessCounts& processes) {
  return {{"alive", processes.alive}, {"entered", processes.entered},
          {"left", processes.left},   {"restarted", processes.restarted},
          {"died", processes.died},   {"refused", processes.refused}};
}

Json json_misused(const RingView& ring) {
  Json json = Json::object();
  for (std::size_t i = 0; i < kMisuses; ++i) json[kMisuseNames[i]] = ring.misused[i];
  return json;
}

Json json_pressure(const std::optional<Pressure>& pressure) {
  if (!pressure) return nullptr;
  return {{"some_percent", pressure->some}, {"full_percent", pressure->full}};
}

}  // namespace

Json json_books(const Books& books) {
  return {{"written", books.written}, {"read", books.read},         {"lost", books.lost},
          {"torn", books.torn},       {"rejected", books.rejected}, {"balance", books.balance()}};
}

Json json_record(const RecordView& record) {
  return {{"operation", record.operation},
          {"start_at", json_at(record.start_wall_ns)},
          {"duration_ns", record.untimed ? Json(nullptr) : Json(record.duration_ns)},
          {"outcome", name_of(record.outcome)},
          {"error", record.error},
          {"error_name", record.error_name},
          {"actor", json_party(record.actor)},
          {"subject", json_party(record.subject)},
          {"stages_ns", record.stages_ns},
          {"value", record.value},
          {"context", record.context},
          {"ring", record.ring},
          {"lane", record.lane},
          {"position", record.position}};
}

Json json_series(const SeriesView& series, const SeriesParts& parts) {
  Json windows = Json::object();
  for (std::size_t w = 0; w < kWindows; ++w) {
    if (parts.window && static_cast<std::size_t>(*parts.window) != w) continue;
    windows[kWindowNames[w]] = json_window(series.windows[w], series.stage_names, parts.histograms);
  }
  Json json = {{"name", series.name},
               {"ring", json_text(series.ring)},
               {"category", series.category},
               {"stage_names", series.stage_names},
               {"declared_response_ms",
                series.declared.response_ns > 0
                    ? Json(static_cast<double>(series.declared.response_ns) / 1e6)
                    : Json(nullptr)},
               {"waits_for_client", series.declared.waits_for_client},
               {"server_count", series.server_count},
               {"server_errors", series.server_errors},
               {"books", json_books(series.books)},
               {"windows", windows}};
  if (parts.last == 0) return json;
  const std::size_t last = std::min(parts.last, series.last.size());
  json["last"] = array_of(std::span(series.last).first(last), json_record);
  return json;
}

Json json_error(const ErrorStats& error) {
  return {{"code", error.code},
          {"name", error.name},
          {"ring", json_text(error.ring)},
          {"operation", error.operation},
          {"outcome", name_of(error.outcome)},
          {"count", json_windows(error.count)},
          {"last_at", json_at(error.last_wall_ns)},
          {"last_actor", json_party(error.last_actor)}};
}

Json json_top(const TopEntry& entry) {
  return {{"party", json_party(entry.party)},
          {"ring", json_text(entry.ring)},
          {"count", entry.count},
          {"errors", entry.errors},
          {"refused", entry.refused},
          {"time_ns", entry.time_ns},
          {"estimated", entry.estimated},
          {"count_between", json_interval(entry.count_in)},
          {"errors_between", json_interval(entry.errors_in)},
          {"refused_between", json_interval(entry.refused_in)},
          {"time_ns_between", json_interval(entry.time_in_ns)}};
}

Json json_ring(const RingView& ring) {
  return {{"name", ring.name},
          {"path", ring.path},
          {"program", json_text(ring.program)},
          {"build_id", json_text(ring.build_id)},
          {"configuration_digest", json_text(ring.configuration_digest)},
          {"state", name_of(ring.state)},
          {"problem", ring.problem},
          {"instance", json_text(ring.instance)},
          {"pid", nonzero_or_null(ring.pid)},
          {"created_at", json_at(ring.created_wall_ns)},
          {"clock", json_text(ring.clock)},
          {"ticks_per_second", nonzero_or_null(ring.ticks_per_second)},
          {"enabled", ring.enabled},
          {"sampled", array_of(ring.sampled,
                               [](const SampledView& one) -> Json {
                                 return {{"name", one.name}, {"one_in", one.one_in}};
                               })},
          {"instances_seen", ring.instances_seen},
          {"crashes_seen", ring.crashes_seen},
          {"restarts_seen", ring.restarts_seen},
          {"processes", json_processes(ring.processes)},
          {"untraced_threads", ring.untraced_threads},
          {"untraced_records", ring.untraced_records},
          {"names_refused", ring.names_refused},
          {"names_merged", ring.names_merged},
          {"misused", json_misused(ring)},
          {"segment_bytes", nonzero_or_null(ring.segment_bytes)},
          {"books", json_books(ring.books)},
          {"losses", json_losses(ring.losses)}};
}

Json json_lane(const LaneView& lane) {
  return {{"ring", lane.ring},
          {"lane", lane.lane},
          {"overflow", lane.overflow},
          {"state", name_of(lane.state)},
          {"pid", nonzero_or_null(lane.pid)},
          {"tid", nonzero_or_null(lane.tid)},
          {"thread", lane.thread},
          {"generation", lane.generation},
          {"in_flight", lane.in_flight.empty() ? Json()
                                               : Json{{"operation", lane.in_flight},
                                                      {"since", json_at(lane.in_flight_wall_ns)}}},
          {"books", json_books(lane.books)},
          {"pending", lane.pending}};
}

Json json_gauge(const GaugeView& gauge) {
  return {{"ring", gauge.ring}, {"name", gauge.name}, {"value", gauge.value}, {"max", gauge.max}};
}

Json json_system(const Snapshot& snapshot) {
  const HostView& host = snapshot.host;
  const DaemonView& daemon = snapshot.daemon;
  return {{"processes",
           array_of(snapshot.processes,
                    [](const ProcessView& process) -> Json {
                      return {{"ring", process.ring},
                              {"pid", process.pid},
                              {"cpu_percent", known_or_null(process.cpu_percent)},
                              {"cpu_seconds", known_or_null(process.cpu_seconds)},
                              {"resident_bytes", known_or_null(process.resident_bytes)},
                              {"open_files", known_or_null(process.open_files)},
                              {"open_files_limit", known_or_null(process.open_files_limit)},
                              {"threads", known_or_null(process.threads)},
                              {"uptime_seconds", known_or_null(process.uptime_seconds)}};
                    })},
          {"gauges", array_of(snapshot.gauges, json_gauge)},
          {"host",
           {{"load_1m", known_or_null(host.load_1m)},
            {"load_5m", known_or_null(host.load_5m)},
            {"load_15m", known_or_null(host.load_15m)},
            {"cpus", known_or_null(host.cpus)},
            {"cpu_percent", known_or_null(host.cpu_percent)},
            {"memory_total_bytes", known_or_null(host.memory_total_bytes)},
            {"memory_available_bytes", known_or_null(host.memory_available_bytes)},
            {"pressure",
             {{"cpu", json_pressure(host.cpu_pressure)},
              {"memory", json_pressure(host.memory_pressure)},
              {"io", json_pressure(host.io_pressure)}}}}},
          {"daemon",
           {{"version", daemon.version},
            {"pid", daemon.pid},
            {"started_at", json_at(daemon.started_wall_ns)},
            {"uptime_seconds", daemon.uptime_seconds},
            {"state_since_at", json_at(daemon.state_since_wall_ns)},
            {"restarts", daemon.restarts},
            {"cpu_percent", known_or_null(daemon.cpu_percent)},
            {"cpu_seconds", known_or_null(daemon.cpu_seconds)},
            {"resident_bytes", known_or_null(daemon.resident_bytes)},
            {"metrics_bytes", daemon.metrics_bytes},
            {"passes", daemon.passes}}}};
}

Json json_min_samples() {
  Json json = Json::object();
  for (const auto& [name, q] : kQuantiles) json[name] = samples_needed(q);
  return json;
}

Json json_histogram_schema() {
  return {{"schema", 5},
          {"bucket_upper_bound_seconds", "2^(index/32)"},
          {"min_index", kMinBucket},
          {"max_index", kMaxBucket},
          {"highest_from_seconds", longest_told_apart_seconds()}};
}

Json json_parties(const Snapshot& snapshot) {
  return {{"parties_seconds", snapshot.parties_seconds},
          {"actors_by_errors", array_of(snapshot.actors_by_errors, json_top)},
          {"actors_by_time", array_of(snapshot.actors_by_time, json_top)},
          {"subjects_by_errors", array_of(snapshot.subjects_by_errors, json_top)},
          {"subjects_by_time", array_of(snapshot.subjects_by_time, json_top)},
          {"slowest", array_of(snapshot.slowest, json_record)},
          {"slowest_since_start", array_of(snapshot.slowest_since_start, json_record)}};
}

Json report_json(const Report& report, const JsonOptions& options) {
  const Snapshot& snapshot = report.snapshot;
  const SeriesParts parts{.last = options.last_records ? SIZE_MAX : 0};
  const auto series = [&](const SeriesView& one) { return json_series(one, parts); };
  return {{"ringside_report", kJsonVersion},
          {"taken_at", json_at(snapshot.wall_ns)},
          {"taken_unix_ms", snapshot.wall_ns / 1'000'000},
          {"tick", snapshot.tick},
          {"tick_seconds", snapshot.tick_seconds},
          {"past_seconds", snapshot.past_seconds},
          {"histogram_schema", json_histogram_schema()},
          {"quantile_min_samples", json_min_samples()},
          {"analysis", json_analysis(report)},
          {"books", json_books(snapshot.books)},
          {"unattributed_lost", snapshot.unattributed_lost},
          {"late_records", snapshot.late_records},
          {"rings", array_of(snapshot.rings, json_ring)},
          {"lanes", array_of(snapshot.lanes, json_lane)},
          {"system", json_system(snapshot)},
          {"all", series(snapshot.all)},
          {"operations", array_of(snapshot.operations, series)},
          {"categories", array_of(snapshot.categories, series)},
          {"events", array_of(snapshot.events, series)},
          {"errors", array_of(snapshot.errors, json_error)},
          {"top", json_parties(snapshot)},
          {"alerts", json_alerts(snapshot)},
          {"regressions", json_regressions(snapshot)},
          {"thresholds", json_thresholds(snapshot.thresholds)},
          {"history", json_history(report.history)},
          {"comparison", json_comparison(report.comparison)},
          {"configuration", snapshot.configuration},
          {"configuration_changed", snapshot.configuration_changed}};
}

}  // namespace detail

std::string render_json(const Report& report, const JsonOptions& options) {
  return detail::report_json(report, options)
      .dump(options.indent, ' ', false, detail::Json::error_handler_t::replace);
}

}  // namespace ringside
