#include "report/model/sums.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <tuple>

namespace ringside {
namespace {

// What slots and windows both have.
template <typename To, typename From>
void add_counts(To& to, const From& from) {
  if (from.timed > 0) to.min_ns = to.timed > 0 ? std::min(to.min_ns, from.min_ns) : from.min_ns;
  to.max_ns = std::max(to.max_ns, from.max_ns);
  to.recorded += from.recorded;
  to.skipped += from.skipped;
  for (std::size_t i = 0; i < kOutcomes; ++i) to.outcomes[i] += from.outcomes[i];
  to.timed += from.timed;
  to.sum_ns += from.sum_ns;
  // A server chooses these: the sum wraps, as the metrics' own.
  to.value_sum = static_cast<std::int64_t>(static_cast<std::uint64_t>(to.value_sum) +
                                           static_cast<std::uint64_t>(from.value_sum));
  for (std::size_t i = 0; i < kStages; ++i) {
    to.stages[i].count += from.stages[i].count;
    to.stages[i].sum_ns += from.stages[i].sum_ns;
    to.stages[i].max_ns = std::max(to.stages[i].max_ns, from.stages[i].max_ns);
  }
  to.latency.merge(from.latency);
}

void add_errors(HistorySlot& to, const HistorySlot& from) {
  const auto before = [](const HistoryError& a, const HistoryError& b) {
    return std::tie(a.code, a.outcome) < std::tie(b.code, b.outcome);
  };
  for (const HistoryError& error : from.errors) {
    const auto at = std::lower_bound(to.errors.begin(), to.errors.end(), error, before);
    if (at != to.errors.end() && !before(error, *at)) {
      at->count += error.count;
    } else {
      to.errors.insert(at, error);
    }
  }
}

}  // namespace

void add_slot(HistorySlot& to, const HistorySlot& from) {
  add_counts(to, from);
  to.lost += from.lost;
  add_errors(to, from);
}

void add_slot(WindowStats& to, const HistorySlot& from) {
  add_counts(to, from);
  for (std::size_t i = 0; i < kOutcomes; ++i) {
    const auto outcome = static_cast<RecordOutcome>(i);
    if (is_failure(outcome)) to.errors += from.outcomes[i];
    if (is_refusal(outcome)) to.refused += from.outcomes[i];
  }
}

void add_window(WindowStats& to, const WindowStats& from) {
  add_counts(to, from);
  to.seconds = std::max(to.seconds, from.seconds);
  to.history += from.history;
  to.errors += from.errors;
  to.refused += from.refused;
  to.negative += from.negative;
}

double observed_seconds(const HistorySpan& span) {
  double most = 0;
  for (const HistoryRing& ring : span.rings) {
    double seconds = 0;
    for (const HistoryRingSlot& slot : ring.slots) seconds += slot.observed_seconds;
    most = std::max(most, seconds);
  }
  return most;
}

}  // namespace ringside
