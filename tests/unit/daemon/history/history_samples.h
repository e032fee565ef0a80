// Batches and spans for tests of the history.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "daemon/history/history_writer.h"
#include "report/model/history.h"

namespace ringside::test {

inline constexpr std::int64_t kHistoryBegin = 1'800'000'000;  // a whole hour: 2027-01-15 08:00 UTC
static_assert(kHistoryBegin % 3600 == 0);

// A slot whose figures agree with each other.
inline HistorySlot history_slot(std::mt19937_64& random, std::int64_t begin, std::uint64_t calls) {
  HistorySlot slot;
  slot.begin_wall_s = begin;
  slot.observed_seconds = 60;
  slot.recorded = calls;
  slot.outcomes[0] = calls;
  for (std::size_t i = 1; i < kOutcomes && slot.outcomes[0] > 0; ++i) {
    const std::uint64_t some = random() % (slot.outcomes[0] / 8 + 1);
    slot.outcomes[i] = some;
    slot.outcomes[0] -= some;
    if (some > 0)
      slot.errors.push_back(
          {static_cast<std::uint16_t>(100 * i), static_cast<RecordOutcome>(i), some});
  }
  slot.skipped = random() % 3;
  slot.timed = calls;
  std::lognormal_distribution<double> seconds(-6, 0.6);
  Histogram& latency = slot.latency;
  std::vector<std::uint64_t> counts(kBucketCount);
  for (std::uint64_t i = 0; i < calls; ++i) {
    const double span = seconds(random);
    const auto ns = static_cast<std::uint64_t>(span * 1e9);
    slot.sum_ns += ns;
    slot.min_ns = i == 0 ? ns : std::min(slot.min_ns, ns);
    slot.max_ns = std::max(slot.max_ns, ns);
    const int bucket = bucket_of(static_cast<LatencyUnits>(span * kUnitsPerSecond));
    ++counts[static_cast<std::size_t>(clamp_bucket(bucket) - kMinBucket)];
  }
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0)
      latency.buckets.push_back(
          {static_cast<std::int16_t>(static_cast<int>(i) + kMinBucket), counts[i]});
  }
  for (std::size_t i = 0; i < 4; ++i) {
    slot.stages[i] = {calls, slot.sum_ns / 4, slot.max_ns / 2};
  }
  return slot;
}

inline HistorySeries history_series(std::string name, std::vector<HistorySlot> slots,
                                    std::string ring = "chat") {
  HistorySeries series;
  series.ring = std::move(ring);
  series.name = std::move(name);
  series.category = "messages";
  series.stage_names = {"queue", "validation", "security", "database", "", ""};
  series.slots = std::move(slots);
  return series;
}

inline HistoryRing history_ring(std::int64_t begin, double observed = 60, std::uint64_t lost = 0,
                                std::uint32_t again = 0) {
  return {"chat", {{begin, 60, again, observed, lost}}};
}

// One minute of one operation.
inline HistorySpan history_minute(std::mt19937_64& random, std::int64_t begin,
                                  std::uint64_t calls = 50) {
  HistorySpan span;
  span.begin_wall_s = begin;
  span.end_wall_s = begin + 60;
  span.rings.push_back(history_ring(begin));
  span.series.push_back(history_series("SEND_MESSAGE", {history_slot(random, begin, calls)}));
  span.gauges.push_back({"chat", "connections", {{begin, 5, 3, 9}}});
  return span;
}

inline bool same_slot(const HistorySlot& a, const HistorySlot& b) {
  bool same = a.begin_wall_s == b.begin_wall_s && a.seconds == b.seconds && a.again == b.again &&
              a.observed_seconds == b.observed_seconds && a.recorded == b.recorded &&
              a.skipped == b.skipped && a.lost == b.lost && a.outcomes == b.outcomes &&
              a.timed == b.timed && a.sum_ns == b.sum_ns && a.min_ns == b.min_ns &&
              a.max_ns == b.max_ns && a.value_sum == b.value_sum && a.errors == b.errors &&
              a.latency.buckets == b.latency.buckets;
  for (std::size_t i = 0; i < kStages; ++i) {
    same = same && a.stages[i].count == b.stages[i].count &&
           a.stages[i].sum_ns == b.stages[i].sum_ns && a.stages[i].max_ns == b.stages[i].max_ns;
  }
  return same;
}

}  // namespace ringside::test
