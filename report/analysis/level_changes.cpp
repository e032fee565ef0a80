#include "report/analysis/level_changes.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "report/analysis/analysis.h"
#include "report/analysis/effect_limits.h"

namespace ringside {
namespace {

constexpr std::int64_t kHourSlotS = 3'600;
constexpr std::int64_t kDaySlotS = 24 * kHourSlotS;
constexpr std::int64_t kShortestS = 3 * kDaySlotS;  // what day and night are takes three of them
constexpr std::int64_t kLongS = 60 * kDaySlotS;
constexpr double kQuantiles[] = {0.5, 0.95};

void look(const HistorySeries& series, double quantile, const HistorySpan& history,
          LevelChanges& out) {
  const auto points = levels_of(series, quantile, out.slot_s, samples_needed(quantile));
  ChangePointOptions options;
  options.season = out.slot_s == kHourSlotS ? 24 : 7;
  options.least_effect = quantile < 0.9 ? kLeastP50 : kLeastP95;
  if (points.size() < 2 * options.least_points) return;
  ++out.looked_at;
  std::vector<ChangePoint> changes = change_points(points, options);
  std::vector<HistoryMark> marks;
  std::copy_if(
      history.marks.begin(), history.marks.end(), std::back_inserter(marks),
      [&](const HistoryMark& mark) { return mark.ring.empty() || mark.ring == series.ring; });
  label_changes(changes, marks, out.slot_s);
  for (ChangePoint& change : changes)
    out.found.push_back({series.ring, series.name, quantile, std::move(change)});
}

}  // namespace

LevelChanges level_changes(const HistorySpan& history) {
  LevelChanges out;
  const std::int64_t span_s = history.end_wall_s - history.begin_wall_s;
  if (span_s < kShortestS) return out;
  out.begin_wall_s = history.begin_wall_s;
  out.slot_s = span_s > kLongS ? kDaySlotS : kHourSlotS;
  for (const HistorySeries& series : history.series) {
    if (series.event || series.waits_for_client) continue;
    for (const double quantile : kQuantiles) look(series, quantile, history, out);
  }
  std::stable_sort(out.found.begin(), out.found.end(),
                   [](const LevelChange& a, const LevelChange& b) {
                     return a.change.begin_wall_s < b.change.begin_wall_s;
                   });
  return out;
}

}  // namespace ringside
