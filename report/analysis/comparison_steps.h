// The same steps of two spans, so that each step of one has its partner in the other.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "report/model/history.h"

namespace ringside::detail {

// What an operation was like in a step of a day.
struct StepSum {
  Histogram latency;
  std::uint64_t timed = 0;
  std::uint64_t count = 0;
  std::uint64_t errors = 0;
  std::array<StageStats, kStages> stages{};
};
using StepSums = std::map<std::pair<std::size_t, std::int64_t>, StepSum>;  // by step and day

// Where a slot of either span belongs. A past span as long as the present one is cut as it is; so
// is a shorter one than a day. Of a longer one the same times of each of its days are partners. A
// slot that is longer than a step, an hour of the past, is the partner of all steps within it.
class ComparedSteps {
 public:
  ComparedSteps(const HistorySpan& now, const HistorySpan& then);

  bool by_time_of_day() const { return by_time_of_day_; }
  // The most steps that slots of these lengths allow.
  std::size_t most(std::int64_t now_slot_s, std::int64_t then_slot_s) const;
  // Sums of the slots, in so many steps.
  StepSums sums(const HistorySpan& span, const std::vector<HistorySlot>& slots,
                std::size_t steps) const;

 private:
  bool by_time_of_day_;
  std::int64_t begin_;    // of the present span
  std::int64_t period_;   // that is cut, of the present span
  std::int64_t then_;    // the same of the past span
};

}  // namespace ringside::detail
