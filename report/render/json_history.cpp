// What the report says over time as JSON: the points behind the charts, and what was done.
#include "report/analysis/over_time.h"
#include "report/render/json_parts.h"

namespace ringside::detail {
namespace {

constexpr std::size_t kMostPoints = 480;  // as the HTML report: 8 h of minutes
constexpr std::int64_t kSecond = 1'000'000'000;

Json json_quantile(const TimePoint& point, double q) {
  return point.timed > 0 ? Json(point.quantile_ns(q)) : Json(nullptr);
}

Json json_point(const TimePoint& point) {
  const auto known = [&](std::uint64_t figure) {
    return point.known() ? Json(figure) : Json(nullptr);
  };
  return {{"at", json_at(point.begin_wall_s * kSecond)},
          {"observed_seconds", point.observed_seconds},
          {"count", known(point.count)},
          {"errors", known(point.errors)},
          {"refused", known(point.refused)},
          {"timed", known(point.timed)},
          {"sum_ns", known(point.sum_ns)},
          {"p50_ns", json_quantile(point, 0.5)},
          {"p95_ns", json_quantile(point, 0.95)},
          {"p99_ns", json_quantile(point, 0.99)},
          {"max_ns", point.timed > 0 ? Json(point.max_ns) : Json(nullptr)}};
}

Json json_configuration(const HistoryConfiguration& one) {
  return {{"since_at", json_at(one.wall_ns)},
          {"configuration_changed", one.changed},
          {"thresholds", json_thresholds(one.thresholds)}};
}

Json json_build(const HistoryBuild& one) {
  return {{"since_at", json_at(one.wall_ns)},
          {"ring", one.ring},
          {"build_id", json_text(one.build_id)},
          {"configuration_digest", json_text(one.configuration_digest)}};
}

}  // namespace

Json json_mark(const HistoryMark& mark) {
  return {{"at", json_at(mark.wall_ns)},
          {"kind", name_of(mark.kind)},
          {"ring", json_text(mark.ring)},
          {"text", mark.text}};
}

Json json_thresholds(const Thresholds& thresholds) {
  Json operations = Json::object();
  for (const auto& [name, own] : thresholds.operations) {
    operations[name] = {
        {"response_ms",
         own.response_ns > 0 ? Json(static_cast<double>(own.response_ns) / 1e6) : Json(nullptr)},
        {"error_rate", own.error_percent >= 0 ? Json(own.error_percent / 100) : Json(nullptr)}};
  }
  return {{"response_ms", static_cast<double>(thresholds.response_ns) / 1e6},
          {"error_rate", thresholds.error_percent / 100},
          {"memory_bytes", thresholds.memory_bytes},
          {"connections", thresholds.connections},
          {"min_samples", thresholds.min_samples},
          {"operations", operations}};
}

Json json_history(const HistorySpan* history) {
  if (history == nullptr) return nullptr;
  const auto points = points_over_time(*history, "", "", kMostPoints);
  return {{"begin_at", json_at(history->begin_wall_s * kSecond)},
          {"end_at", json_at(history->end_wall_s * kSecond)},
          {"step_seconds", points.empty() ? Json(nullptr) : Json(points.front().seconds)},
          {"points", array_of(points, json_point)},
          {"marks", array_of(history->marks, json_mark)},
          {"configurations", array_of(history->configurations, json_configuration)},
          {"builds", array_of(history->builds, json_build)}};
}

}  // namespace ringside::detail
