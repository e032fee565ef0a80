#include "tools/ringside/hist/latencies.h"

#include <algorithm>
#include <cmath>

namespace ringside::tool {

int bucket_of_ns(std::int64_t ns) {
  const double units = static_cast<double>(std::max<std::int64_t>(ns, 0)) * kUnitsPerNs;
  // 2.1 years fill the units.
  return clamp_bucket(bucket_of(units < 9e18 ? static_cast<LatencyUnits>(std::llround(units))
                                             : LatencyUnits{9} << 60));
}

double upper_ns(int bucket) { return bucket_upper_seconds(bucket) * 1e9; }

void Latencies::add(std::int64_t ns) {
  min_ns_ = count_ == 0 ? ns : std::min(min_ns_, ns);
  max_ns_ = std::max(max_ns_, ns);
  ++count_;
  ++counts_[bucket_of_ns(ns)];
}

void Latencies::add(const Histogram& counted, std::int64_t min_ns, std::int64_t max_ns) {
  const std::uint64_t count = counted.count();
  if (count == 0) return;
  min_ns_ = count_ == 0 ? min_ns : std::min(min_ns_, min_ns);
  max_ns_ = std::max(max_ns_, max_ns);
  count_ += count;
  // The middle of a coarse bucket may lie beyond the ends. A chart has no room there.
  const int lowest = bucket_of_ns(min_ns);
  const int highest = std::max(lowest, bucket_of_ns(max_ns));
  for (const Histogram::Bucket& bucket : counted.buckets)
    counts_[std::clamp<int>(bucket.index, lowest, highest)] += bucket.count;
}

Histogram Latencies::histogram() const {
  Histogram out;
  for (const auto& [bucket, count] : counts_)
    out.buckets.push_back({static_cast<std::int16_t>(bucket), count});
  return out;
}

double Latencies::quantile_ns(double q) const {
  if (count_ == 0) return 0;
  return std::clamp(histogram().quantile_seconds(q) * 1e9, static_cast<double>(min_ns_),
                    static_cast<double>(max_ns_));
}

}  // namespace ringside::tool
