// Spans of wall time, in seconds.
#pragma once

#include <cstdint>

namespace ringside {

inline constexpr std::int64_t kNsPerSecond = 1'000'000'000;
inline constexpr std::int64_t kHourS = 3600;
inline constexpr std::int64_t kDayS = 86400;

// The latest multiple of `unit` that is not after `wall_s`, for any time.
constexpr std::int64_t floor_to(std::int64_t wall_s, std::int64_t unit) {
  return wall_s - ((wall_s % unit) + unit) % unit;
}

}  // namespace ringside
