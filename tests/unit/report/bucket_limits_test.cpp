// The range of the buckets, the top of the table for doubles, and fractions of a unit.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "report/model/histogram.h"
#include "report/model/windows.h"

using namespace ringside;

TEST_CASE("BucketLimits: kept are the buckets from 2^-32 s to 2^17 s") {
  CHECK(kMinBucket == -1024);
  CHECK(kMaxBucket == 544);
  CHECK(kBucketCount == 1569);
  CHECK(kLowestBucket == -1216);
  CHECK(kHighestBucket == 832);
  CHECK(clamp_bucket(INT32_MIN) == -1024);
  CHECK(clamp_bucket(-1025) == -1024);
  CHECK(clamp_bucket(545) == 544);
  CHECK(clamp_bucket(INT32_MAX) == 544);
  CHECK(bucket_upper_seconds(0) == 1);
  CHECK(bucket_upper_seconds(32) == 2);
  CHECK(bucket_upper_seconds(-64) == 0.25);
  CHECK(longest_told_apart_seconds() == std::exp2(543.0 / 32));
  CHECK(kUnitsPerNs == doctest::Approx(274.877906944));
}

TEST_CASE("BucketLimits: the look-up by a double is right up to the greatest span") {
  // Each octave: its least double, every 64th of it with its neighbours, and its greatest double.
  for (int octave = 53; octave < 64; ++octave) {
    const double first = std::ldexp(1.0, octave);
    for (int part = 0; part < 64; ++part) {
      const double at = first + std::ldexp(part, octave - 6);
      for (const double units : {std::nextafter(at, 0), at, std::nextafter(at, 1e300)}) {
        CAPTURE(units);
        REQUIRE(
            bucket_index_of(units) ==
            static_cast<std::size_t>(bucket_of(static_cast<LatencyUnits>(units)) - kLowestBucket));
      }
    }
  }
  const double greatest = std::nextafter(std::ldexp(1.0, 64), 0);
  CHECK(bucket_index_of(greatest) == 64 * 32);
}

TEST_CASE("BucketLimits: a fraction of a unit counts, and less than one unit is one") {
  // ceil(32 log2 x) for x from 1 to 2: no bound is a fraction with a denominator of 64.
  for (int part = 0; part < 64; ++part) {
    const double units = 1 + part / 64.0;
    CAPTURE(units);
    CHECK(bucket_index_of(units) == static_cast<std::size_t>(std::ceil(32 * std::log2(units))));
  }
  CHECK(bucket_index_of(0.5) == 0);
  CHECK(bucket_index_of(1) == 0);
  CHECK(bucket_index_of(std::nextafter(1, 2)) == 1);
  CHECK(bucket_index_of(2) == 32);
}

TEST_CASE("Histogram: the least and the greatest quantile are the first and the last bucket") {
  Histogram histogram;
  histogram.buckets = {{-300, 3}, {-100, 1}, {-50, 2}};
  const auto bucket = [&](double q) {
    return std::lround(32 * std::log2(histogram.quantile_seconds(q)) + 0.5);
  };
  CHECK(histogram.count() == 6);
  CHECK(bucket(-1) == -300);
  CHECK(bucket(0) == -300);
  CHECK(bucket(0.5) == -300);
  CHECK(bucket(0.51) == -100);
  CHECK(bucket(0.66) == -100);
  CHECK(bucket(0.67) == -50);
  CHECK(bucket(1) == -50);
  CHECK(bucket(2) == -50);
}

TEST_CASE("Histogram: merged with nothing it stays, and bucket by bucket it adds up") {
  Histogram nothing, some;
  some.buckets = {{-5, 1}, {0, 2}, {7, 3}};
  const auto merged = [](Histogram one, const Histogram& other) {
    one.merge(other);
    return one.buckets;
  };
  CHECK(merged(nothing, nothing).empty());
  CHECK(merged(nothing, some) == some.buckets);
  CHECK(merged(some, nothing) == some.buckets);
  Histogram other;
  other.buckets = {{-9, 10}, {0, 20}, {3, 30}, {7, 40}, {8, 50}};
  const std::vector<Histogram::Bucket> both = {{-9, 10}, {-5, 1}, {0, 22},
                                               {3, 30},  {7, 43}, {8, 50}};
  CHECK(merged(some, other) == both);
  CHECK(merged(other, some) == both);
}

TEST_CASE(
    "Histogram: a window's quantile is within its least and greatest value, 0 without calls") {
  WindowStats stats;
  stats.latency.buckets = {{0, 10}, {32, 10}};  // about 1 s, about 2 s
  stats.min_ns = 1'500'000'000;
  stats.max_ns = 1'600'000'000;
  CHECK(stats.quantile_ns(0.5) == 0);
  stats.timed = 20;
  CHECK(stats.quantile_ns(0.5) == 1.5e9);
  CHECK(stats.quantile_ns(0.9) == 1.6e9);
  stats.max_ns = 5'000'000'000;
  CHECK(stats.quantile_ns(0.9) == doctest::Approx(2e9).epsilon(0.012));
}
