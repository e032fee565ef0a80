#include "report/model/histogram.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "report/model/windows.h"

namespace ringside {

namespace {

// The bucket that holds the value of rank ceil(q * n). The histogram must not be empty.
const Histogram::Bucket& bucket_of_quantile(const Histogram& histogram, double q) {
  const std::uint64_t total = histogram.count();
  const double wanted = std::ceil(std::clamp(q, 0.0, 1.0) * static_cast<double>(total));
  const auto rank = std::min(static_cast<std::uint64_t>(wanted), total);
  std::uint64_t below = 0;
  for (const Histogram::Bucket& bucket : histogram.buckets) {
    below += bucket.count;
    if (below >= rank) return bucket;
  }
  return histogram.buckets.back();
}

}  // namespace

std::uint64_t Histogram::count() const {
  std::uint64_t total = 0;
  for (const Bucket& bucket : buckets) total += bucket.count;
  return total;
}

std::uint64_t Histogram::count_above(double seconds) const {
  // A few middles are computed, not one for each bucket. Alerts ask at every tick, for each
  // operation.
  const auto first = std::partition_point(
      buckets.begin(), buckets.end(),
      [&](const Bucket& bucket) { return bucket_middle_seconds(bucket.index) <= seconds; });
  return std::accumulate(
      first, buckets.end(), std::uint64_t{0},
      [](std::uint64_t above, const Bucket& bucket) { return above + bucket.count; });
}

void Histogram::merge(const Histogram& other) {
  std::vector<Bucket> merged;
  merged.reserve(buckets.size() + other.buckets.size());
  auto a = buckets.begin();
  auto b = other.buckets.begin();
  while (a != buckets.end() || b != other.buckets.end()) {
    if (b == other.buckets.end() || (a != buckets.end() && a->index < b->index)) {
      merged.push_back(*a++);
    } else if (a == buckets.end() || b->index < a->index) {
      merged.push_back(*b++);
    } else {
      merged.push_back({a->index, a->count + b->count});
      ++a;
      ++b;
    }
  }
  buckets = std::move(merged);
}

double Histogram::quantile_seconds(double q) const {
  if (buckets.empty()) return 0;
  const Bucket& bucket = bucket_of_quantile(*this, q);
  return bucket.index == kMaxBucket ? longest_told_apart_seconds()
                                    : bucket_middle_seconds(bucket.index);
}

bool Histogram::past_end(double q) const {
  return !buckets.empty() && bucket_of_quantile(*this, q).index == kMaxBucket;
}

double WindowStats::quantile_ns(double q) const {
  if (timed == 0) return 0;
  return std::clamp(latency.quantile_seconds(q) * 1e9, static_cast<double>(min_ns),
                    static_cast<double>(max_ns));
}

}  // namespace ringside
