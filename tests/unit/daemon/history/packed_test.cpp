#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/history/packed_histogram.h"
#include "tests/support/random.h"

using namespace ringside;

namespace {

Histogram packed_sample(std::vector<Histogram::Bucket> buckets) {
  Histogram histogram;
  histogram.buckets = std::move(buckets);
  return histogram;
}

std::string packed_hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    constexpr char kHex[] = "0123456789abcdef";
    out += {kHex[static_cast<unsigned char>(c) >> 4], kHex[c & 15]};
  }
  return out;
}

}  // namespace

TEST_CASE("PackedHistogram: the bytes of the example in the header") {
  const Histogram histogram = packed_sample({{-3, 7}, {-2, 300}, {4, 1}});
  CHECK(packed_hex(pack_histogram(histogram)) == "05050107ac02040001");
  CHECK(unpack_histogram(pack_histogram(histogram))->buckets == histogram.buckets);
}

TEST_CASE("PackedHistogram: any histogram comes back as it was") {
  const std::uint64_t seed = test::seed();
  INFO("seed ", seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 500; ++round) {
    Histogram histogram;
    for (int index = kMinBucket; index <= kMaxBucket; ++index) {
      if ((random() % (1 + static_cast<std::uint64_t>(round))) > 2) continue;
      const std::uint64_t count = random() >> (random() % (64));
      if (count > 0) histogram.buckets.push_back({static_cast<std::int16_t>(index), count});
    }
    const auto back = unpack_histogram(pack_histogram(histogram));
    REQUIRE(back);
    REQUIRE(back->buckets == histogram.buckets);
  }
}

TEST_CASE("PackedHistogram: a coarser schema keeps every count, near its place") {
  const std::uint64_t seed = test::seed();
  INFO("seed ", seed);
  std::mt19937_64 random(seed);
  for (int schema = 0; schema < kFullSchema; ++schema) {
    const int width = 1 << (kFullSchema - schema);
    Histogram histogram;
    for (int index = kMinBucket; index <= kMaxBucket; ++index)
      if ((random() % (3)) == 0)
        histogram.buckets.push_back({static_cast<std::int16_t>(index), 1 + (random() % (1000))});
    const auto coarse = unpack_histogram(pack_histogram(histogram, schema));
    REQUIRE(coarse);
    CHECK(coarse->count() == histogram.count());
    CHECK(coarse->buckets.size() <= kBucketCount / static_cast<std::size_t>(width) + 2);
    for (const double q : {0.001, 0.1, 0.5, 0.95, 1.0}) {
      const double fine = histogram.quantile_seconds(q);
      const double error = coarse->quantile_seconds(q) / fine - 1;
      // Half of what the coarser bucket spans, and half a fine one.
      const double most = std::exp2((width / 2.0 + 0.5) / kBucketsPerOctave) - 1;
      CHECK(std::abs(error) <= most + 1e-9);
    }
  }
}

TEST_CASE("PackedHistogram: merged at the coarser schema is the same as coarser when merged") {
  Histogram a = packed_sample({{-7, 3}, {0, 1}, {5, 9}});
  const Histogram b = packed_sample({{-6, 2}, {1, 4}, {544, 1}});
  auto coarse = unpack_histogram(pack_histogram(a, kCoarseSchema));
  coarse->merge(*unpack_histogram(pack_histogram(b, kCoarseSchema)));
  a.merge(b);
  CHECK(coarse->buckets == unpack_histogram(pack_histogram(a, kCoarseSchema))->buckets);
  // What is coarse stays in its place when it is packed as coarse again.
  CHECK(unpack_histogram(pack_histogram(*coarse, kCoarseSchema))->buckets == coarse->buckets);
}

TEST_CASE("PackedHistogram: bytes that are no histogram give none, and harm nobody") {
  CHECK(unpack_histogram("\x05")->buckets.empty());
  for (const std::string_view bytes :
       {std::string_view("", 0), std::string_view("\x06", 1), std::string_view("\x05\x01", 2),
        std::string_view("\x05\x01\x00\x00", 4), std::string_view("\x05\x01\x05\x01", 4),
        std::string_view("\x05\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
                         "\x00\x01",
                         13)}) {
    CHECK_FALSE(unpack_histogram(bytes));
  }
  const std::uint64_t seed = test::seed();
  INFO("seed ", seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 20000; ++round) {
    std::string bytes((random() % (24)), '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    if (!bytes.empty()) bytes[0] = static_cast<char>((random() % (6)));
    const auto histogram = unpack_histogram(bytes);
    if (!histogram) continue;
    for (std::size_t i = 1; i < histogram->buckets.size(); ++i)
      REQUIRE(histogram->buckets[i - 1].index < histogram->buckets[i].index);
  }
}
