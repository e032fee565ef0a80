#include "daemon/metrics/slices.h"

namespace ringside {

namespace {

std::uint64_t to_ns(std::uint64_t ticks, const TickScale& scale) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(
      0, scale.span_ns(static_cast<std::int64_t>(std::min<std::uint64_t>(ticks, INT64_MAX)))));
}

void add_fields(StoredSlice& to, const StoredSlice& from) {
  for (std::size_t i = 0; i < kOutcomeCount; ++i) to.outcomes[i] += from.outcomes[i];
  to.untimed += from.untimed;
  to.negative += from.negative;
  to.skipped += from.skipped;
  to.sum_ns += from.sum_ns;
  to.min_ns = std::min(to.min_ns, from.min_ns);
  to.max_ns = std::max(to.max_ns, from.max_ns);
  to.value_sum = static_cast<std::int64_t>(static_cast<std::uint64_t>(to.value_sum) +
                                           static_cast<std::uint64_t>(from.value_sum));
  for (std::size_t i = 0; i < kStageCount; ++i) {
    to.stages[i].count += from.stages[i].count;
    to.stages[i].sum_ns += from.stages[i].sum_ns;
    to.stages[i].max_ns = std::max(to.stages[i].max_ns, from.stages[i].max_ns);
  }
}

void append(std::vector<StoredSlice::Bucket>& buckets, std::size_t index, std::uint64_t count) {
  while (count > 0) {
    const auto part = static_cast<std::uint32_t>(std::min<std::uint64_t>(count, UINT32_MAX));
    buckets.push_back({static_cast<std::uint16_t>(index), part});
    count -= part;
  }
}

// All but the buckets.
StoredSlice stored(const DenseSums& dense, const TickScale& scale) {
  StoredSlice out;
  for (std::size_t i = 0; i < kOutcomeCount; ++i) out.outcomes[i] = dense.outcomes[i];
  out.untimed = dense.untimed;
  out.negative = dense.negative;
  out.sum_ns = to_ns(dense.sum_ticks, scale);
  if (out.recorded() > out.untimed) out.min_ns = to_ns(dense.min_ticks, scale);
  out.max_ns = to_ns(dense.max_ticks, scale);
  out.value_sum = dense.value_sum;
  for (std::size_t i = 0; i < kStageCount; ++i) {
    out.stages[i] = {dense.stages[i].count, to_ns(dense.stages[i].sum_ticks, scale),
                     to_ns(unpack_stage_ticks(dense.stages[i].max_packed), scale)};
  }
  return out;
}

// Where a bucket of a dense slice stands among the kept ones.
std::size_t kept_index(std::size_t dense_index) {
  const int bucket = clamp_bucket(static_cast<int>(dense_index) + kLowestBucket);
  return static_cast<std::size_t>(bucket - kMinBucket);
}

}  // namespace

StoredSlice StoredSlice::of(const DenseSlice& dense, const TickScale& scale) {
  if (dense.empty()) return {};  // most are, and their buckets need no look
  StoredSlice out = stored(dense, scale);
  std::size_t used = 0;
  for (const std::uint32_t count : dense.buckets) used += count != 0;
  out.buckets.reserve(used);
  for (std::size_t i = 0; i < dense.buckets.size(); ++i) {
    if (dense.buckets[i] != 0) append(out.buckets, kept_index(i), dense.buckets[i]);
  }
  return out;
}

StoredSlice StoredSlice::of(const Record& record, const UnitScale& units, const TickScale& scale) {
  DenseSums one{};
  one.min_ticks = ~std::uint64_t{0};
  const std::size_t bucket = one.add(record, units);
  StoredSlice out = stored(one, scale);
  if (bucket != DenseSums::kNoBucket) append(out.buckets, kept_index(bucket), 1);
  return out;
}

bool StoredSlice::empty() const { return recorded() == 0 && skipped == 0; }

std::uint64_t StoredSlice::recorded() const {
  std::uint64_t total = 0;
  for (const std::uint64_t count : outcomes) total += count;
  return total;
}

void StoredSlice::add(const StoredSlice& other) {
  add_fields(*this, other);
  if (add_in_place(other.buckets)) return;
  std::vector<Bucket> merged;
  merged.reserve(buckets.size() + other.buckets.size());
  std::size_t a = 0;
  std::size_t b = 0;
  while (a < buckets.size() || b < other.buckets.size()) {
    const std::size_t index = a == buckets.size() ? other.buckets[b].index
                              : b == other.buckets.size()
                                  ? buckets[a].index
                                  : std::min(buckets[a].index, other.buckets[b].index);
    std::uint64_t count = 0;
    while (a < buckets.size() && buckets[a].index == index) count += buckets[a++].count;
    while (b < other.buckets.size() && other.buckets[b].index == index)
      count += other.buckets[b++].count;
    append(merged, index, count);
  }
  merged.shrink_to_fit();
  buckets = std::move(merged);
}

