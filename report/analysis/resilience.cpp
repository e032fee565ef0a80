// What the server's events say about faults and their repair: retries, circuit breakers,
// recoveries.
#include "report/analysis/events.h"
#include "report/model/names.h"

namespace ringside::detail {
namespace {

// `moves` holds the kept moves, latest first. A move's value is the state that it entered. Its span
// is the time in the state that it left, which the move before it entered.
std::optional<BreakerSummary> breaker_of(const SeriesView& moves) {
  if (moves.last.empty()) return std::nullopt;
  const RecordView& latest = moves.last.front();
  const auto state = breaker_state_from(latest.value);
  if (!state) return std::nullopt;
  BreakerSummary breaker;
  breaker.ring = moves.ring;
  breaker.state = *state;
  breaker.since_wall_ns = latest.start_wall_ns + latest.duration_ns;
  for (std::size_t i = 0; i + 1 < moves.last.size(); ++i) {
    const auto left = breaker_state_from(moves.last[i + 1].value);
    if (!left || moves.last[i].duration_ns < 0) continue;
    breaker.time_in_ns[static_cast<std::size_t>(*left)] +=
        static_cast<std::uint64_t>(moves.last[i].duration_ns);
    ++breaker.moves;
  }
  return breaker;
}

}  // namespace

void find_resilience(const Snapshot& snapshot, Analysis& analysis) {
  analysis.resilience.events = collect_events(snapshot, analysis.window, names::Topic::resilience);
  for (const SeriesView& series : snapshot.events) {
    if (series.name != names::kBreaker) continue;
    if (const auto breaker = breaker_of(series)) analysis.resilience.breakers.push_back(*breaker);
  }
}

}  // namespace ringside::detail
