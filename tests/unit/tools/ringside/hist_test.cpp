// Latencies as charts: every call is in a row, the quantiles are marked where they are, and the
// chart fits.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "report/model/format.h"
#include "tests/support/random.h"
#include "tools/ringside/hist/chart.h"

namespace ringside::tool {
namespace {

constexpr std::int64_t kMillisecondNs = 1'000'000;

LatencyGroup group_of(const std::vector<std::int64_t>& spans_ns) {
  LatencyGroup group;
  group.name = "SEND_MESSAGE";
  for (const std::int64_t ns : spans_ns) group.latencies.add(ns);
  return group;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("Hist: a bucket holds what lies above its lower bound, up to its upper one") {
  std::mt19937_64 random(test::seed());
  for (int i = 0; i < 10'000; ++i) {
    const auto ns = static_cast<std::int64_t>(random() >> (24 + random() % 39));
    const int bucket = bucket_of_ns(ns);
    CAPTURE(ns);
    // A nanosecond is rounded to units of 3.6 ps.
    if (bucket < kMaxBucket) REQUIRE(static_cast<double>(ns) <= upper_ns(bucket) + 0.01);
    if (bucket > kMinBucket) REQUIRE(static_cast<double>(ns) > upper_ns(bucket - 1) - 0.01);
  }
  CHECK(bucket_of_ns(0) == kMinBucket);
  CHECK(bucket_of_ns(INT64_MAX) == kMaxBucket);
}

TEST_CASE("Hist: quantiles are those of the sorted spans, within 1.1 %") {
  std::mt19937_64 random(test::seed());
  std::vector<std::int64_t> spans;
  for (int i = 0; i < 5'000; ++i)
    spans.push_back(static_cast<std::int64_t>(1000 + random() % (1ULL << (10 + random() % 24))));
  const LatencyGroup group = group_of(spans);
  std::sort(spans.begin(), spans.end());
  for (const NamedQuantile& one : kQuantiles) {
    const auto rank = static_cast<std::size_t>(std::ceil(one.q * 5'000)) - 1;
    const auto exact = static_cast<double>(spans[rank]);
    CAPTURE(one.name);
    CHECK(group.latencies.quantile_ns(one.q) == doctest::Approx(exact).epsilon(0.011));
  }
  CHECK(group.latencies.max_ns() == spans.back());
  CHECK(group.latencies.min_ns() == spans.front());
}

TEST_CASE(
    "Hist: a chart has every call, its longest bar is full, and its marks are in their rows") {
  std::vector<std::int64_t> spans(90, 1 * kMillisecondNs);
  spans.insert(spans.end(), 10, 100 * kMillisecondNs);
  const std::string chart = histogram_chart(group_of(spans), {80, 23, false});
  const auto lines = lines_of(chart);
  CHECK(lines[0] == "SEND_MESSAGE: 100 timed");
  CHECK(has(lines[1], "p50 1.0"));
  CHECK(has(lines[1], "max 100 ms"));
  const std::string& first = lines[2];
  const std::string& last = lines.back();
  CHECK(has(first, "███"));
  CHECK(has(first, "90"));
  CHECK(has(first, "p50 p90"));
  CHECK(has(last, "10 %"));
  CHECK(has(last, "p95 p99 p99.9 max"));
  CHECK_FALSE(has(last, "p50"));
}

TEST_CASE("Hist: charts of any latencies fit into the terminal, and lose no call") {
  std::mt19937_64 random(test::seed());
  for (int round = 0; round < 40; ++round) {
    std::vector<std::int64_t> spans;
    for (std::uint64_t i = 0; i < 1 + random() % 300; ++i)
      spans.push_back(static_cast<std::int64_t>(random() >> (1 + random() % 63)));
    const LatencyGroup group = group_of(spans);
    for (const ChartStyle& style : {ChartStyle{80, 23, false}, ChartStyle{120, 50, false}}) {
      std::vector<LatencyPoint> points;
      for (const std::int64_t ns : spans)
        points.push_back({static_cast<std::int64_t>(random() % 1000),
                          static_cast<std::int16_t>(bucket_of_ns(ns))});
      const std::string charts[] = {
          histogram_chart(group, style), compared_charts(group, group_of({kMillisecondNs}), style),
          group_table({group, group_of({kMillisecondNs, 2 * kMillisecondNs})}, style),
          heatmap(points, style)};
      for (const std::string& chart : charts) {
        const auto lines = lines_of(chart);
        CHECK(lines.size() <= style.rows);
        for (const std::string& line : lines) {
          CAPTURE(line);
          CHECK(display_width(line) <= style.columns);
        }
      }
    }
    // The counts stand before the share.
    std::uint64_t counted = 0;
    const auto lines = lines_of(histogram_chart(group, {80, 23, false}));
    for (std::size_t i = 2; i < lines.size(); ++i) {
      std::istringstream words(lines[i].substr(lines[i].find(" – ") + 11));
      std::string word;
      while (words >> word && (word[0] < '0' || word[0] > '9')) {}
      counted += std::stoull(word);
    }
    CHECK(counted == spans.size());
  }
}

TEST_CASE("Hist: what is compared says how its quantiles differ") {
  const std::vector<std::int64_t> fast(100, 10 * kMillisecondNs);
  const std::vector<std::int64_t> slow(50, 20 * kMillisecondNs);
  const std::string chart = compared_charts(group_of(slow), group_of(fast), {80, 23, false});
  CHECK(has(chart, "A against B: +100.0 %, +10.0 ms"));
  CHECK(has(compared_charts(group_of(fast), group_of(slow), {80, 23, false}),
            "A against B: -50.0 %, -10.0 ms"));
  CHECK(has(compared_charts(group_of(fast), group_of({}), {80, 23, false}), "A against B: –"));
}

TEST_CASE("Hist: nothing is shown as nothing") {
  CHECK(histogram_chart(group_of({}), {80, 23, false}) == "SEND_MESSAGE: 0 timed\n");
  CHECK(heatmap({}, {80, 23, false}).empty());
  CHECK(lines_of(group_table({}, {80, 23, false})).size() == 1);
}

TEST_CASE("Hist: a heatmap has early calls on the left, slow ones above, and more of them darker") {
  std::vector<LatencyPoint> points;
  const auto slow = static_cast<std::int16_t>(bucket_of_ns(100 * kMillisecondNs));
  const auto fast = static_cast<std::int16_t>(bucket_of_ns(1 * kMillisecondNs));
  for (int i = 0; i < 1000; ++i) points.push_back({0, fast});
  points.push_back({1'000'000'000, slow});
  const auto lines = lines_of(heatmap(points, {80, 23, false}));
  CHECK(lines.front().size() == 80);
  CHECK(lines.front().back() == '.');
  CHECK(lines[lines.size() - 2][10] == '@');
}

}  // namespace
}  // namespace ringside::tool
