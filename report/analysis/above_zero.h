// Whether differences are above zero, or whether that is chance.
#pragma once

#include <vector>

namespace ringside {

// The chance that differences around zero would have a median as far above it as these: 0..1, small
// where they are clearly above it. 1 of fewer than three. `least_noise` is the least deviation
// that one of them has, above 0.
//
// A t-test made of robust parts (Huber: "Robust Statistics", 1981): the median in place of the
// mean, which scatters sqrt(pi / 2) times as much, and in place of the standard deviation how far
// three quarters of the differences lie from it, as a part of what that is for a normal law
// (1.1503). So an hour that went wrong counts as what it is, a few of many. The tail of Student's t
// is Wallace's approximation ("Bounds on normal approximations to Student's and the chi-square
// distributions", Annals of Mathematical Statistics 30(4), 1959).
//
// The differences are in the order of time. Where neighbours are alike there are in truth fewer of
// them: n (1 - r) / (1 + r), with r the correlation of neighbours (Bayley and Hammersley: "The
// effective number of independent observations in an autocorrelated time series", Supplement to
// the Journal of the Royal Statistical Society 8(2), 1946). r is that of the ranks, corrected for
// what a short series hides, (1 + 3 r) / n (Kendall: "Note on bias in the estimation of
// autocorrelation", Biometrika 41, 1954), and a deviation of it more, 1 / sqrt(n): one too low
// would make chance look like a change.
double chance_above_zero(const std::vector<double>& differences, double least_noise);

}  // namespace ringside
