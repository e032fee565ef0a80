// What the files behind render_json share; internal, so that JSON stays out of every other header.
#pragma once

#include <nlohmann/json.hpp>

#include "report/analysis/analysis.h"

namespace ringside::detail {

using Json = nlohmann::ordered_json;

template <class List, class Function>
Json array_of(const List& list, Function function) {
  Json json = Json::array();
  for (const auto& one : list) json.push_back(function(one));
  return json;
}

Json json_at(std::int64_t wall_ns);
// Text. The empty text means that there is none, and becomes null.
Json json_text(const std::string& text);
Json json_party(const Party& party);
Json json_windows(const std::array<std::uint64_t, kWindows>& counts);
Json json_analysis(const Report& report);
Json json_alerts(const Snapshot& snapshot);
Json json_regressions(const Snapshot& snapshot);
Json json_incident(const IncidentView& incident);
Json json_stories(const std::vector<Story>& stories);
Json json_mark(const HistoryMark& mark);
Json json_thresholds(const Thresholds& thresholds);
// Null without history.
Json json_history(const HistorySpan* history);
// Null without a comparison.
Json json_comparison(const Comparison* comparison);
Json json_headline(const Headline& headline);
Json json_bottlenecks(const Bottlenecks& bottlenecks);

}  // namespace ringside::detail
