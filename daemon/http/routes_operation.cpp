// GET operations/{name}: one operation or event whole.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "daemon/config/units.h"
#include "daemon/http/chart_figures_json.h"
#include "daemon/http/envelope.h"
#include "daemon/http/parameters.h"
#include "daemon/http/past.h"
#include "daemon/http/routes_parts.h"
#include "daemon/http/shown.h"
#include "report/render/json_parts.h"

namespace ringside::http {
namespace {

using detail::array_of;

constexpr std::size_t kSparklineSteps = 120;

struct OperationAsked {
  std::string name;
  std::optional<std::string> ring;
  std::size_t recent = 100;
  std::int64_t history_s = 0;  // 0: without

  bool wants(const SeriesView& series) const {
    return series.name == name && (!ring || series.ring == *ring);
  }
};

std::vector<const SeriesView*> series_of(const std::vector<SeriesView>& list,
                                         const OperationAsked& asked) {
  std::vector<const SeriesView*> found;
  for (const SeriesView& series : list) {
    if (asked.wants(series)) found.push_back(&series);
  }
  return found;
}

template <class List, class Is, class Function>
Json those(const List& list, Is is, Function function) {
  Json json = Json::array();
  for (const auto& one : list) {
    if (is(one)) json.push_back(function(one));
  }
  return json;
}

Json sampled_one_in(const Snapshot& snapshot, const SeriesView& series) {
  for (const RingView& ring : snapshot.rings) {
    if (ring.name != series.ring) continue;
    for (const SampledView& one : ring.sampled) {
      if (one.name == series.name) return one.one_in;
    }
  }
  return nullptr;
}

Json sparklines_of(const HistorySpan& span, const SeriesView& series) {
  const Steps steps = steps_of(span, 0, kSparklineSteps);
  std::vector<ChartFigure> figures;
  for (const char* name : {"rate_per_s", "p50_ns", "p95_ns", "p99_ns", "error_rate"})
    figures.push_back(*parse_chart_figure(name));
  Json json = json_steps(steps);
  json["series"] = array_of(
      figures_over_time(span, steps, figures, {series.name, series.ring, false}), json_figure);
  return json;
}

Json ring_of(const Report& report, const SeriesView& series, const OperationAsked& asked,
             bool event) {
  const Snapshot& snapshot = report.snapshot;
  const auto of_record = [&](const RecordView& one) {
    return one.operation == series.name && one.ring == series.ring;
  };
  const auto of_error = [&](const ErrorStats& one) {
    return one.operation == series.name && one.ring == series.ring;
  };
  const auto of_alert = [&](const AlertView& one) {
    return one.last.operation == series.name && one.last.ring == series.ring;
  };
  Json time = nullptr;
  for (const TimeShare& one : report.analysis.operations) {
    if (one.operation == series.name && one.ring == series.ring) time = detail::json_time(one);
  }
  return {
      {"ring", series.ring},
      {"series",
       json_shown_series(series, snapshot.thresholds,
                         event ? Judged::not_at_all : Judged::operation, {.last = asked.recent})},
      {"time", time},
      {"worst", those(snapshot.slowest, of_record, detail::json_record)},
      {"worst_since_start", those(snapshot.slowest_since_start, of_record, detail::json_record)},
      {"errors", those(snapshot.errors, of_error, detail::json_error)},
      {"alerts", those(snapshot.alerts, of_alert, detail::json_alert)},
      {"sampled_one_in", sampled_one_in(snapshot, series)}};
}

Json operation_of(const Report& report, const std::vector<const SeriesView*>& found,
                  const OperationAsked& asked, bool event, const HistorySpan* span) {
  return {{"name", asked.name},
          {"event", event},
          {"histogram_schema", detail::json_histogram_schema()},
          {"quantile_min_samples", detail::json_min_samples()},
          {"rings", array_of(found, [&](const SeriesView* series) {
             Json json = ring_of(report, *series, asked, event);
             json["history"] = span != nullptr ? sparklines_of(*span, *series) : Json(nullptr);
             return json;
           })}};
}

// An empty history, or one without this operation, is no reason to withhold the rest.
Response with_history(const Request& request, const Sources& sources, const OperationAsked& asked,
                      const std::vector<const SeriesView*>& found, bool event) {
  PastAsked past;
  past.otherwise_s = asked.history_s;
  past.operation = asked.name;
  std::variant<Past, Response> result = read_past(request, sources, past);
  const auto* wrong = std::get_if<Response>(&result);
  if (wrong != nullptr && wrong->status != 404) return *wrong;
  const Past* read = std::get_if<Past>(&result);
  const HistorySpan* span = read != nullptr && read->recorded ? &read->span : nullptr;
  return enveloped(request, sources,
                   operation_of(sources.present->report(), found, asked, event, span));
}

Response unknown_operation(const Request& request, const Snapshot& snapshot,
                           const std::string& name) {
  std::vector<std::string> names;
  for (const SeriesView& one : snapshot.operations) names.push_back(one.name);
  for (const SeriesView& one : snapshot.events) names.push_back(one.name);
  return unknown_name(request, "unknown_operation", "operation", name, names);
}

}  // namespace

Answer answer_operation(const std::string& name, const Request& request, const Sources& sources) {
  Parameters parameters(request, {"ring", "recent", "history"});
  OperationAsked asked;
  asked.name = name;
  asked.ring = parameters.text("ring", 400);
  asked.recent = parameters.number("recent", 0, 100).value_or(100);
  asked.history_s = parameters.duration("history", "1min", "48h").value_or(0) / kSecond;
  if (parameters.wrong()) return *parameters.wrong();
  if (!sources.present) return not_known_yet(request);
  const Snapshot& snapshot = sources.present->snapshot();
  if (auto wrong = unknown_ring(request, snapshot, asked.ring)) return *wrong;
  std::vector<const SeriesView*> found = series_of(snapshot.operations, asked);
  const bool event = found.empty();
  if (event) found = series_of(snapshot.events, asked);
  if (found.empty()) return unknown_operation(request, snapshot, name);
  if (asked.history_s == 0) {
    const auto data = sources.present->kept(
        fmt::format("operation {} {} {}:{}{}", asked.recent, asked.ring.has_value(), name.size(),
                    name, asked.ring.value_or("")),
        [&] {
          return json_text_of(
              operation_of(sources.present->report(), found, asked, event, nullptr));
        });
    return enveloped(request, sources, *data);
  }
  if (sources.history.empty()) return no_history(request);
  return Job{Job::Kind::reading, [request, sources, asked, found, event] {
               return with_history(request, sources, asked, found, event);
             }};
}

}  // namespace ringside::http
