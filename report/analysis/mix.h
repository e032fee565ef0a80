// Whether calls became slower, or whether more of them are of the slow kind.
#pragma once

#include "report/model/histogram.h"

namespace ringside {

// How well two stories explain that `before` became `now`. Each is the largest distance between the
// distribution that the story expects and the one that was seen (Kolmogorov and Smirnov), 0..1.
struct MixJudgement {
  double slower = 1;       // every call takes the same factor longer, or the same time
  double moved = 1;        // below and above a time, calls are as before; only the shares moved
  double boundary_s = 0;   // that time, in seconds
  double slow_before = 0;  // the share above it, 0..1
  double slow_now = 0;

  // Only the mix moved. It must explain what was seen far better than slower calls do, as well as a
  // sample of that size can show, and with one call in twenty that has moved at least. In doubt,
  // calls became slower.
  bool mix_shift(std::uint64_t calls) const;
};
MixJudgement judge_mix(const Histogram& before, const Histogram& now);

}  // namespace ringside