// What comes late is one record, in most cases of a bucket that is there. False, and nothing is
// changed, when there is more to add, or a count that would be full.
bool StoredSlice::add_in_place(const std::vector<Bucket>& others) {
  if (others.empty()) return true;
  if (others.size() > 1 || others.front().count == 0) return false;
  const Bucket& other = others.front();
  const auto at = std::lower_bound(
      buckets.begin(), buckets.end(), other.index,
      [](const Bucket& bucket, std::uint16_t index) { return bucket.index < index; });
  if (at == buckets.end() || at->index != other.index) {
    const auto place = at - buckets.begin();
    buckets.reserve(buckets.size() + 1);   // no more than is needed: most slices are kept for long
    buckets.insert(buckets.begin() + place, other);
    return true;
  }
  if (other.count > UINT32_MAX - at->count) return false;
  at->count += other.count;
  return true;
}

void StoredSlice::add_all_but_buckets(const StoredSlice& other) { add_fields(*this, other); }

void StoredSlice::encode(Encoder& out) const {
  for (const std::uint64_t count : outcomes) out.u64(count);
  out.u64(untimed);
  out.u64(negative);
  out.u64(skipped);
  out.u64(sum_ns);
  out.u64(min_ns);
  out.u64(max_ns);
  out.i64(value_sum);
  for (const StageStats& stage : stages) {
    out.u64(stage.count);
    out.u64(stage.sum_ns);
    out.u64(stage.max_ns);
  }
  out.u64(buckets.size());
  for (const Bucket& bucket : buckets) {
    out.u64(bucket.index);
    out.u64(bucket.count);
  }
}

StoredSlice StoredSlice::decode(Decoder& in) {
  StoredSlice out;
  for (std::uint64_t& count : out.outcomes) count = in.u64();
  out.untimed = in.u64();
  out.negative = in.u64();
  out.skipped = in.u64();
  out.sum_ns = in.u64();
  out.min_ns = in.u64();
  out.max_ns = in.u64();
  out.value_sum = in.i64();
  // Quantiles lie between the shortest and the longest span.
  const std::uint64_t recorded = out.recorded();
  if (out.untimed > recorded || (out.untimed < recorded && out.min_ns > out.max_ns)) in.fail();
  for (StageStats& stage : out.stages) stage = {in.u64(), in.u64(), in.u64()};
  const std::uint64_t count = in.count(2, 4 * kBucketCount);
  out.buckets.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t index = in.u64();
    const std::uint64_t n = in.u64();
    const bool ascending = out.buckets.empty() || out.buckets.back().index <= index;
    if (index >= kBucketCount || n > UINT32_MAX || !ascending) {
      in.fail();
      break;
    }
    out.buckets.push_back({static_cast<std::uint16_t>(index), static_cast<std::uint32_t>(n)});
  }
  return out;
}

void WindowSum::clear() {
  sum_ = StoredSlice{};
  history_ = 0;
  if (first_ < end_) std::fill(buckets_.begin() + first_, buckets_.begin() + end_, 0);
  first_ = kBucketCount;
  end_ = 0;
}

void WindowSum::add(const StoredSlice& slice) {
  add_fields(sum_, slice);
  if (slice.buckets.empty()) return;
  use(slice.buckets.front().index, slice.buckets.back().index);   // they ascend
  for (const StoredSlice::Bucket& bucket : slice.buckets) buckets_[bucket.index] += bucket.count;
}

void WindowSum::add_histogram(const std::array<std::uint64_t, kBucketCount>& buckets) {
  for (std::size_t i = 0; i < kBucketCount; ++i) {
    if (buckets[i] == 0) continue;
    use(i, i);
    buckets_[i] += buckets[i];
  }
}

WindowStats WindowSum::finish(double seconds) {
  WindowStats out;
  out.seconds = seconds;
  out.recorded = sum_.recorded();
  out.skipped = sum_.skipped;
  out.history = history_;
  for (std::size_t i = 0; i < kOutcomeCount; ++i) {
    const auto outcome = static_cast<Outcome>(i);
    out.outcomes[i] = sum_.outcomes[i];
    if (is_error(outcome)) {
      out.errors += sum_.outcomes[i];
    } else if (outcome == Outcome::rejected || outcome == Outcome::denied ||
               outcome == Outcome::limited) {
      out.refused += sum_.outcomes[i];
    }
  }
  out.timed = out.recorded - std::min(out.recorded, sum_.untimed);
  out.negative = sum_.negative;
  out.sum_ns = sum_.sum_ns;
  out.min_ns = out.timed > 0 ? sum_.min_ns : 0;
  out.max_ns = sum_.max_ns;
  out.value_sum = sum_.value_sum;
  out.stages = sum_.stages;
  std::size_t used = 0;
  for (std::size_t i = first_; i < end_; ++i) used += buckets_[i] != 0;
  out.latency.buckets.reserve(used);
  for (std::size_t i = first_; i < end_; ++i) {
    if (buckets_[i] == 0) continue;
    out.latency.buckets.push_back(
        {static_cast<std::int16_t>(static_cast<int>(i) + kMinBucket), buckets_[i]});
  }
  return out;
}

}  // namespace ringside
