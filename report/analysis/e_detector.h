// Evidence that a stream of figures has risen, with a proven bound on false alarms.
//
// An e-detector (Shin, Ramdas, Rinaldo: "E-detectors: a nonparametric framework for sequential
// change detection", New England Journal of Statistics in Data Science 2(2), 2024, section 2;
// arXiv:2203.03532) in its Shiryaev-Roberts form. Each figure z gives an e-value e(z) >= 0. The
// statistic is M_t = e(z_t) * (M_{t-1} + 1), M_0 = 0: the sum over all beginnings j of the product
// of the e-values from j to t.
//
// Why the bound holds. Let E[e(z_t) | past] <= 1 while nothing has changed. Then
// E[M_t | past] <= M_{t-1} + 1, so M_t - t is a supermartingale, and at the first time T with
// M_T >= c we have c <= E[M_T] <= E[T]: on average at least c figures go by before a false alarm.
// The proof uses no independence and no stationarity. A mean of such statistics has the same bound.
//
// Why E[e(z_t) | past] <= 1. The assumption is one about tails: given all that went before, z_t
// exceeds any x with at most the probability with which Student's t with five degrees of freedom
// does (mean 0, heavy tails: one figure in a thousand is above 5.9). Each e() below never falls
// with z, so its mean under the true law is at most its mean under that t, and it is scaled so that
// this mean is 1. What the caller must do for the assumption: z = (figure - allowed) / scale, where
// `allowed` is as far as the level wanders while nothing changes, and `scale` that of such a t.
// Levels may be correlated and calls may have any tails: neither is assumed away. The tests of
// EDetector hold the bound against streams that keep the assumption, and show that it is gone for
// one that breaks it.
#pragma once

#include <array>
#include <cstddef>

namespace ringside {

// The probability that Student's t with five degrees of freedom exceeds x. Abramowitz and Stegun,
// 26.7.3.
double student5_above(double x);

class EDetector {
 public:
  // Three bets: on a small lasting rise, on a larger one, and on a rise that is plain at once.
  static constexpr std::size_t kBets = 3;

  // e(z) of one bet: never negative, never falls with z, mean at most 1 under Student's t.
  static double e_value(std::size_t bet, double z);

  void add(double z);
  // The natural logarithm of the mean of the bets' statistics. Stop at ln(c) for an average run of
  // at least c figures.
  double log_evidence() const;
  void reset() { *this = EDetector{}; }

 private:
  // Logarithms: the statistics themselves pass any range within an hour of a large change.
  std::array<double, kBets> log_m_ = {kNone, kNone, kNone};
  static constexpr double kNone = -1e9;  // M = 0
};

}  // namespace ringside
