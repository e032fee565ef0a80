#include "report/analysis/advice_figures.h"

#include <fmt/format.h>

#include <set>

#include "report/analysis/kept_advice.h"
#include "report/analysis/shares.h"
#include "report/analysis/suggestions.h"

namespace ringside {
namespace {

using detail::kEnough;

const TimeShare* time_of(const Analysis& analysis, const AdviceKey& key) {
  for (const TimeShare& time : analysis.operations) {
    if (time.ring == key.ring && time.operation == key.subject) return &time;
  }
  return nullptr;
}

const RingView* ring_of(const Snapshot& snapshot, const AdviceKey& key) {
  for (const RingView& ring : snapshot.rings) {
    if (ring.name == key.ring) return &ring;
  }
  return nullptr;
}

// Spread over all timed calls. A sum of which there is none is a sum of 0.
std::optional<double> for_each_call(const Analysis& analysis, std::uint64_t sum_ns) {
  if (analysis.all.timed < kEnough) return std::nullopt;
  return share_of(sum_ns, analysis.all.timed);
}

std::optional<double> stage_figure(const Analysis& analysis, const std::string& stage) {
  std::uint64_t sum_ns = 0;
  for (const StageTime& one : analysis.all.stages) {
    if (one.name == stage) sum_ns = one.sum_ns;
  }
  return for_each_call(analysis, sum_ns);
}

std::optional<double> rollback_figure(const Analysis& analysis, const AdviceKey& key) {
  for (const DatabaseSummary& database : analysis.databases) {
    if (database.ring == key.ring && database.transactions >= kEnough)
      return database.rollback_share;
  }
  return std::nullopt;
}

std::optional<double> query_figure(const Analysis& analysis, const AdviceKey& key) {
  std::uint64_t sum_ns = 0;
  for (const DatabaseSummary& database : analysis.databases) {
    if (database.ring == key.ring) sum_ns = database.slow_query_ns;
  }
  return for_each_call(analysis, sum_ns);
}

std::optional<double> retry_figure(const Analysis& analysis, const AdviceKey& key) {
  std::uint64_t sum_ns = 0;
  for (const EventFinding& event : analysis.resilience.events) {
    if (event.ring == key.ring && event.name == names::kRetry) sum_ns = event.sum_ns;
  }
  return for_each_call(analysis, sum_ns);
}

std::optional<double> operation_figure(const Analysis& analysis, const AdviceKey& key) {
  const TimeShare* time = time_of(analysis, key);
  if (time == nullptr || time->timed < kEnough) return std::nullopt;
  return share_of(time->sum_ns, time->timed);
}

std::optional<double> tail_figure(const Snapshot& snapshot, const Analysis& analysis,
                                  const AdviceKey& key) {
  const SeriesView* series = find_series(snapshot.operations, key.ring, key.subject);
  if (series == nullptr) return std::nullopt;
  return quantile_ns(series->window(analysis.window), 0.99);
}

// A history does not tell who was behind a call.
std::string kept_evidence(const Suggestion& suggestion) {
  const std::string figure = format_figure(unit_of(suggestion.key.kind), suggestion.figure);
  if (suggestion.key.kind == AdviceKind::rate_limit)
    return fmt::format("One party made {} of its last calls.", figure);
  if (suggestion.key.kind == AdviceKind::sources)
    return fmt::format("Failed logins from addresses that were not blocked: {}.", figure);
  return suggestion.evidence;
}

std::optional<double> refused_figure(const Snapshot& snapshot, const Analysis& analysis) {
  const WindowStats& all = snapshot.all.window(analysis.window);
  if (all.count() < kEnough) return std::nullopt;
  return share_of(all.refused, all.count());
}

}  // namespace

std::optional<double> advice_figure(const AdviceKey& key, const Snapshot& snapshot,
                                    const Analysis& analysis, const HistorySpan* history) {
  const RingView* ring = ring_of(snapshot, key);
  switch (key.kind) {
    case AdviceKind::stage: return stage_figure(analysis, key.subject);
    case AdviceKind::operation: return operation_figure(analysis, key);
    case AdviceKind::tail: return tail_figure(snapshot, analysis, key);
    case AdviceKind::rollbacks: return rollback_figure(analysis, key);
    case AdviceKind::queries: return query_figure(analysis, key);
    case AdviceKind::retries: return retry_figure(analysis, key);
    case AdviceKind::clients: return refused_figure(snapshot, analysis);
    case AdviceKind::sight:
      if (analysis.all.timed < kEnough) return std::nullopt;
      return analysis.all.unmarked;
    case AdviceKind::capacity:
      return ring != nullptr ? detail::lost_share(snapshot, *ring) : std::nullopt;
    case AdviceKind::lanes:
      return ring != nullptr ? detail::overflow_share(snapshot, *ring) : std::nullopt;
    case AdviceKind::memory:
    case AdviceKind::connections:
    case AdviceKind::descriptors:
      return history != nullptr ? detail::pace_of(key, snapshot, *history) : std::nullopt;
    case AdviceKind::tight: return detail::share_over_threshold(key, snapshot, analysis);
    case AdviceKind::loose:
      return history != nullptr ? detail::times_too_loose(key, snapshot, *history) : std::nullopt;
    case AdviceKind::rate_limit: return detail::share_of_one_party(key, snapshot);
    case AdviceKind::sources: return detail::logins_from_open_sources(key, snapshot);
  }
  return std::nullopt;
}

std::vector<AdviceLook> look_at_advice(const Snapshot& snapshot, const Analysis& analysis,
                                       const HistorySpan* history,
                                       const std::vector<AdviceKey>& open) {
  std::vector<AdviceLook> looks;
  std::set<AdviceKey> said;
  for (const Suggestion& one : analysis.suggestions) {
    if (said.insert(one.key).second)
      looks.push_back(
          {one.key, snapshot.wall_ns, one.figure, true, one.what, kept_evidence(one), one.gain});
  }
  for (const AdviceKey& key : open) {
    if (said.contains(key)) continue;
    if (const auto figure = advice_figure(key, snapshot, analysis, history))
      looks.push_back({key, snapshot.wall_ns, *figure, false, {}, {}, {}});
  }
  return looks;
}

}  // namespace ringside
