// Days of hours of one operation whose level changes.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>

#include "report/model/buckets.h"
#include "report/model/history.h"
#include "report/model/sums.h"

namespace sample {

using namespace ringside;

inline constexpr std::int64_t kLevelsBegin = 1'772'409'600;  // a whole day
inline constexpr std::int64_t kOneHourS = 3'600;

// Hours of SEND around 5 ms, and from `change` on around `after` times that.
inline HistorySpan level_hours(std::mt19937_64& engine, int count, int change, double after) {
  HistorySpan span;
  span.begin_wall_s = kLevelsBegin;
  span.end_wall_s = kLevelsBegin + count * kOneHourS;
  HistorySeries& series = span.series.emplace_back();
  series.ring = "chat";
  series.name = "SEND";
  HistoryRing& ring = span.rings.emplace_back();
  ring.ring = "chat";
  std::normal_distribution<double> noise(0, 0.03), spread(0, 0.4);
  for (int hour = 0; hour < count; ++hour) {
    HistorySlot& slot = series.slots.emplace_back();
    slot.begin_wall_s = kLevelsBegin + hour * kOneHourS;
    slot.seconds = 3600;
    slot.observed_seconds = 3600;
    ring.slots.push_back({slot.begin_wall_s, 3600, 0, 3600, 0});
    const double level = 5e6 * std::exp(noise(engine)) * (hour >= change ? after : 1);
    for (int call = 0; call < 400; ++call) {
      const double ns = level * std::exp(spread(engine));
      HistorySlot one;
      one.recorded = one.timed = 1;
      one.outcomes[0] = 1;
      one.sum_ns = one.min_ns = one.max_ns = static_cast<std::uint64_t>(ns);
      const int bucket = bucket_of(static_cast<LatencyUnits>(ns * kUnitsPerNs));
      one.latency.buckets = {{static_cast<std::int16_t>(bucket), 1}};
      add_slot(slot, one);
    }
  }
  return span;
}

}  // namespace sample
