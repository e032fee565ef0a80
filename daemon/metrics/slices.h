// Time cut into slices of 5 s. The slice that is being filled is dense and counts in raw ticks,
// because every record passes here. A slice that is over is kept sparse, in nanoseconds.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "daemon/storage/codec.h"
#include "report/model/windows.h"
#include "shm/clock.h"
#include "shm/record.h"

namespace ringside {

inline constexpr std::int64_t kSliceNs = 5'000'000'000;
inline constexpr std::int64_t kSlicesPerMinute = 12;

inline std::int64_t slice_of(std::int64_t monotonic_ns) {
  // Rounds down, for any time. Garbage may lie at the very ends of the range.
  return monotonic_ns / kSliceNs - (monotonic_ns % kSliceNs < 0 ? 1 : 0);
}

// Turns ticks into histogram units by one multiplication.
struct UnitScale {
  double units_per_tick = 0;
  // Longer spans are not told apart. 2 years; less with a clock above 137 GHz.
  std::uint64_t max_ticks = 0;

  static UnitScale of(double ticks_per_second) {
    UnitScale scale;
    if (ticks_per_second <= 0) return scale;
    scale.units_per_tick = kUnitsPerSecond / ticks_per_second;
    // Below 2^63 as ticks and below 2^64 as units.
    scale.max_ticks = static_cast<std::uint64_t>(std::min(9e18, 1.8e19 / scale.units_per_tick));
    return scale;
  }
  // The index into DenseSlice::buckets. `ticks` is at most max_ticks.
  std::size_t bucket_index(std::uint64_t ticks) const {
    return bucket_index_of(static_cast<double>(static_cast<std::int64_t>(ticks)) * units_per_tick);
  }
};

// What is summed of the slice being filled: all but its buckets.
struct DenseSums {
  std::array<std::uint64_t, 8> outcomes;   // one spare, so that the index needs no check
  std::uint64_t untimed;
  std::uint64_t negative;
  std::uint64_t sum_ticks;
  std::uint64_t min_ticks;
  std::uint64_t max_ticks;
  std::int64_t value_sum;
  struct Stage {
    std::uint64_t count, sum_ticks;
    StageTicks max_packed;
  };
  std::array<Stage, kStageCount> stages;

  static constexpr std::size_t kNoBucket = SIZE_MAX;

  bool empty() const {
    return std::all_of(outcomes.begin(), outcomes.end(), [](std::uint64_t n) { return n == 0; });
  }
  // Adds one record of any kind. Returns the index of its bucket in DenseSlice::buckets, or
  // kNoBucket.
  std::size_t add(const Record& record, const UnitScale& scale) {
    ++outcomes[record.outcome & 7];
    if ((record.flags & kFlagUntimed) != 0) {
      ++untimed;
      return kNoBucket;
    }
    std::uint64_t ticks = 0;
    if (record.duration >= 0) {
      ticks = static_cast<std::uint64_t>(record.duration);
    } else {
      ++negative;
    }
    sum_ticks += ticks;
    if (ticks < min_ticks) [[unlikely]]
      min_ticks = ticks;
    if (ticks > max_ticks) [[unlikely]]
      max_ticks = ticks;
    if (record.kind == static_cast<std::uint8_t>(Kind::event)) {
      value_sum = static_cast<std::int64_t>(static_cast<std::uint64_t>(value_sum) +
                                            static_cast<std::uint64_t>(record.event.value));
    } else if ((record.flags & kFlagStages) != 0) {
      for (unsigned i = 0; i < kStageCount; ++i) {
        const StageTicks packed = record.stage(i);
        if (packed == 0) continue;
        ++stages[i].count;
        stages[i].sum_ticks += unpack_stage_ticks(packed);
        // Packed spans have the order of the spans.
        if (packed > stages[i].max_packed) [[unlikely]]
          stages[i].max_packed = packed;
      }
    }
    return scale.bucket_index(std::min(ticks, scale.max_ticks));
  }
};

// The slice being filled.
struct DenseSlice : DenseSums {
  // Every possible bucket, so that no index needs a check. Buckets outside the kept range are
  // folded in later.
  std::array<std::uint32_t, kHighestBucket - kLowestBucket + 1> buckets;

  DenseSlice() { clear(); }
  void clear() {
    std::memset(static_cast<void*>(this), 0, sizeof *this);
    min_ticks = ~std::uint64_t{0};
  }
  // The drain adds whole groups of records instead (metrics/ring_metrics_ingest.cpp).
  void add(const Record& record, const UnitScale& scale) {
    const std::size_t bucket = DenseSums::add(record, scale);
    if (bucket != kNoBucket) ++buckets[bucket];
  }
};

// One slice, or several added up, in the form in which it is kept.
struct StoredSlice {
  struct Bucket {
    std::uint16_t index;   // bucket - kMinBucket
    std::uint32_t count;   // an index may appear again when one count is full
  };
  std::array<std::uint64_t, kOutcomeCount> outcomes{};
  std::uint64_t untimed = 0;
  std::uint64_t negative = 0;
  std::uint64_t skipped = 0;
  std::uint64_t sum_ns = 0;
  std::uint64_t min_ns = ~std::uint64_t{0};
  std::uint64_t max_ns = 0;
  std::int64_t value_sum = 0;
  std::array<StageStats, kStageCount> stages{};
  std::vector<Bucket> buckets;

  static StoredSlice of(const DenseSlice& dense, const TickScale& scale);
  // One record alone, as if a slice had no other. It passes over no buckets: many records may come
  // late.
  static StoredSlice of(const Record& record, const UnitScale& units, const TickScale& scale);
  bool empty() const;
  std::uint64_t recorded() const;
  void add(const StoredSlice& other);
  void add_all_but_buckets(const StoredSlice& other);
  std::size_t bytes() const { return sizeof *this + buckets.capacity() * sizeof(Bucket); }

  void encode(Encoder& out) const;
  static StoredSlice decode(Decoder& in);

 private:
  bool add_in_place(const std::vector<Bucket>& others);
};

// Adds slices up for a window. finish() then gives the result. One object is used for window after
// window.
class WindowSum {
 public:
  void clear();
  void add(const StoredSlice& slice);
  void add_histogram(const std::array<std::uint64_t, kBucketCount>& buckets);
  // Says that this many of what was added are from before the observed time.
  void add_history(std::uint64_t count) { history_ += count; }
  WindowStats finish(double seconds);

 private:
  // Most windows fill a few dozen of the buckets. Only those between these two are looked at again.
  void use(std::size_t first, std::size_t last) {
    first_ = std::min(first_, first);
    end_ = std::max(end_, last + 1);
  }

  StoredSlice sum_;                                      // all but the buckets
  std::uint64_t history_ = 0;
  std::array<std::uint64_t, kBucketCount> buckets_{};
  std::size_t first_ = kBucketCount;   // below it, and from end_ on, every bucket is 0
  std::size_t end_ = 0;
};

}  // namespace ringside
