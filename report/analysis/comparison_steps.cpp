#include "report/analysis/comparison_steps.h"

#include <algorithm>

namespace ringside::detail {
namespace {

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kPartners = 16;  // steps, of an hour of the past: so an hour is enough

std::int64_t floor_day(std::int64_t seconds) {
  return (seconds - (seconds % kDay + kDay) % kDay) / kDay;
}

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
      then_(by_time_of_day_ ? period_ : length_of(then)) {}

std::size_t ComparedSteps::most(std::int64_t now_slot_s, std::int64_t then_slot_s) const {
  const std::int64_t of_now = period_ / std::max<std::int64_t>(now_slot_s, 1);
  std::int64_t of_then = then_ / std::max<std::int64_t>(then_slot_s, 1);
  if (then_slot_s > now_slot_s) of_then *= kPartners;
  return static_cast<std::size_t>(std::min(of_now, of_then));
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
      day = floor_day(off);
      at = off - day * kDay;
      length = period_;
      // An hour that begins before that time and reaches into it.
      if (at >= length && at + slot.seconds > kDay) at -= kDay;
    }
    const std::int64_t begin = std::max<std::int64_t>(at, 0);
    const std::int64_t end = std::min(at + std::int64_t{slot.seconds}, length);
    if (begin >= end) continue;
    const std::int64_t first = begin * parts / length;
    const bool longer = slot.seconds * parts > length;
    const std::int64_t last = longer ? (end - 1) * parts / length : first;
    for (std::int64_t step = first; step <= last; ++step)
      add(sums[{static_cast<std::size_t>(step), day}], slot);
  }
  return sums;
}

}  // namespace ringside::detail
