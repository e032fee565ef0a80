// Operations of a series that stand for others of about their length in graphs: for each octave of
// spans the latest one that was the longest of its slice so far.
//
// Such an operation is never plain (RingMetrics::set_plain_bounds), so the drain's fast path does
// nothing for it. A slice has a handful of them: of n operations in random order about ln(n).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "report/model/buckets.h"
#include "report/model/series.h"

namespace ringside {

class Exemplars {
 public:
  // `end_ns` is of CLOCK_MONOTONIC, `span_ns` 0 or more.
  void add(std::uint32_t lane, std::uint64_t position, std::uint32_t instance, std::int64_t span_ns,
           std::int64_t end_ns) {
    Entry& entry = entries_[octave_of(span_ns)];
    if (entry.used && entry.instance == instance && entry.end_ns > end_ns) return;
    entry = {position, span_ns, end_ns, 0, lane, instance, true, false};
  }

  // Those of that instance of the ring; the others' positions mean nothing any more. The wall time
  // of an end is settled when it is first shown: a clock that is slewed does not move it.
  std::vector<ExemplarView> show(std::uint32_t instance, std::int64_t wall_minus_monotonic_ns) {
    std::vector<ExemplarView> out;
    for (Entry& entry : entries_) {
      if (!entry.used || entry.instance != instance) continue;
      if (!entry.shown) entry.wall_ns = entry.end_ns + wall_minus_monotonic_ns;
      entry.shown = true;
      out.push_back({entry.lane, entry.position, entry.span_ns, entry.wall_ns});
    }
    return out;
  }

 private:
  struct Entry {
    std::uint64_t position = 0;
    std::int64_t span_ns = 0;
    std::int64_t end_ns = 0;
    std::int64_t wall_ns = 0;
    std::uint32_t lane = 0;
    std::uint32_t instance = 0;
    bool used = false;
    bool shown = false;
  };
  static constexpr std::size_t kOctaves =
      (kMaxBucket - kMinBucket + kBucketsPerOctave - 1) / kBucketsPerOctave + 1;

  // An octave has its upper bound, as a bucket has.
  static std::size_t octave_of(std::int64_t span_ns) {
    // A span that no server can have had is still one that a ring may say.
    const double exact = std::clamp(static_cast<double>(span_ns) * kUnitsPerNs, 0.0, 0x1p63);
    const auto units = static_cast<LatencyUnits>(exact);
    const int bucket = clamp_bucket(bucket_of(units));
    return static_cast<std::size_t>((bucket - kMinBucket + kBucketsPerOctave - 1) /
                                    kBucketsPerOctave);
  }

  std::array<Entry, kOctaves> entries_;
};

}  // namespace ringside
