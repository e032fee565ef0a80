#include "report/model/histogram.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "report/model/snapshot.h"

using namespace ringside;

namespace {

Histogram histogram_of(const std::vector<std::uint64_t>& spans_ns) {
  std::map<int, std::uint64_t> counts;
  for (const std::uint64_t ns : spans_ns) {
    ++counts[clamp_bucket(
        bucket_of(static_cast<LatencyUnits>(static_cast<double>(ns) * kUnitsPerNs)))];
  }
  Histogram histogram;
  for (const auto& [index, count] : counts)
    histogram.buckets.push_back({static_cast<std::int16_t>(index), count});
  return histogram;
}

std::vector<std::uint64_t> random_spans(std::mt19937_64& random, std::size_t n) {
  std::vector<std::uint64_t> spans(n);
  for (auto& ns : spans) {
    // Two humps and a tail, from a microsecond to a minute.
    const double u = static_cast<double>(random() >> 11) * 0x1p-53;
    const double v = static_cast<double>(random() >> 11) * 0x1p-53;
    ns = static_cast<std::uint64_t>(std::exp(std::log(u < 0.6    ? 1e3
                                                      : u < 0.95 ? 1e6
                                                                 : 1e8) +
                                             v * 6));
  }
  return spans;
}

}  // namespace

TEST_CASE("Histogram: quantiles are within 1.1 % of the sorted values' nearest rank") {
  const std::uint64_t seed = std::random_device{}();
  MESSAGE("seed " << seed);
  std::mt19937_64 random(seed);
  for (const std::size_t n : {1U, 2U, 3U, 10U, 99U, 100U, 101U, 1000U, 20'000U}) {
    std::vector<std::uint64_t> spans = random_spans(random, n);
    const Histogram histogram = histogram_of(spans);
    std::sort(spans.begin(), spans.end());
    REQUIRE(histogram.count() == n);
    for (const unsigned permille : {0U, 1U, 250U, 500U, 900U, 950U, 990U, 999U, 1000U}) {
      // Whole numbers only, so that the oracle doesn't round.
      const std::size_t rank = std::max<std::size_t>((permille * n + 999) / 1000, 1);
      const auto wanted = static_cast<double>(spans[rank - 1]);
      const double found = histogram.quantile_seconds(permille / 1000.0) * 1e9;
      CAPTURE(n);
      CAPTURE(permille);
      REQUIRE(std::abs(found - wanted) <= 0.0110 * wanted);
    }
  }
}

TEST_CASE("Histogram: values above a bound are counted, and those of its bucket by the middle") {
  const Histogram histogram = histogram_of({1'000, 1'000'000, 1'000'000, 1'000'000'000});
  CHECK(Histogram{}.count_above(0) == 0);
  CHECK(histogram.count_above(0) == 4);
  CHECK(histogram.count_above(0.9e-3) == 3);
  CHECK(histogram.count_above(1.1e-3) == 1);
  CHECK(histogram.count_above(0.9) == 1);
  CHECK(histogram.count_above(1.1) == 0);
  const double middle = bucket_middle_seconds(histogram.buckets[1].index);
  CHECK(histogram.count_above(middle * 0.9999) == 3);
  CHECK(histogram.count_above(middle) == 1);
}

TEST_CASE("Histogram: an empty one has no quantile") {
  CHECK(Histogram{}.quantile_seconds(0.5) == 0);
}

TEST_CASE("Histogram: a day is told from half a day and from a second day") {
  constexpr std::uint64_t kHour = 3'600'000'000'000;
  for (const std::uint64_t hours : {1U, 6U, 12U, 24U, 35U}) {
    const Histogram histogram = histogram_of({hours * kHour});
    const double wanted = static_cast<double>(hours) * 3600;
    CAPTURE(hours);
    CHECK(std::abs(histogram.quantile_seconds(0.5) - wanted) <= 0.0110 * wanted);
    CHECK_FALSE(histogram.past_end(0.5));
  }
}

TEST_CASE(
    "Histogram: a quantile in the highest bucket says so, and is no more than the true value") {
  constexpr std::uint64_t kHour = 3'600'000'000'000;
  const Histogram histogram = histogram_of({kHour, 40 * kHour, 90 * kHour});
  CHECK_FALSE(histogram.past_end(0.3));
  CHECK(histogram.past_end(0.5));
  CHECK(histogram.past_end(1));
  CHECK(histogram.quantile_seconds(0.5) == longest_told_apart_seconds());
  CHECK(longest_told_apart_seconds() == doctest::Approx(35.6 * 3600).epsilon(0.01));
  CHECK_FALSE(Histogram{}.past_end(0.5));
}

TEST_CASE("Histogram: merging equals counting together, in any order") {
  const std::uint64_t seed = std::random_device{}();
  MESSAGE("seed " << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 50; ++round) {
    std::vector<std::uint64_t> a = random_spans(random, random() % 300),
                               b = random_spans(random, random() % 300);
    Histogram ab = histogram_of(a), ba = histogram_of(b);
    ab.merge(histogram_of(b));
    ba.merge(histogram_of(a));
    a.insert(a.end(), b.begin(), b.end());
    CHECK(ab.buckets == histogram_of(a).buckets);
    CHECK(ba.buckets == ab.buckets);
    CHECK(std::is_sorted(ab.buckets.begin(), ab.buckets.end(),
                         [](const auto& x, const auto& y) { return x.index < y.index; }));
  }
}

TEST_CASE("Histogram: a window's quantile stays within its least and greatest value") {
  WindowStats stats;
  stats.timed = 1;
  stats.min_ns = stats.max_ns = 1'000'000;
  stats.latency = histogram_of({1'000'000});
  CHECK(stats.quantile_ns(0.5) == 1'000'000);
  CHECK(WindowStats{}.quantile_ns(0.99) == 0);
}
