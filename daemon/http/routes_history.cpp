// GET history: figures over time, for charts.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "daemon/config/config_keys.h"
#include "daemon/config/units.h"
#include "daemon/history/spans.h"
#include "daemon/http/chart_figures_json.h"
#include "daemon/http/envelope.h"
#include "daemon/http/parameters.h"
#include "daemon/http/past.h"
#include "daemon/http/routes_parts.h"
#include "daemon/http/shown.h"
#include "report/render/json_parts.h"

namespace ringside::http {
namespace {

constexpr std::size_t kMostFigures = 12;
constexpr std::size_t kUsualSteps = 480;
constexpr std::size_t kMostSteps = 1500;
constexpr std::size_t kMostPoints = 100'000;

const std::vector<std::string>& usual_figures() {
  static const std::vector<std::string> names = {"rate_per_s", "p50_ns", "p95_ns", "p99_ns",
                                                 "error_rate"};
  return names;
}

struct HistoryAsked {
  std::vector<ChartFigure> figures;
  Calls calls;
  PastAsked past;
  std::int64_t step_s = 0;  // 0: not asked for
};

std::vector<ChartFigure> figures_of(Parameters& parameters, const Request& request) {
  std::vector<std::string> names = parameters.list("figure", kMostFigures);
  if (request.parameter("figure") == nullptr) names = usual_figures();
  std::vector<ChartFigure> figures;
  for (const std::string& name : names) {
    if (const auto figure = parse_chart_figure(name)) {
      figures.push_back(*figure);
      continue;
    }
    const std::string nearest = nearest_name(name, call_figures());
    parameters.refuse_value("figure", name,
                            fmt::format("some of {}, stage:NAME, gauge:NAME or gauge_max:NAME{}",
                                        fmt::join(call_figures(), ", "),
                                        nearest.empty() ? "" : "; nearest known: " + nearest));
  }
  return figures;
}

// The span has the one operation alone that was asked for, so the latest tick says what there is.
std::vector<std::string> operation_names(const Sources& sources) {
  std::vector<std::string> names;
  if (!sources.present) return names;
  const Snapshot& snapshot = sources.present->snapshot();
  for (const SeriesView& series : snapshot.operations) names.push_back(series.name);
  for (const SeriesView& series : snapshot.events) names.push_back(series.name);
  return names;
}

// Stages or gauges of the span, as figures.
std::vector<std::string> figure_names(const HistorySpan& span, const ChartFigure& figure) {
  std::set<std::string> names;
  const std::string prefix = figure.asked.substr(0, figure.asked.size() - figure.name.size());
  if (figure.of == ChartFigure::Of::stage) {
    for (const HistorySeries& series : span.series) {
      for (const std::string& stage : series.stage_names) {
        if (!stage.empty()) names.insert(prefix + stage);
      }
    }
  } else {
    for (const HistoryGauge& gauge : span.gauges) names.insert(prefix + gauge.name);
  }
  return {names.begin(), names.end()};
}

// Whether the server has it now. Then a span without it is no mistake: it may be new.
bool is_known_now(const Sources& sources, const std::string& operation) {
  const std::vector<std::string> names = operation_names(sources);
  return std::find(names.begin(), names.end(), operation) != names.end();
}
bool is_known_now(const Sources& sources, const ChartFigure& figure) {
  if (!sources.present) return false;
  const Snapshot& snapshot = sources.present->snapshot();
  if (figure.of == ChartFigure::Of::stage) {
    const auto marks = [&](const SeriesView& series) {
      return std::find(series.stage_names.begin(), series.stage_names.end(), figure.name) !=
             series.stage_names.end();
    };
    return std::any_of(snapshot.operations.begin(), snapshot.operations.end(), marks);
  }
  return std::any_of(snapshot.gauges.begin(), snapshot.gauges.end(),
                     [&](const GaugeView& gauge) { return gauge.name == figure.name; });
}

// What is not in the span although it was asked for. Where nothing was recorded an operation that
// the server doesn't have is still a mistake; stages and gauges can't be judged.
std::optional<Response> missing(const Request& request, const Sources& sources,
                                const HistoryAsked& asked, const Past& past,
                                const std::vector<ChartSeries>& series) {
  const std::string& operation = asked.calls.operation;
  const HistorySpan& span = past.span;
  const auto of_it = [&](const HistorySeries& one) { return one.name == operation; };
  const bool can_judge = past.recorded || sources.present;
  if (!operation.empty() && can_judge && !is_known_now(sources, operation) &&
      std::none_of(span.series.begin(), span.series.end(), of_it))
    return unknown_name(request, "unknown_operation", "operation", operation,
                        operation_names(sources));
  if (!past.recorded) return std::nullopt;
  for (const ChartFigure& figure : asked.figures) {
    const auto has = [&](const ChartSeries& one) { return one.figure == figure.asked; };
    if (figure.of == ChartFigure::Of::calls || is_known_now(sources, figure) ||
        std::any_of(series.begin(), series.end(), has))
      continue;
    return unknown_name(request, "unknown_figure", "figure", figure.asked,
                        figure_names(span, figure));
  }
  return std::nullopt;
}

Steps steps_for(const HistoryAsked& asked, const HistorySpan& span) {
  std::size_t lines = 1;
  if (asked.calls.each) lines = std::max<std::size_t>(span.series.size(), 1);
  const std::size_t most = std::clamp<std::size_t>(kMostPoints / (lines * asked.figures.size()), 1,
                                                   asked.step_s > 0 ? kMostSteps : kUsualSteps);
  return steps_of(span, asked.step_s, most);
}

Json chart_of(const HistorySpan& span, const Steps& steps, const std::vector<ChartSeries>& series) {
  Json json = json_steps(steps);
  json["begin_unix_ms"] = steps.begin_wall_s * 1000;
  json["steps"] = steps.count;
  json["series"] = detail::array_of(series, json_figure);
  json["marks"] = detail::array_of(span.marks, detail::json_mark);
  json["incidents"] = detail::array_of(span.incidents, detail::json_incident);
  return json;
}

// Each figure of calls has a series without a value.
std::vector<ChartSeries> series_of_nothing(const HistoryAsked& asked) {
  std::vector<ChartSeries> series;
  if (asked.calls.each) return series;
  for (const ChartFigure& figure : asked.figures) {
    if (figure.of_calls())
      series.push_back({figure.asked, asked.calls.operation, asked.calls.ring, {}});
  }
  return series;
}

Json meta_of(const Past& past) {
  return {{"asked",
           {{"begin_at", detail::json_at(past.asked.begin_wall_s * kNsPerSecond)},
            {"end_at", detail::json_at(past.asked.end_wall_s * kNsPerSecond)}}}};
}

Response read(const Request& request, const Sources& sources, const HistoryAsked& asked) {
  std::variant<Past, Response> result = read_past(request, sources, asked.past);
  if (auto* wrong = std::get_if<Response>(&result)) return std::move(*wrong);
  const Past& past = std::get<Past>(result);
  Steps steps = steps_for(asked, past.span);
  if (!past.recorded) steps.count = 0;
  const std::vector<ChartSeries> series =
      past.recorded ? figures_over_time(past.span, steps, asked.figures, asked.calls)
                    : series_of_nothing(asked);
  if (auto wrong = missing(request, sources, asked, past, series)) return *wrong;
  return enveloped(request, sources, chart_of(past.span, steps, series), meta_of(past));
}

}  // namespace

Answer answer_history(const Request& request, const Sources& sources) {
  Parameters parameters(request, {"figure", "operation", "ring", "since", "until", "step"});
  HistoryAsked asked;
  asked.figures = figures_of(parameters, request);
  asked.calls.operation = parameters.text("operation").value_or("");
  asked.calls.ring = asked.past.ring = parameters.text("ring", 400).value_or("");
  asked.calls.each = asked.calls.operation == "*";
  if (asked.calls.each) asked.calls.operation.clear();
  asked.past.since = parameters.text("since", 40).value_or("");
  asked.past.until = parameters.text("until", 40).value_or("");
  asked.step_s = parameters.duration("step", "1s", "366d").value_or(0) / kSecond;
  if (parameters.wrong()) return *parameters.wrong();
  if (sources.history.empty()) return no_history(request);
  asked.past.operation = asked.calls.operation;
  return Job{Job::Kind::reading,
             [request, sources, asked] { return read(request, sources, asked); }};
}

}  // namespace ringside::http
