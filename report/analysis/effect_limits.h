// What a difference must be to be told, wherever two times of the past are compared: how much, and
// of how many calls.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace ringside {

// Calls that one point of a figure needs.
inline constexpr std::uint64_t kCallsForP50 = 20;
inline constexpr std::uint64_t kCallsForP95 = 100;  // five beyond it (samples_needed)
inline constexpr std::uint64_t kCallsForStage = 20;

inline constexpr double kLeastP50 = 0.10;
inline constexpr double kLeastP95 = 0.20;
inline constexpr double kLeastStage = 0.15;
inline constexpr double kLeastOfOperation = 0.01;  // a stage's rise, of the operation's time
inline constexpr double kLeastTicks = 10;          // of the clock

// The least effect as a logarithm: that of 1 + share, and of ten ticks of the clock. `usual_level`
// is the logarithm of nanoseconds; 0: not known.
inline double least_effect(double share, double usual_level, double clock_resolution_ns) {
  const double ticks =
      usual_level != 0 ? kLeastTicks * clock_resolution_ns / std::exp(usual_level) : 0.0;
  return std::log1p(std::max(share, ticks));
}

}  // namespace ringside
