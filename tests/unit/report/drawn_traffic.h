// What the drawn minutes of tests have in common: an operation in one minute, and the time that its
// calls spend in the stage `database`.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <utility>

#include "report/model/history.h"

namespace drawn {

inline constexpr std::int64_t kMonday = 1'772'409'600;  // 2026-03-02 00:00:00 UTC
inline constexpr std::int64_t kHour = 3'600;
inline constexpr std::int64_t kDay = 86'400;

// An operation in one minute. A test changes it before the minute is drawn.
struct Traffic {
  std::string name;
  double calls = 120;  // below 0: the minute does not have it
  double median_ms = 5;
  double sigma = 0.4;
  double slow_share = 0;  // of calls that take eight times as long
  double database = 1;    // how much longer than usual this stage takes, a tenth of the operation
  double tail = 1;        // how much longer the slowest tenth takes than it would
  double failed = 0.002;
};

inline ringside::HistorySeries series_of(std::string ring, std::string name) {
  ringside::HistorySeries series;
  series.ring = std::move(ring);
  series.name = std::move(name);
  series.stage_names[1] = "database";
  return series;
}

// All calls of the slot mark the stage. `median_ms` is that of its operation in this minute.
template <typename Engine>
void draw_database(Engine& engine, std::normal_distribution<double>& normal, const Traffic& traffic,
                   double median_ms, ringside::HistorySlot& slot) {
  const double n = static_cast<double>(slot.timed);
  const double mean = std::max(0.0, 1 + 0.5 * normal(engine) / std::sqrt(n + 1));
  slot.stages[1].count = slot.timed;
  slot.stages[1].sum_ns = static_cast<std::uint64_t>(n * median_ms * 1e5 * traffic.database * mean);
}

}  // namespace drawn
