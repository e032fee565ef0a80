// Virtual time. `monotonic` runs as CLOCK_MONOTONIC does: it stands still while the machine is
// suspended and is never set.
#pragma once

#include <cstdint>

namespace ringside::simulate {

using Ns = std::int64_t;

inline constexpr Ns kMicrosecond = 1'000;
inline constexpr Ns kMillisecond = 1'000'000;
inline constexpr Ns kSecondNs = 1'000'000'000;
inline constexpr Ns kMinuteNs = 60 * kSecondNs;
inline constexpr Ns kHourNs = 60 * kMinuteNs;
inline constexpr Ns kDayNs = 24 * kHourNs;

constexpr Ns ns_of(double seconds) { return static_cast<Ns>(seconds * 1e9); }
constexpr double seconds_of(Ns ns) { return static_cast<double>(ns) / 1e9; }

// Every world begins at this monotonic time, some time after its machine was started. It is no
// multiple of a slice or of a tick.
inline constexpr Ns kWorldBegin = 3'700'002 * kSecondNs + 311 * kMillisecond;
// Monday, 2026-03-02 00:00:00 UTC.
inline constexpr Ns kMondayWall = 1'772'409'600 * kSecondNs;

// Hour of the day, with its fraction, and the day of the week (0: Monday).
constexpr double hour_of(Ns wall) {
  return static_cast<double>(wall % kDayNs) / static_cast<double>(kHourNs);
}
constexpr int weekday_of(Ns wall) { return static_cast<int>((wall - kMondayWall) / kDayNs % 7); }

}  // namespace ringside::simulate
