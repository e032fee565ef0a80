// A comparison with another span as JSON.
#include "report/analysis/comparison.h"
#include "report/render/json_parts.h"

namespace ringside::detail {
namespace {

constexpr std::int64_t kNsOfASecond = 1'000'000'000;

Json json_known(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

Json json_side(const ComparedSide& side) {
  return {{"count", side.count},
          {"rate_per_s", side.rate},
          {"errors", side.errors},
          {"error_rate", side.error_share()},
          {"timed", side.timed},
          {"p50_ns", json_known(side.p50_ns)},
          {"p95_ns", json_known(side.p95_ns)}};
}

// Figures that are not judged are null.
Json json_figure(const ComparedFigure& figure) {
  const auto judged = [&](double value) { return figure.judged() ? Json(value) : Json(nullptr); };
  return {{"figure", name_of(figure.kind)},
          {"stage", json_text(figure.stage)},
          {"unit", figure.kind == ComparedFigure::Kind::failed ? "share" : "ns"},
          {"steps", figure.steps},
          {"then", judged(figure.then)},
          {"now", judged(figure.now)},
          {"effect", judged(figure.effect)},
          {"certainty", judged(figure.certainty)},
          {"changed", figure.changed}};
}

Json json_operation(const ComparedOperation& operation) {
  const bool mix = operation.kind == ComparedOperation::Kind::mix_shift;
  return {{"ring", operation.ring},
          {"operation", operation.operation},
          {"kind", name_of(operation.kind)},
          {"text", json_text(operation.text)},
          {"then", json_side(operation.then)},
          {"now", json_side(operation.now)},
          {"load", operation.load > 0 ? Json(operation.load) : Json(nullptr)},
          {"mix", mix ? Json{{"boundary_ns", operation.boundary_ns},
                             {"slow_share_then", operation.slow_then},
                             {"slow_share_now", operation.slow_now}}
                      : Json(nullptr)},
          {"figures", array_of(operation.figures, json_figure)}};
}

}  // namespace

Json json_comparison(const Comparison* comparison) {
  if (comparison == nullptr) return nullptr;
  return {{"asked", json_text(comparison->asked)},
          {"begin_at", json_at(comparison->begin_wall_s * kNsOfASecond)},
          {"end_at", json_at(comparison->end_wall_s * kNsOfASecond)},
          {"observed_seconds", comparison->then_seconds},
          {"verdict", comparison->verdict},
          {"steps", comparison->steps},
          {"by_time_of_day", comparison->by_time_of_day},
          {"figures_judged", comparison->figures},
          {"slots_left_out", comparison->left_out},
          {"mixes", comparison->mixes},
          {"only_then", comparison->only_then},
          {"only_now", comparison->only_now},
          {"operations", array_of(comparison->operations, json_operation)}};
}

}  // namespace ringside::detail
