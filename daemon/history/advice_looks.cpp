#include "daemon/history/advice_looks.h"

#include <set>
#include <utility>

#include "daemon/history/history_reader.h"
#include "report/analysis/advice_figures.h"
#include "report/analysis/analysis.h"

namespace ringside {
namespace {

constexpr std::int64_t kDayLengthS = 24 * 3600;
constexpr std::int64_t kGaugeDays = 15;  // two weeks are compared
constexpr std::int64_t kSeriesDays = 7;

HistoryQuery days_before(const Snapshot& snapshot, std::int64_t days) {
  HistoryQuery query;
  query.end_wall_s = snapshot.wall_ns / 1'000'000'000;
  query.begin_wall_s = query.end_wall_s - days * kDayLengthS;
  query.slots = HistoryQuery::Slots::hours;
  return query;
}

}  // namespace

std::vector<AdviceLook> advice_of(const Snapshot& snapshot, const std::string& path,
                                  const std::vector<AdviceKey>& open) {
  HistoryQuery query = days_before(snapshot, kGaugeDays);
  query.series = false;
  HistoryResult days = read_history(path, query);
  if (days.failure) return look_at_advice(snapshot, analyse(snapshot), nullptr, open);
  HistorySpan& span = days.span;
  // Nothing of what is kept is to be judged here, and no incident to be told.
  span.advice.clear();
  std::set<std::pair<std::string, std::string>> doubtful;
  for (const AdviceKey& key : doubtful_thresholds(snapshot))
    doubtful.emplace(key.ring, key.subject);
  for (const AdviceKey& key : open) {
    if (key.kind == AdviceKind::tight || key.kind == AdviceKind::loose)
      doubtful.emplace(key.ring, key.subject);
  }
  for (const auto& [ring, operation] : doubtful) {
    query = days_before(snapshot, kSeriesDays);
    query.ring = ring;
    query.name = operation;
    HistoryResult found = read_history(path, query);
    for (HistorySeries& series : found.span.series) span.series.push_back(std::move(series));
  }
  return look_at_advice(snapshot, analyse(snapshot, &span), &span, open);
}

}  // namespace ringside
