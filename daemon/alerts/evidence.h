// How sure a share of calls is. Of few calls a share says little, so it is judged with an interval,
// over the shortest window that decides.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "report/model/series.h"

namespace ringside {

// `over` of `of` calls were too slow, or failed.
struct Share {
  std::uint64_t over = 0;
  std::uint64_t of = 0;

  double value() const { return of == 0 ? 0 : static_cast<double>(over) / static_cast<double>(of); }
  friend bool operator==(const Share&, const Share&) = default;
};

// The ends of Wilson's score interval with continuity correction: the least and the greatest share
// that `over` of `of` fit, `z` standard deviations away. 0 and 1 of no calls. Without the
// correction a single slow call would prove that more than one in twenty is slow. (R. G. Newcombe,
// Statistics in Medicine 17, 1998, method 4.)
double wilson_low(const Share& share, double z);
double wilson_high(const Share& share, double z);

// The z that a standard normal variable exceeds with this probability, 0 < p <= 0.5. Within 4.5e-4
// (M. Abramowitz and I. A. Stegun, Handbook of Mathematical Functions, 1964, 26.2.23).
double z_of(double probability);

// The windows that are judged, the shortest first.
inline constexpr std::size_t kEvidenceWindows = 4;
inline constexpr std::array<const char*, kEvidenceWindows> kEvidenceWindowNames = {
    "the last 5 s", "the last 15 s", "the last minute", "the last 5 minutes"};
using EvidenceWindows = std::array<const WindowStats*, kEvidenceWindows>;
inline EvidenceWindows windows_of(const SeriesView& series) {
  return {&series.last_5s, &series.last_15s, &series.window(Window::minute),
          &series.window(Window::five_minutes)};
}

using Shares = std::array<Share, kEvidenceWindows>;

// The shortest window whose interval leaves out the limit, and so says on which side the share is.
// Absent where none does.
std::optional<std::size_t> deciding_window(const Shares& shares, double limit, double z);

}  // namespace ringside
