#include "report/analysis/e_detector.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ringside {
namespace {

// A share of each bet is not placed. Without it one low figure would wipe out an hour's evidence.
constexpr double kKept = 0.1;
// More evidence is not kept, so that it is gone an hour after a rise is over. A smaller statistic
// raises no false alarm.
constexpr double kMost = 60;
// Where the exponential bets stop to grow, so that their mean under Student's t exists.
constexpr double kGrowsTo = 4;
constexpr double kSlopes[] = {0.75, 1.5};
// The third bet lies on figures that noise hardly reaches.
constexpr double kSteps[] = {6, 8, 12};
constexpr double kOnStep[] = {0.2, 0.5, 0.3};  // most of it where two figures shall do
constexpr double kOnSteps = 0.9;               // the rest: exponential

double student5_density(double x) {
  const double c = 8 / (3 * std::numbers::pi * std::sqrt(5.0));
  return c / std::pow(1 + x * x / 5, 3);
}

// E[exp(slope * min(z, kGrowsTo))] under Student's t, by Simpson's rule from -40 on; what lies
// below is less than e^-30 of the whole.
double mean_of_exponential(double slope) {
  constexpr int kParts = 8'000;
  const double step = (kGrowsTo + 40) / kParts;
  double sum = 0;
  for (int i = 0; i <= kParts; ++i) {
    const double z = -40 + step * i;
    const double weight = i == 0 || i == kParts ? 1 : i % 2 == 1 ? 4 : 2;
    sum += weight * std::exp(slope * z) * student5_density(z);
  }
  return sum * step / 3 + std::exp(slope * kGrowsTo) * student5_above(kGrowsTo);
}

double exponential(std::size_t slope, double z) {
  static const double means[] = {mean_of_exponential(kSlopes[0]), mean_of_exponential(kSlopes[1])};
  return std::exp(kSlopes[slope] * std::min(z, kGrowsTo)) / means[slope];
}

double steps(double z) {
  static const double odds[] = {1 / student5_above(kSteps[0]), 1 / student5_above(kSteps[1]),
                                1 / student5_above(kSteps[2])};
  double sum = 0;
  for (std::size_t i = 0; i < std::size(kSteps); ++i)
    sum += z > kSteps[i] ? kOnStep[i] * odds[i] : 0;
  return sum;
}

}  // namespace

double student5_above(double x) {
  const double theta = std::atan(x / std::sqrt(5.0));
  const double cosine = std::cos(theta);
  const double within =  // of -x..x, odd in x
      2 / std::numbers::pi *
      (theta + std::sin(theta) * (cosine + 2.0 / 3 * cosine * cosine * cosine));
  return std::max((1 - within) / 2, 0.0);
}

double EDetector::e_value(std::size_t bet, double z) {
  const double placed = bet < std::size(kSlopes)
                            ? exponential(bet, z)
                            : (1 - kOnSteps) * exponential(1, z) + kOnSteps * steps(z);
  return kKept + (1 - kKept) * placed;
}

void EDetector::add(double z) {
  for (std::size_t bet = 0; bet < kBets; ++bet) {
    double& log_m = log_m_[bet];
    // ln(M + 1), without overflow.
    const double log_next = log_m > 30 ? log_m : std::log1p(std::exp(log_m));
    log_m = std::min(std::log(e_value(bet, z)) + log_next, kMost);
  }
}

double EDetector::log_evidence() const {
  const double most = *std::max_element(log_m_.begin(), log_m_.end());
  if (most <= kNone) return kNone;
  double sum = 0;
  for (const double log_m : log_m_) sum += std::exp(log_m - most);
  return most + std::log(sum / kBets);
}

}  // namespace ringside
