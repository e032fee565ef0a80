// What the history gets of one ring's metrics: its minutes.
#include <algorithm>

#include "daemon/metrics/ring_metrics.h"
#include "shm/assert.h"

namespace ringside {

void RingMetrics::align(std::int64_t wall_minus_monotonic_ns) {
  if (timed_ || aligned_) return;
  aligned_ = true;
  // So many slices lie between the two clocks, to the nearest.
  const std::int64_t apart = slice_of(add_ns(wall_minus_monotonic_ns, kSliceNs / 2));
  phase_ = ((apart % kSlicesPerMinute) + kSlicesPerMinute) % kSlicesPerMinute;
}

// The books tell the operations of lost records only now and then. They count where that was told.
void RingMetrics::note_losses(const SeriesKey& key, std::uint64_t lost) {
  if (lost == 0) return;
  KnownLosses& losses = losses_[key];
  if (lost > losses.known) losses.by_minute.add(now_slice_, now_slice_, lost - losses.known);
  losses.known = lost;
}

void RingMetrics::take_minutes(const std::string& ring, std::int64_t wall_minus_monotonic_ns,
                               TakeMinutes which, HistorySpan& out) {
  // end_run() comes before take_minutes().
  RINGSIDE_ASSERT(!in_run_);
  if (!timed_ || observed_.since_ns() == INT64_MIN) return;
  const std::int64_t present = Series::minute_of(now_slice_);
  minutes_.reach(present, [&](std::int64_t minute) {
    return add_ns(begin_of_slice(minute * kSlicesPerMinute), wall_minus_monotonic_ns);
  });
  // The slice before the present one may still be filled.
  std::int64_t end = Series::minute_of(now_slice_ - 1);
  if (which == TakeMinutes::all) {
    end = present + 1;
    minutes_.touch(present);
    minutes_.touch(present - 1);
  }
  HistoryRing of_ring;
  of_ring.ring = ring;
  std::map<const Series*, HistorySeries> of_series;
  minutes_.take_due(end, [&](const Minutes::Minute& minute) {
    HistoryRingSlot slot;
    slot.begin_wall_s = minute.begin_wall_s;
    slot.again = minute.again;
    const std::int64_t begin_ns = begin_of_slice(minute.number * kSlicesPerMinute);
    slot.observed_seconds =
        observed_.seconds_between(begin_ns, add_ns(begin_ns, kSliceNs * kSlicesPerMinute));
    slot.lost = lost_.of_minute(minute.number);
    const bool any = take_minute(minute, slot.observed_seconds, of_series);
    if (any || slot.observed_seconds > 0 || slot.lost > 0) of_ring.slots.push_back(slot);
  });
  if (!of_ring.slots.empty()) out.rings.push_back(std::move(of_ring));
  for (auto& [key, series] : series_) {
    const auto at = of_series.find(series.get());
    if (at == of_series.end()) continue;
    HistorySeries& taken = at->second;
    taken.ring = ring;
    taken.name = series->name().name;
    taken.event = key.kind == Kind::event;
    taken.category = series->name().category;
    taken.waits_for_client = series->name().waits_for_client;
    taken.stage_names = series->name().stages;
    out.series.push_back(std::move(taken));
  }
}

bool RingMetrics::take_minute(const Minutes::Minute& minute, double observed_seconds,
                              std::map<const Series*, HistorySeries>& out) {
  bool any = false;
  for (auto& [key, series] : series_) {
    sum_.clear();
    series->sum_minute(minute.number, now_slice_, scale_, sum_);
    const WindowStats stats = sum_.finish(observed_seconds);
    const auto losses = losses_.find(key);
    const std::uint64_t lost =
        losses != losses_.end() ? losses->second.by_minute.of_minute(minute.number) : 0;
    if (stats.count() == 0 && lost == 0) continue;
    any = true;
    HistorySlot slot;
    slot.begin_wall_s = minute.begin_wall_s;
    slot.again = minute.again;
    slot.observed_seconds = observed_seconds;
    slot.recorded = stats.recorded;
    slot.skipped = stats.skipped;
    slot.lost = lost;
    slot.outcomes = stats.outcomes;
    slot.timed = stats.timed;
    slot.sum_ns = stats.sum_ns;
    slot.min_ns = stats.min_ns;
    slot.max_ns = stats.max_ns;
    slot.value_sum = stats.value_sum;
    slot.latency = stats.latency;
    slot.stages = stats.stages;
    out[series.get()].slots.push_back(std::move(slot));
  }
  // Failures are counted of operations, under the names of their series.
  errors_.each_of_minute(minute.number, [&](const std::string& operation, std::uint16_t code,
                                            std::uint8_t outcome, std::uint64_t count) {
    const auto series = series_.find({Kind::operation, operation});
    if (series == series_.end()) return;
    const auto at = out.find(series->second.get());
    if (at == out.end() || at->second.slots.back().begin_wall_s != minute.begin_wall_s) return;
    at->second.slots.back().errors.push_back({code, static_cast<RecordOutcome>(outcome), count});
  });
  return any;
}

}  // namespace ringside
