// When a figure took another level: change points of daily or hourly figures.
//
// E-divisive (Matteson, James: "A nonparametric approach for multiple change point analysis of
// multivariate data", JASA 109(505), 2014), in windows as Hunter does it (Fleming and others:
// "Hunter: using change point detection to hunt for performance regressions", ICPE 2023): a whole
// history would hide small changes beside large ones, and it would cost the square of its length.
// The statistic is the energy distance of what lies before and after a point. It needs no law of
// the noise. A permutation test with a fixed seed says how likely chance is; blocks are permuted
// where figures depend on their neighbours, so that a bad day of hourly figures is no change. The
// place is then the one that leaves the least (Huber's) distance from the medians of both sides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "report/model/history.h"

namespace ringside {

// One slot's figure, above zero; its logarithm is what is compared.
struct LevelPoint {
  std::int64_t begin_wall_s = 0;
  double value = 0;
};

struct ChangePointOptions {
  std::size_t least_points = 10;  // on each side
  std::size_t window = 60;        // points
  std::size_t season = 0;         // 24 for hourly figures, 7 for daily ones; 0: none
  std::size_t permutations = 499;
  double chance = 0.005;       // of a change where there is none, at one test
  double least_effect = 0.05;  // 0.05: 5 % up or down
  std::uint64_t seed = 1;
};

struct ChangePoint {
  std::size_t index = 0;          // the first point of the new level
  std::int64_t begin_wall_s = 0;  // that point's
  double before = 0;              // medians of both sides, up to the next change points
  double after = 0;
  double effect_percent = 0;  // above zero: higher than before
  double chance = 0;          // by the permutation test
  // The latest server start, deploy or reload from the slot before it to its end.
  std::optional<HistoryMark> follows;
};

// In the order of time. Points of no value (0 and less) are passed over. The same input gives the
// same result.
std::vector<ChangePoint> change_points(const std::vector<LevelPoint>& points,
                                       const ChangePointOptions& options = {});
// Says what each change follows. `slot_s`: the length of a slot.
void label_changes(std::vector<ChangePoint>& changes, const std::vector<HistoryMark>& marks,
                   std::int64_t slot_s);
// The quantile of an operation's calls in each slot of `slot_s` seconds that has at least `calls`.
std::vector<LevelPoint> levels_of(const HistorySeries& series, double q, std::int64_t slot_s,
                                  std::uint64_t calls);

}  // namespace ringside
