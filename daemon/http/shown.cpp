#include "daemon/http/shown.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>

#include "daemon/config/config_keys.h"
#include "daemon/http/parameters.h"
#include "report/model/format.h"

namespace ringside::http {
namespace {

constexpr std::size_t kFewNames = 12;

const char* response_from(const SeriesView& series, const Thresholds& thresholds) {
  const auto own = thresholds.operations.find(series.name);
  if (own != thresholds.operations.end() && own->second.response_ns > 0) return "configured";
  return series.declared.response_ns > 0 ? "declared" : "default";
}

Json json_threshold(const SeriesView& series, const Thresholds& thresholds, Judged judged) {
  Json json = {{"response_ms", nullptr}, {"response_from", nullptr}, {"error_rate", nullptr}};
  if (judged == Judged::not_at_all) return json;
  const bool all = judged == Judged::all;
  json["error_rate"] = thresholds.error_percent_of(all ? "" : series.name) / 100;
  const std::int64_t response_ns = all ? 0 : thresholds.response_of(series.name, series.declared);
  if (response_ns == 0) return json;
  json["response_ms"] = static_cast<double>(response_ns) / 1e6;
  json["response_from"] = response_from(series, thresholds);
  return json;
}

Json json_by_level(const std::array<std::uint64_t, kAlertLevels>& counts) {
  Json json = Json::object();
  for (std::size_t l = 0; l < kAlertLevels; ++l) json[kAlertLevelNames[l]] = counts[l];
  return json;
}

}  // namespace

Json json_shown_series(const SeriesView& series, const Thresholds& thresholds, Judged judged,
                       const detail::SeriesParts& parts) {
  Json json = detail::json_series(series, parts);
  json["threshold"] = json_threshold(series, thresholds, judged);
  return json;
}

Json json_active_alerts(const Snapshot& snapshot) {
  std::array<std::uint64_t, kAlertLevels> counts{};
  for (const AlertView& alert : snapshot.alerts) {
    if (alert.active()) ++counts[static_cast<std::size_t>(alert.last.level)];
  }
  return json_by_level(counts);
}

Json json_open_incidents(const Snapshot& snapshot) {
  std::array<std::uint64_t, kAlertLevels> counts{};
  for (const IncidentView& incident : snapshot.incidents) {
    if (!incident.over()) ++counts[static_cast<std::size_t>(incident.level)];
  }
  return json_by_level(counts);
}

Response unknown_name(const Request& request, std::string_view code, std::string_view what,
                      const std::string& name, const std::vector<std::string>& known) {
  const std::set<std::string> distinct(known.begin(), known.end());
  std::vector<std::string> shown;
  for (const std::string& one : distinct) shown.push_back(in_quotes(one));
  const std::string nearest = nearest_name(name, known);
  const std::string hint = shown.empty()      ? "there is none yet"
                           : !nearest.empty() ? "nearest known: " + in_quotes(nearest)
                           : shown.size() > kFewNames
                               ? fmt::format("{} others are known", shown.size())
                               : fmt::format("known: {}", fmt::join(shown, ", "));
  return problem(request, 404, code, fmt::format("Unknown {}", what),
                 fmt::format("{} {}: not known; {}", what, in_quotes(name), hint));
}

std::optional<Response> unknown_ring(const Request& request, const Snapshot& snapshot,
                                     const std::optional<std::string>& ring) {
  if (!ring) return std::nullopt;
  std::vector<std::string> names;
  for (const RingView& one : snapshot.rings) names.push_back(one.name);
  if (std::find(names.begin(), names.end(), *ring) != names.end()) return std::nullopt;
  return unknown_name(request, "unknown_ring", "ring", *ring, names);
}

}  // namespace ringside::http
