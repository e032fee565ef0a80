// Slices: how a record is counted, in which unit it is kept, and its bytes.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "daemon/metrics/slices.h"

using namespace ringside;

namespace {

Record spanned(std::int64_t ticks, std::uint8_t outcome = 0) {
  Record record{};
  record.kind = static_cast<std::uint8_t>(Kind::operation);
  record.duration = ticks;
  record.outcome = outcome;
  return record;
}
std::string slice_bytes(const StoredSlice& slice) {
  Encoder out;
  slice.encode(out);
  return out.take();
}
bool slice_decodes(const std::string& bytes) {
  Decoder in(bytes);
  StoredSlice::decode(in);
  return in.at_end();
}

using Numbers = std::vector<std::uint64_t>;

// A slice's bytes with these buckets: index, count, index, count, ...
std::string with_buckets(const Numbers& numbers) {
  Encoder out;
  for (int i = 0; i < 32; ++i) out.u64(0);
  out.u64(numbers.size() / 2);
  for (const std::uint64_t n : numbers) out.u64(n);
  return out.take();
}

}  // namespace

TEST_CASE("Slices: a slice begins every five seconds, before the clock's zero too") {
  CHECK(slice_of(0) == 0);
  CHECK(slice_of(4'999'999'999) == 0);
  CHECK(slice_of(5'000'000'000) == 1);
  CHECK(slice_of(-1) == -1);
  CHECK(slice_of(-5'000'000'000) == -1);
  CHECK(slice_of(-5'000'000'001) == -2);
  CHECK(slice_of(INT64_MIN) == -1'844'674'408);
}

TEST_CASE("Slices: a clock without a frequency tells no spans apart, a fast one up to its range") {
  CHECK(UnitScale::of(0).units_per_tick == 0);
  CHECK(UnitScale::of(0).max_ticks == 0);
  CHECK(UnitScale::of(-3).max_ticks == 0);
  CHECK(UnitScale::of(1).units_per_tick == 274'877'906'944.0);
  CHECK(UnitScale::of(2).units_per_tick == 137'438'953'472.0);
  // 2 years and some days of nanoseconds
  CHECK(UnitScale::of(1e9).max_ticks == doctest::Approx(65'483'619'294'017'956.0));
  CHECK(UnitScale::of(1e12).max_ticks == 9'000'000'000'000'000'000U);
}

TEST_CASE("Slices: the longest span there is has a bucket, and an outcome of no name has no place") {
  const UnitScale nanoseconds = UnitScale::of(1e9);
  const TickScale clock(ClockKind::monotonic, 0, 0, 0);
  DenseSlice dense;
  CHECK(dense.empty());
  dense.add(spanned(INT64_MAX), nanoseconds);
  dense.add(spanned(0), nanoseconds);
  const StoredSlice both = StoredSlice::of(dense, clock);
  CHECK(both.recorded() == 2);
  CHECK(both.min_ns == 0);
  CHECK(both.max_ns == INT64_MAX);
  REQUIRE(both.buckets.size() == 2);
  CHECK(both.buckets[0].index == 0);
  CHECK(both.buckets[0].count == 1);
  CHECK(both.buckets[1].index == kBucketCount - 1);
  CHECK(both.buckets[1].count == 1);
  CHECK(both.bytes() == sizeof(StoredSlice) + 2 * sizeof(StoredSlice::Bucket));
  dense.clear();
  CHECK(dense.empty());
  dense.add(spanned(5, 7), nanoseconds);
  CHECK_FALSE(dense.empty());
  const StoredSlice none = StoredSlice::of(dense, clock);
  CHECK(none.recorded() == 0);
  CHECK(none.untimed == 0);
  CHECK(none.empty());
}

TEST_CASE("Slices: a stage of each kind of packed span is counted as what it packs") {
  DenseSlice dense;
  Record record = spanned(100);
  record.flags = kFlagStages;
  record.set_stage(0, (1U << 17) - 1);  // the longest that is exact
  record.set_stage(1, (2U << 16) + 1);  // 2^16 + 1, twice
  record.set_stage(2, 5);
  record.set_stage(4, kStageMask);  // the longest
  record.set_stage(5, 7);
  dense.add(record, UnitScale::of(1e9));
  const StoredSlice slice = StoredSlice::of(dense, TickScale(ClockKind::monotonic, 0, 0, 0));
  CHECK(slice.stages[0].count == 1);
  CHECK(slice.stages[0].sum_ns == 131'071);
  CHECK(slice.stages[1].sum_ns == 131'074);
  CHECK(slice.stages[2].sum_ns == 5);
  CHECK(slice.stages[3].count == 0);
  CHECK(slice.stages[4].sum_ns == std::uint64_t{131'071} << 30);
  CHECK(slice.stages[5].sum_ns == 7);
}

TEST_CASE("Slices: ticks of a clock of 2 GHz are kept as nanoseconds") {
  const UnitScale units = UnitScale::of(2e9);
  const TickScale clock(ClockKind::tsc, 2'000'000'000, 77, 0);
  DenseSlice dense;
  Record record = spanned(3'000);
  record.flags = kFlagStages;
  record.set_stage(1, 500);
  dense.add(record, units);
  record.set_stage(1, 700);
  record.duration = 8'000;
  dense.add(record, units);
  dense.add(spanned(-9), units);
  const StoredSlice slice = StoredSlice::of(dense, clock);
  CHECK(slice.sum_ns == 5'500);
  CHECK(slice.min_ns == 0);
  CHECK(slice.max_ns == 4'000);
  CHECK(slice.negative == 1);
  CHECK(slice.stages[1].count == 2);
  CHECK(slice.stages[1].sum_ns == 600);
  CHECK(slice.stages[1].max_ns == 350);
  // 1.5 us lie in the bucket up to 2^(-619/32) s, 4 us in that up to 2^(-573/32) s.
  REQUIRE(slice.buckets.size() == 3);
  CHECK(int{slice.buckets[1].index} + kMinBucket == -619);
  CHECK(int{slice.buckets[2].index} + kMinBucket == -573);
  // A sum that has run over is as long as can be said.
  dense.sum_ticks = ~std::uint64_t{0};
  CHECK(StoredSlice::of(dense, clock).sum_ns == 4'611'686'018'427'387'904);
}

TEST_CASE("Slices: of untimed records there is no shortest") {
  DenseSlice dense;
  Record record = spanned(100);
  record.flags = kFlagUntimed;
  dense.add(record, UnitScale::of(1e9));
  const StoredSlice slice = StoredSlice::of(dense, TickScale(ClockKind::monotonic, 0, 0, 0));
  CHECK(slice.min_ns == UINT64_MAX);  // any other is shorter
  WindowSum sum;
  sum.add(slice);
  const WindowStats stats = sum.finish(2);
  CHECK(stats.recorded == 1);
  CHECK(stats.timed == 0);
  CHECK(stats.min_ns == 0);
  CHECK(stats.history == 0);
  CHECK(stats.seconds == 2);
  CHECK(stats.latency.buckets.empty());
}

TEST_CASE("Slices: a record alone is stored as a slice that holds it alone") {
  const UnitScale units = UnitScale::of(2e9);
  const TickScale clock(ClockKind::tsc, 2'000'000'000, 77, 0);
  std::vector<Record> records = {spanned(0),         spanned(-1),           spanned(3'000, 2),
                                 spanned(INT64_MAX), spanned(INT64_MIN, 6), spanned(100, 7)};
  Record staged = spanned(77);
  staged.flags = kFlagStages;
  staged.set_stage(0, 500);
  staged.set_stage(5, kStageMask);
  Record untimed = spanned(100, 1);
  untimed.flags = kFlagUntimed;
  Record event = spanned(9);
  event.kind = static_cast<std::uint8_t>(Kind::event);
  event.event.value = -12;
  records.insert(records.end(), {staged, untimed, event});
  for (const Record& record : records) {
    CAPTURE(record.duration);
    DenseSlice dense;
    dense.add(record, units);
    CHECK(slice_bytes(StoredSlice::of(record, units, clock)) ==
          slice_bytes(StoredSlice::of(dense, clock)));
  }
}

TEST_CASE("Slices: history that is added up is the sum of its parts") {
  WindowSum sum;
  sum.add_history(3);
  sum.add_history(4);
  CHECK(sum.finish(1).history == 7);
  sum.clear();
  CHECK(sum.finish(1).history == 0);
}

TEST_CASE("Slices: merged, slices share their buckets and waste no memory") {
  StoredSlice a;
  a.buckets = {{2, 10}, {5, UINT32_MAX}};
  StoredSlice b;
  b.buckets = {{1, 4}, {5, 3}, {9, 1}};
  a.add(b);
  REQUIRE(a.buckets.size() == 5);
  const std::pair<int, std::uint32_t> want[] = {{1, 4}, {2, 10}, {5, UINT32_MAX}, {5, 3}, {9, 1}};
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(a.buckets[i].index == want[i].first);
    CHECK(a.buckets[i].count == want[i].second);
  }
  a.buckets = {{5, 1}, {7, 1}};
  b.buckets = {{5, 3}, {7, 2}};
  a.add(b);
  REQUIRE(a.buckets.size() == 2);
  CHECK(a.buckets[0].count == 4);
  CHECK(a.buckets[1].count == 3);
  CHECK(a.bytes() == sizeof(StoredSlice) + 2 * sizeof(StoredSlice::Bucket));
}

TEST_CASE("Slices: a single bucket goes to its place, and a full count gets a second one") {
  StoredSlice slice;
  const auto add = [&](std::uint16_t index, std::uint32_t count) {
    StoredSlice one;
    one.buckets = {{index, count}};
    slice.add(one);
    std::string all;
    for (const StoredSlice::Bucket& bucket : slice.buckets)
      all += std::to_string(bucket.index) + "x" + std::to_string(bucket.count) + " ";
    CHECK(slice.bytes() ==
          sizeof(StoredSlice) + slice.buckets.size() * sizeof(StoredSlice::Bucket));
    return all;
  };
  CHECK(add(5, 2) == "5x2 ");
  CHECK(add(9, 1) == "5x2 9x1 ");
  CHECK(add(2, 7) == "2x7 5x2 9x1 ");
  CHECK(add(7, 1) == "2x7 5x2 7x1 9x1 ");
  CHECK(add(5, 3) == "2x7 5x5 7x1 9x1 ");
  CHECK(add(6, 0) == "2x7 5x5 7x1 9x1 ");
  CHECK(add(9, UINT32_MAX - 1) == "2x7 5x5 7x1 9x4294967295 ");
  CHECK(add(9, 4) == "2x7 5x5 7x1 9x4294967295 9x4 ");
  CHECK(add(9, 1) == "2x7 5x5 7x1 9x4294967295 9x5 ");
}

TEST_CASE("Slices: a slice has these bytes, and they give the slice") {
  CHECK(slice_bytes(StoredSlice{}) ==
        std::string(11, '\0') + std::string(9, '\xff') + '\1' + std::string(21, '\0'));
  StoredSlice slice;
  slice.outcomes = {1, 2, 3, 4, 5, 6, 7};
  slice.untimed = 8;
  slice.negative = 9;
  slice.skipped = 10;
  slice.sum_ns = 11;
  slice.min_ns = 12;
  slice.max_ns = 13;
  slice.value_sum = -7;  // 13 as a zigzag
  slice.stages[0] = {15, 16, 17};
  slice.stages[5] = {18, 19, 20};
  slice.buckets = {{21, 22}, {23, 24}};
  const std::string bytes = slice_bytes(slice);
  CHECK(bytes ==
        std::string("\1\2\3\4\5\6\7\x8\x9\xa\xb\xc\xd\xd\xf\x10\x11\0\0\0\0\0\0\0\0\0\0\0\0"
                    "\x12\x13\x14\2\x15\x16\x17\x18",
                    37));
  Decoder in(bytes);
  const StoredSlice again = StoredSlice::decode(in);
  CHECK(in.at_end());
  CHECK(slice_bytes(again) == bytes);
}

TEST_CASE("Slices: buckets that cannot be are refused") {
  CHECK(slice_decodes(with_buckets({})));
  CHECK(slice_decodes(with_buckets({3, 1, 3, UINT32_MAX, 4, 1})));
  CHECK_FALSE(slice_decodes(with_buckets({4, 1, 3, 1})));
  CHECK_FALSE(slice_decodes(with_buckets({3, std::uint64_t{UINT32_MAX} + 1})));
  CHECK(slice_decodes(with_buckets({kBucketCount - 1, 1})));
  CHECK_FALSE(slice_decodes(with_buckets({kBucketCount, 1})));
  // Four parts of every bucket are as many as there can be.
  Numbers most;
  for (std::uint64_t i = 0; i < 4 * kBucketCount; ++i) {
    most.push_back(i / 4);
    most.push_back(1);
  }
  CHECK(slice_decodes(with_buckets(most)));
  most.push_back(kBucketCount - 1);
  most.push_back(1);
  CHECK_FALSE(slice_decodes(with_buckets(most)));
}

TEST_CASE("Slices: a slice whose spans contradict each other is none") {
  StoredSlice slice;
  slice.outcomes[0] = 3;
  slice.untimed = 3;   // no span, and so no shortest one
  CHECK(slice_decodes(slice_bytes(slice)));
  slice.untimed = 4;
  CHECK_FALSE(slice_decodes(slice_bytes(slice)));
  slice.untimed = 2;
  CHECK_FALSE(slice_decodes(slice_bytes(slice)));
  slice.min_ns = slice.max_ns = 7;
  CHECK(slice_decodes(slice_bytes(slice)));
  slice.min_ns = 8;
  CHECK_FALSE(slice_decodes(slice_bytes(slice)));
}
