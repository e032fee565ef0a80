#include "daemon/http/chart_figures_json.h"

#include "daemon/history/spans.h"
#include "report/render/json_parts.h"

namespace ringside::http {

Json json_steps(const Steps& steps) {
  return {{"begin_at", detail::json_at(steps.begin_wall_s * kNsPerSecond)},
          {"end_at", detail::json_at(steps.end_wall_s() * kNsPerSecond)},
          {"step_seconds", steps.seconds}};
}

Json json_figure(const ChartSeries& series) {
  return {{"figure", series.figure},
          {"operation", detail::json_text(series.operation)},
          {"ring", detail::json_text(series.ring)},
          {"values", detail::array_of(series.values, [](const std::optional<double>& value) {
             return value ? Json(*value) : Json(nullptr);
           })}};
}

}  // namespace ringside::http
