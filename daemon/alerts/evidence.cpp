#include "daemon/alerts/evidence.h"

#include <algorithm>
#include <cmath>

namespace ringside {

double wilson_low(const Share& share, double z) {
  if (share.of == 0 || share.over == 0) return 0;
  const auto n = static_cast<double>(share.of);
  const double p = share.value();
  const double root = std::sqrt(std::max(0.0, z * z - 1 / n + 4 * n * p * (1 - p) + (4 * p - 2)));
  return std::max(0.0, (2 * n * p + z * z - (z * root + 1)) / (2 * (n + z * z)));
}

double wilson_high(const Share& share, double z) {
  return 1 - wilson_low({share.of - share.over, share.of}, z);
}

double z_of(double probability) {
  const double p = std::clamp(probability, 1e-300, 0.5);
  const double t = std::sqrt(-2 * std::log(p));
  return t - (2.515517 + t * (0.802853 + t * 0.010328)) /
                 (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
}

std::optional<std::size_t> deciding_window(const Shares& shares, double limit, double z) {
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (wilson_low(shares[i], z) >= limit || wilson_high(shares[i], z) < limit) return i;
  }
  return std::nullopt;
}

}  // namespace ringside
