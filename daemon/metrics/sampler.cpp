#include "daemon/metrics/sampler.h"

#include <algorithm>
#include <cmath>

namespace ringside {

double Sampler::probability(std::uint64_t ticks) const {
  if (step_ <= 0) return 1;
  return -std::expm1(-static_cast<double>(ticks + base_) / step_);
}

double Sampler::looked_at(std::uint64_t ticks) {
  const double chance = probability(ticks);
  records_ += 1 / chance;
  ticks_ += static_cast<double>(ticks) / chance;
  if (++looked_at_ == exact_) {
    // The next step depends only on records that are over, so the estimates stay right on average.
    // With the base at the mean, a record takes two bases of the line on average.
    const double mean = std::clamp(ticks_ / records_, 1.0, 1e14);
    step_ = mean * (step_ > 0 ? 2 * 512 : 2 * 128);
    base_ = static_cast<std::uint64_t>(mean);
    looked_at_ = 0;
    records_ = ticks_ = 0;
  }
  if (step_ <= 0) {
    left_ = 0;
    return chance;
  }
  // Uniform in (0, 1), from the upper 53 bits.
  const double uniform = (static_cast<double>(random_() >> 11) + 0.5) * 0x1p-53;
  left_ = static_cast<std::uint64_t>(-std::log(uniform) * step_);
  return chance;
}

void Sampler::restart() {
  base_ = 1;
  left_ = 0;
  step_ = 0;
  looked_at_ = 0;
  records_ = ticks_ = 0;
}

}  // namespace ringside
