#include "report/analysis/above_zero.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

#include "report/analysis/ranks.h"
#include "report/analysis/usual.h"

namespace ringside {
namespace {

constexpr double kMostAlike = 0.95;
constexpr double kThreeQuarters = 1.1503;   // of a normal law lie within so many deviations

// As far as neighbours are alike, 0..kMostAlike.
double likeness_of_neighbours(const std::vector<double>& values) {
  const std::vector<double> ranks = ranks_of(values);
  const auto n = static_cast<double>(ranks.size());
  const double middle = (n + 1) / 2;
  double together = 0;
  double alone = 0;
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    alone += (ranks[i] - middle) * (ranks[i] - middle);
    if (i > 0) together += (ranks[i] - middle) * (ranks[i - 1] - middle);
  }
  const double seen = alone > 0 ? together / alone : 0;
  return std::clamp(seen + (1 + 3 * seen) / n + 1 / std::sqrt(n), 0.0, kMostAlike);
}

// That Student's t with so many degrees of freedom is above `t`.
double chance_above(double t, double freedom) {
  const double z =
      (8 * freedom + 1) / (8 * freedom + 3) * std::sqrt(freedom * std::log1p(t * t / freedom));
  return std::erfc(std::copysign(z, t) / std::numbers::sqrt2) / 2;
}

}  // namespace

double chance_above_zero(const std::vector<double>& differences, double least_noise) {
  if (differences.size() < 3) return 1;
  std::vector<double> values = differences;
  const double median = median_of(values);
  for (double& value : values) value = std::abs(value - median);
  const auto quarter = values.begin() + static_cast<std::ptrdiff_t>(3 * values.size() / 4);
  std::nth_element(values.begin(), quarter, values.end());
  const double noise = std::max(*quarter / kThreeQuarters, least_noise);
  const double alike = likeness_of_neighbours(differences);
  const double n = static_cast<double>(differences.size()) * (1 - alike) / (1 + alike);
  return chance_above(median * std::sqrt(n) / (kMedianOfNormal * noise), std::max(n - 1, 1.0));
}

}  // namespace ringside
