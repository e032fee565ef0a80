// Does a figure grow, and how long until it reaches its limit? Deterministic and small: a leak is a
// line that goes up, and most figures go up and down.
//
// Points are kept for four windows (2, 5, 15 and 60 minutes). Each window is cut into thirds, and
// the middle third is compared with the first and the last by their medians (Tukey's resistant
// line, Exploratory Data Analysis 1977, chapter 10). One outlier in a third moves no median.
//
//   value |            . '       both slopes are positive, and the smaller one is the pace
//         |       . ' |
//         |  . '  |   |          a step has one slope of 0, and of a cache that warms the second is
//         +-------+---+-> time   smaller: neither is a leak
//
//   G0  The second slope is at least 0.6 of the first.
//   G1  A pace is believed for at most six times as long as it was seen.
//   G2  The window must have grown by 2 % of the limit. A flat figure has noise.
//   G3  The next shorter window must have grown, too, at a quarter of the pace at least. So a
//       growth that has ended is over soon, although an hour still holds it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "daemon/storage/codec.h"

namespace ringside {

class Growth {
 public:
  static constexpr std::size_t kGrowthWindows = 4;
  static constexpr std::array<double, kGrowthWindows> kSpans = {120, 300, 900, 3600};  // seconds

  // Adds what the figure was at an instant, in seconds of a clock that only goes forward. A point
  // that is not later than the last one is left out.
  void add(double at_s, double value);
  struct Pace {
    double per_second = 0;  // above 0
    double seconds_left = 0;
    double seen_s = 0;  // the window that it was seen in
  };
  // How the figure goes on from `now` to `limit`, which is above it. Absent: it does not grow, or
  // not so that G1 allows to say when it is there. Of several windows the shortest that tells.
  std::optional<Pace> until(double now, double limit) const;

  void encode(Encoder& out) const;
  void decode(Decoder& in);
  friend bool operator==(const Growth&, const Growth&) = default;

 private:
  static constexpr std::size_t kPoints = 24;  // in a full window
  static constexpr std::size_t kFewestPoints = 12;
  struct Point {
    double at_s;
    double value;
    friend bool operator==(const Point&, const Point&) = default;
  };
  // From the first third of a window to the second, from there to the last, and over all of it.
  struct Slopes {
    double first, second, whole;
  };
  bool full(std::size_t window) const;
  Slopes slopes(std::size_t window) const;

  std::array<std::deque<Point>, kGrowthWindows> windows_;
};

}  // namespace ringside
