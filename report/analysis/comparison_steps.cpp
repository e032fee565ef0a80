#include "report/analysis/comparison_steps.h"

#include <algorithm>

namespace ringside::detail {
namespace {

constexpr std::int64_t kDay = 86'400;

std::int64_t length_of(const HistorySpan& span) {
  return std::max<std::int64_t>(span.end_wall_s - span.begin_wall_s, 1);
}

void add(StepSum& sum, const HistorySlot& slot) {
  sum.latency.merge(slot.latency);
  sum.timed += slot.timed;
  sum.count += slot.count();
  for (std::size_t i = 0; i < kOutcomes; ++i) {
    if (is_failure(static_cast<RecordOutcome>(i))) sum.errors += slot.outcomes[i];
  }
  for (std::size_t i = 0; i < kStages; ++i) {
    sum.stages[i].count += slot.stages[i].count;
    sum.stages[i].sum_ns += slot.stages[i].sum_ns;
  }
}

}  // namespace

ComparedSteps::ComparedSteps(const HistorySpan& now, const HistorySpan& then)
    : by_time_of_day_(length_of(then) >= kDay && length_of(then) != length_of(now)),
      begin_(now.begin_wall_s),
      period_(by_time_of_day_ ? std::min(length_of(now), kDay) : length_of(now)),
      shorter_(by_time_of_day_ ? period_ : std::min(period_, length_of(then))) {}

std::size_t ComparedSteps::most(std::int64_t slot_seconds) const {
  return static_cast<std::size_t>(shorter_ / std::max<std::int64_t>(slot_seconds, 1));
}

StepSums ComparedSteps::sums(const HistorySpan& span, const std::vector<HistorySlot>& slots,
                             std::size_t steps) const {
  StepSums sums;
  const auto parts = static_cast<std::int64_t>(steps);
  for (const HistorySlot& slot : slots) {
    std::int64_t at = slot.begin_wall_s - span.begin_wall_s;
    std::int64_t day = 0;
    std::int64_t length = length_of(span);
    if (by_time_of_day_) {
      const std::int64_t off = slot.begin_wall_s - begin_;
      at = (off % kDay + kDay) % kDay;
      day = (off - at) / kDay;
      length = period_;
    }
    if (at < 0 || at >= length) continue;
    add(sums[{static_cast<std::size_t>(at * parts / length), day}], slot);
  }
  return sums;
}

}  // namespace ringside::detail
