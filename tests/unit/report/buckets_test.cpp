// Buckets, compared with an oracle without tables, shifts or floating point: whole-number powers of
// any size.
#include "report/model/buckets.h"

#include <doctest/doctest.h>

#include <boost/multiprecision/cpp_int.hpp>
#include <algorithm>
#include <cmath>
#include <random>

using namespace ringside;
namespace mp = boost::multiprecision;
// Large enough for 64-bit numbers to the 32nd power. A fixed size keeps them off the heap.
using Wide =
    mp::number<mp::cpp_int_backend<2304, 2304, mp::unsigned_magnitude, mp::unchecked, void>>;

namespace {

// ceil(32 * log2(units / 2^38)): the least i with units^32 <= 2^(i + 38*32), in whole numbers.
int oracle_bucket(LatencyUnits units) {
  if (units == 0) return -38 * 32;   // the bucket of the least unit
  const Wide power = mp::pow(Wide(units), 32);
  int exponent = static_cast<int>(mp::msb(power));
  if (power > Wide(1) << exponent) ++exponent;
  return exponent - 38 * 32;
}

// The greatest span in a bucket: floor(2^(38 + bucket/32)), by an integer 32nd root.
LatencyUnits oracle_upper(int bucket) {
  const Wide limit = Wide(1) << (bucket + kUnitBits * 32);
  LatencyUnits low = 0, high = LatencyUnits{1} << (kUnitBits + kMaxBucket / kBucketsPerOctave + 1);
  while (low < high) {
    const LatencyUnits middle = low + (high - low + 1) / 2;
    if (mp::pow(Wide(middle), 32) <= limit) low = middle; else high = middle - 1;
  }
  return low;
}

}  // namespace

TEST_CASE("Buckets: every bound of every octave is where the definition puts it") {
  for (int bucket = kMinBucket; bucket < kMaxBucket; ++bucket) {
    const LatencyUnits upper = oracle_upper(bucket);
    CAPTURE(bucket);
    CAPTURE(upper);
    // The lowest buckets are narrower than a unit, so several hold no whole unit. The greatest span
    // up to such a bound is then in an earlier bucket.
    REQUIRE(bucket_of(upper) == oracle_bucket(upper));
    REQUIRE(bucket_of(upper + 1) == oracle_bucket(upper + 1));
    REQUIRE(bucket_of(upper) <= bucket);
    REQUIRE(bucket_of(upper + 1) > bucket);
  }
}

TEST_CASE("Buckets: the table is floor(2^(63 + j/32)), exactly") {
  for (unsigned j = 0; j < 32; ++j) {
    const Wide limit = Wide(1) << (63 * 32 + j);
    CAPTURE(j);
    CHECK(mp::pow(Wide(detail::kBounds[j]), 32) <= limit);
    CHECK(mp::pow(Wide(detail::kBounds[j]) + 1, 32) > limit);
  }
}

TEST_CASE("Buckets: all powers of two and their neighbours agree with the oracle") {
  for (int bit = 0; bit < 64; ++bit) {
    const LatencyUnits power = LatencyUnits{1} << bit;
    for (const LatencyUnits units : {power - 1, power, power + 1}) {
      CAPTURE(units);
      REQUIRE(bucket_of(units) == oracle_bucket(units));
    }
  }
  CHECK(bucket_of(0) == kLowestBucket);
  CHECK(bucket_of(1) == kLowestBucket);
  CHECK(bucket_of(~LatencyUnits{0}) == kHighestBucket);
  CHECK(bucket_of(LatencyUnits{1} << kUnitBits) == 0);  // one second is the upper bound of bucket 0
}

TEST_CASE("Buckets: what is stored is clamped to the range that is kept") {
  CHECK(clamp_bucket(bucket_of(0)) == kMinBucket);
  CHECK(clamp_bucket(bucket_of(~LatencyUnits{0})) == kMaxBucket);
  for (int bucket = kMinBucket; bucket <= kMaxBucket; ++bucket)
    REQUIRE(clamp_bucket(bucket) == bucket);
  CHECK(kBucketCount == static_cast<std::size_t>(kMaxBucket - kMinBucket + 1));
}

TEST_CASE("Buckets: the index never falls as the span grows") {
  int last = kLowestBucket;
  for (LatencyUnits units = 0; units < 200'000; ++units) {
    const int bucket = bucket_of(units);
    REQUIRE(bucket >= last);
    last = bucket;
  }
  for (int bit = 18; bit < 64; ++bit) {
    for (LatencyUnits step = 0; step < 4096; ++step) {
      const LatencyUnits units = (LatencyUnits{1} << bit) + (step << (bit - 12));
      const int bucket = bucket_of(units);
      REQUIRE(bucket >= last);
      last = bucket;
    }
  }
}

TEST_CASE("Buckets: random spans agree with the oracle, and the middle is within 1.1 %") {
  const std::uint64_t seed = std::random_device{}();
  MESSAGE("seed " << seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 50'000; ++i) {
    // Evenly over the octaves from 2 ns to 36 h.
    const int bit = 9 + static_cast<int>(random() % 46);
    const LatencyUnits units =
        (LatencyUnits{1} << bit) | (random() & ((LatencyUnits{1} << bit) - 1));
    const int bucket = bucket_of(units);
    CAPTURE(units);
    REQUIRE(bucket == oracle_bucket(units));
    const double seconds = static_cast<double>(units) / kUnitsPerSecond;
    REQUIRE(std::abs(bucket_middle_seconds(bucket) - seconds) <= 0.0110 * seconds);
  }
}

TEST_CASE(
    "Buckets: the drain's look-up by a double names the bucket that integer arithmetic names") {
  const auto index = [](LatencyUnits units) {
    return static_cast<std::size_t>(bucket_of(units) - kLowestBucket);
  };
  // Around every bound that a double can tell from its neighbours.
  for (int bit = 6; bit < 53; ++bit) {
    for (const std::uint64_t bound : detail::kBounds) {
      const LatencyUnits at = bound >> (63 - bit);
      for (const LatencyUnits units : {at - 1, at, at + 1}) {
        REQUIRE(bucket_index_of(static_cast<double>(units)) == index(units));
      }
    }
  }
  for (LatencyUnits units = 0; units < 100'000; ++units)
    REQUIRE(bucket_index_of(static_cast<double>(units)) == index(units));
  // Any argument gives an index inside the table.
  for (const double odd : {-1.0, 0.0, 1e-300, std::nan(""), 1.8e19})
    CHECK(bucket_index_of(odd) <= index(~LatencyUnits{0}));
}
