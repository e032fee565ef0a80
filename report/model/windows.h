// One series (an operation, an event, a category, or all operations) over one window of time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "report/model/histogram.h"
#include "report/model/outcome.h"

namespace ringside {

inline constexpr std::size_t kStages = 6;

// The windows over which each series is kept, in this order everywhere.
enum class Window : std::uint8_t { since_start, minute, five_minutes, hour };
inline constexpr std::size_t kWindows = 4;
inline constexpr std::array<const char*, kWindows> kWindowNames = {"since_start", "1m", "5m", "1h"};

struct StageStats {
  std::uint64_t count = 0;   // operations that marked it
  std::uint64_t sum_ns = 0;
  std::uint64_t max_ns = 0;
};

struct WindowStats {
  double seconds = 0;            // how much time of the window was observed
  std::uint64_t recorded = 0;    // records read and believed
  // Counted by the server and not written as records (sampling, counted events).
  std::uint64_t skipped = 0;
  // Those of recorded and skipped from before the observed time: a ring holds some when the daemon
  // comes to it. They count since start, and in no rate.
  std::uint64_t history = 0;
  std::uint64_t errors = 0;      // of the recorded: outcomes error and timeout
  std::uint64_t refused = 0;     // of the recorded: rejected, denied, limited
  std::uint64_t timed = 0;       // of the recorded: with a span; the latency figures cover these
  std::uint64_t negative = 0;    // of the timed: negative spans, which count as zero
  std::array<std::uint64_t, kOutcomes> outcomes{};
  std::uint64_t sum_ns = 0;
  std::uint64_t min_ns = 0;      // 0 while timed == 0
  std::uint64_t max_ns = 0;
  Histogram latency;
  std::array<StageStats, kStages> stages{};
  std::int64_t value_sum = 0;    // events: sum of their values

  std::uint64_t count() const { return recorded + skipped; }
  // Per second of observed time.
  double rate() const { return seconds > 0 ? static_cast<double>(count() - history) / seconds : 0; }
  // 0..1
  double error_rate() const {
    return count() > 0 ? static_cast<double>(errors) / static_cast<double>(count()) : 0;
  }
  double mean_ns() const {
    return timed > 0 ? static_cast<double>(sum_ns) / static_cast<double>(timed) : 0;
  }
  // Nearest-rank quantile from the histogram, limited to min and max. It is within 1.1 % of the
  // true value unless quantile_past_end(q). Then the true value lies between this one and max_ns.
  double quantile_ns(double q) const;
  bool quantile_past_end(double q) const { return latency.past_end(q); }
};

}  // namespace ringside
