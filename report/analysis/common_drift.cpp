#include "report/analysis/common_drift.h"

#include <algorithm>
#include <cmath>

namespace ringside {
namespace {

constexpr std::size_t kFewest = 3;
// Fewer say too little of the others, whose chance would be added to each.
constexpr std::size_t kFewestForDrift = 5;
constexpr double kFollows = 0.25;      // of the distance, a minute
constexpr double kFarthestStep = 0.1;  // a pause of a minute is no drift
constexpr std::int64_t kHoursBefore = 48;
constexpr double kLeastCommon = 0.15;
constexpr std::size_t kLeastWindow = 6;
constexpr double kOrigin = 20;  // a level of exactly 0 is one that is not known

}  // namespace

double common_of(std::vector<double>& distances) {
  return distances.size() < kFewest ? 0 : median_of(distances);
}

double common_of(const std::vector<double>& now, const std::vector<double>& before) {
  std::vector<double> both = now;
  both.insert(both.end(), before.begin(), before.end());
  return common_of(both);
}

void CommonDrift::add(std::int64_t wall_s, std::vector<double>& p50, std::uint64_t calls,
                      FigureLimits limits, bool learn) {
  const double now = common_of(p50);
  if (p50.size() < kFewestForDrift) {
    drift_ = 0;
    watch_.interrupt();
    return;
  }
  // Distances from usual: their middle was nothing when usual was learned.
  for (std::int64_t hour = 1; !begun_ && hour <= kHoursBefore; ++hour)
    watch_.learn_hour(wall_s - hour * 3600, kOrigin);
  begun_ = true;
  drift_ += kFollows * std::clamp(now - drift_, -kFarthestStep, kFarthestStep);
  limits.least_effect = std::log1p(kLeastCommon);
  limits.least_window = kLeastWindow;
  watch_.add(wall_s, kOrigin + now, calls, limits, learn);
}

}  // namespace ringside
