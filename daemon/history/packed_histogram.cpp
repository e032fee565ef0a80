#include "daemon/history/packed_histogram.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "daemon/storage/codec.h"
#include "shm/assert.h"

namespace ringside {
namespace {

constexpr std::int64_t kLeast = kMinBucket;
constexpr std::int64_t kMost = kMaxBucket;

// ceil(index / 2^shift): the bucket of the coarser schema.
std::int64_t coarser(std::int64_t index, int shift) {
  return (index + (std::int64_t{1} << shift) - 1) >> shift;
}

// The middle of the buckets that `index` stands for.
std::int64_t finer(std::int64_t index, int shift) {
  const std::int64_t last = index * (std::int64_t{1} << shift);
  return std::clamp(last - (std::int64_t{1} << shift) / 2, kLeast, kMost);
}

// The first bucket after `gap` + 1 empty ones from `next` on. Far out of range when the gap is.
std::int64_t after_gap(std::int64_t next, std::uint64_t gap) {
  return gap > kBucketCount ? kMost + 1 : next + static_cast<std::int64_t>(gap) + 1;
}

Histogram merged(const Histogram& histogram, int shift) {
  Histogram out;
  for (const Histogram::Bucket& bucket : histogram.buckets) {
    const auto index = static_cast<std::int16_t>(coarser(bucket.index, shift));
    if (!out.buckets.empty() && out.buckets.back().index == index) {
      out.buckets.back().count += bucket.count;
    } else {
      out.buckets.push_back({index, bucket.count});
    }
  }
  return out;
}

}  // namespace

std::string pack_histogram(const Histogram& histogram, int schema) {
  RINGSIDE_ASSERT(schema >= 0 && schema <= kFullSchema);
  const Histogram coarse =
      schema == kFullSchema ? Histogram{} : merged(histogram, kFullSchema - schema);
  const auto& buckets = schema == kFullSchema ? histogram.buckets : coarse.buckets;
  Encoder out;
  out.u64(static_cast<std::uint64_t>(schema));
  std::size_t at = 0;
  while (at < buckets.size()) {
    std::size_t end = at + 1;
    while (end < buckets.size() && buckets[end].index == buckets[end - 1].index + 1) ++end;
    if (at == 0) {
      out.i64(buckets[0].index);
    } else {
      out.u64(static_cast<std::uint64_t>(buckets[at].index - buckets[at - 1].index - 2));
    }
    out.u64(end - at - 1);
    for (; at < end; ++at) out.u64(buckets[at].count);
  }
  return out.take();
}

std::optional<Histogram> unpack_histogram(std::string_view bytes) {
  Decoder in(bytes);
  const int shift = kFullSchema - static_cast<int>(in.below(kFullSchema + 1));
  const std::int64_t least = coarser(kLeast, shift);
  const std::int64_t most = coarser(kMost, shift);
  Histogram out;
  bool first = true;
  std::int64_t index = 0;
  while (in.good() && !in.rest().empty()) {
    index = first ? in.i64() : after_gap(index, in.u64());
    first = false;
    if (index < least || index > most) in.fail();
    const std::uint64_t length = in.count(1, kBucketCount) + 1;
    for (std::uint64_t i = 0; i < length && in.good(); ++i, ++index) {
      const std::uint64_t count = in.u64();
      if (index > most || count == 0) in.fail();
      if (in.good())
        out.buckets.push_back(
            {static_cast<std::int16_t>(shift == 0 ? index : finer(index, shift)), count});
    }
  }
  if (!in.good()) return std::nullopt;
  return out;
}

}  // namespace ringside
