// The parts of the JSON report, for render_json and for the API, whose answers are made of them.
// Nobody else includes it, so that JSON stays out of every other header.
#pragma once

#include <cstddef>
#include <cstdint>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "report/analysis/analysis.h"
#include "report/render/json.h"

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

// What is shown of a series.
struct SeriesParts {
  std::size_t last = SIZE_MAX;  // of the last records; 0: the key is left out
  bool histograms = true;
  std::optional<Window> window{};  // nothing: all of them
};
Json json_series(const SeriesView& series, const SeriesParts& parts);
Json json_record(const RecordView& record);
Json json_books(const Books& books);
Json json_error(const ErrorStats& error);
Json json_top(const TopEntry& entry);
Json json_ring(const RingView& ring);
Json json_lane(const LaneView& lane);
Json json_gauge(const GaugeView& gauge);
Json json_system(const Snapshot& snapshot);
Json json_min_samples();
Json json_histogram_schema();
// Who is behind the calls, and the slowest ones: "top".
Json json_parties(const Snapshot& snapshot);
// The whole document.
Json report_json(const Report& report, const JsonOptions& options);

Json json_analysis(const Report& report);
Json json_reason(const Reason& reason);
Json json_time(const TimeShare& time);
Json json_database(const DatabaseSummary& database);
Json json_security(const Report& report);
Json json_resilience(const ResilienceSummary& resilience);

Json json_transition(const AlertTransition& transition);
Json json_alert(const AlertView& alert);
Json json_silence(const SilenceView& silence);
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
