// The figures of one operation in two spans, and how they differ.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "report/analysis/comparison.h"
#include "report/analysis/comparison_steps.h"

namespace ringside::detail {

class ComparedSeries {
 public:
  // `then` is without its incidents. All that is given must outlive it.
  ComparedSeries(const ComparedSteps& steps, const HistorySpan& now_span,
                 const HistorySpan& then_span, const HistorySeries& now, const HistorySeries& then);

  // Everything of a figure but what the number of figures does to it: `certainty` is of this one
  // alone, and `changed` says only that the effect is great enough.
  ComparedFigure compare(ComparedFigure::Kind kind, std::size_t stage = 0,
                         const std::string& name = {});

 private:
  struct Cut {
    std::size_t steps;
    StepSums then, now;
  };
  struct Pairs {
    std::vector<double> then, differences;
  };
  static Pairs pairs_of(const Cut& cut, ComparedFigure::Kind kind, std::size_t stage);
  Pairs most_pairs(ComparedFigure::Kind kind, std::size_t stage);
  const Cut& cut(std::size_t index);
  double least_of(ComparedFigure::Kind kind, std::size_t stage, double level) const;

  const ComparedSteps& steps_;
  const HistorySpan& now_span_;
  const HistorySpan& then_span_;
  const HistorySeries& now_;
  const HistorySeries& then_;
  std::vector<std::size_t> step_counts_;
  std::vector<Cut> cuts_;  // into the first of these; most operations need no other
  std::array<std::uint64_t, kStages> stage_ns_{};  // of the past
  std::uint64_t sum_ns_ = 0;                       // the same of the operation
};

}  // namespace ringside::detail
