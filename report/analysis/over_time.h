// History as a row of points: what charts and trends over time are made of.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "report/model/history.h"

namespace ringside {

// A step of time of one operation, or of several together.
struct TimePoint {
  std::int64_t begin_wall_s = 0;
  std::int64_t seconds = 0;
  double observed_seconds = 0;  // 0: nothing was seen, and nothing is known of it
  std::uint64_t count = 0;
  std::uint64_t errors = 0;   // error and timeout
  std::uint64_t refused = 0;  // rejected, denied, limited
  std::uint64_t timed = 0;
  std::uint64_t sum_ns = 0;
  std::uint64_t min_ns = 0;
  std::uint64_t max_ns = 0;
  Histogram latency;

  bool known() const { return observed_seconds > 0; }
  double rate() const { return known() ? static_cast<double>(count) / observed_seconds : 0; }
  double error_rate() const {
    return count > 0 ? static_cast<double>(errors) / static_cast<double>(count) : 0;
  }
  // As WindowStats::quantile_ns.
  double quantile_ns(double q) const;
};

// At most `most` points that cover the span in equal steps, oldest first: whole minutes, or whole
// hours where the history has only hours. With `operation` empty all operations together: their
// calls are counted, and the times of those that wait for their client are left out.
std::vector<TimePoint> points_over_time(const HistorySpan& span, std::string_view ring,
                                        std::string_view operation, std::size_t most);
// The same of one series, which may be an event.
std::vector<TimePoint> points_of(const HistorySpan& span, const HistorySeries& series,
                                 std::size_t most);

}  // namespace ringside
