// The delimited protobuf form of /metrics, read back field by field.
#include <doctest/doctest.h>

#include <protozero/pbf_reader.hpp>
#include <protozero/varint.hpp>

#include <cmath>
#include <map>
#include <random>

#include "report/render/prometheus/exposition.h"
#include "report/render/prometheus/families.h"
#include "tests/unit/report/numbered.h"
#include "tests/unit/report/ones.h"
#include "tests/unit/report/sample.h"

using namespace ringside;
using protozero::pbf_reader;

namespace {

struct ReadExemplar {
  std::map<std::string, std::string> labels;
  double value = 0;
  std::int64_t seconds = 0;
  std::int32_t nanos = 0;
};
struct ReadMetric {
  std::map<std::string, std::string> labels;
  int kind_field = 0;  // of Metric: gauge 2, counter 3, summary 4, histogram 7
  double value = 0, sum = 0;
  std::uint64_t count = 0, zero_count = 0;
  std::int64_t since_seconds = 0;
  int schema = 0;
  double zero_threshold = 0;
  std::vector<std::pair<double, std::uint64_t>> classic;
  std::vector<ReadExemplar> bucket_exemplars, exemplars;
  std::vector<std::pair<int, unsigned>> spans;
  std::vector<std::int64_t> deltas;
};
struct ReadFamily {
  std::string name, help, unit;
  int type = -1;
  std::vector<ReadMetric> metrics;
};

void read_label(pbf_reader label, std::map<std::string, std::string>& into) {
  std::string name, value;
  while (label.next()) {
    if (label.tag() == 1) {
      name = label.get_string();
    } else {
      REQUIRE(label.tag() == 2);
      value = label.get_string();
    }
  }
  CHECK(into.emplace(name, value).second);
}

void read_time(pbf_reader time, std::int64_t& seconds, std::int32_t& nanos) {
  while (time.next()) {
    if (time.tag() == 1) {
      seconds = time.get_int64();
    } else {
      REQUIRE(time.tag() == 2);
      nanos = time.get_int32();
    }
  }
}

ReadExemplar read_exemplar(pbf_reader from) {
  ReadExemplar out;
  while (from.next()) {
    switch (from.tag()) {
      case 1: read_label(from.get_message(), out.labels); break;
      case 2: out.value = from.get_double(); break;
      case 3: read_time(from.get_message(), out.seconds, out.nanos); break;
      default: FAIL("a field that an exemplar has not");
    }
  }
  return out;
}

void read_histogram(pbf_reader from, ReadMetric& out) {
  std::int32_t nanos = 0;
  while (from.next()) {
    switch (from.tag()) {
      case 1: out.count = from.get_uint64(); break;
      case 2: out.sum = from.get_double(); break;
      case 3: {
        pbf_reader bucket = from.get_message();
        std::pair<double, std::uint64_t> one;
        while (bucket.next()) {
          if (bucket.tag() == 1)
            one.second = bucket.get_uint64();
          else if (bucket.tag() == 2)
            one.first = bucket.get_double();
          else {
            REQUIRE(bucket.tag() == 3);
            out.bucket_exemplars.push_back(read_exemplar(bucket.get_message()));
          }
        }
        out.classic.push_back(one);
        break;
      }
      case 5: out.schema = from.get_sint32(); break;
      case 6: out.zero_threshold = from.get_double(); break;
      case 7: out.zero_count = from.get_uint64(); break;
      case 12: {
        pbf_reader span = from.get_message();
        std::pair<int, unsigned> one;
        while (span.next()) {
          if (span.tag() == 1)
            one.first = span.get_sint32();
          else
            one.second = span.get_uint32();
        }
        out.spans.push_back(one);
        break;
      }
      case 13:
        for (const std::int64_t delta : from.get_packed_sint64()) out.deltas.push_back(delta);
        break;
      case 15: read_time(from.get_message(), out.since_seconds, nanos); break;
      case 16: out.exemplars.push_back(read_exemplar(from.get_message())); break;
      default: FAIL("a field that a histogram has not");
    }
  }
}

ReadMetric read_metric(pbf_reader from) {
  ReadMetric out;
  std::int32_t nanos = 0;
  while (from.next()) {
    if (from.tag() == 1) {
      read_label(from.get_message(), out.labels);
      continue;
    }
    out.kind_field = static_cast<int>(from.tag());
    pbf_reader inner = from.get_message();
    if (out.kind_field == 7) {
      read_histogram(inner, out);
      continue;
    }
    while (inner.next()) {
      if (out.kind_field == 4) {
        if (inner.tag() == 1)
          out.count = inner.get_uint64();
        else if (inner.tag() == 2)
          out.sum = inner.get_double();
        else
          read_time(inner.get_message(), out.since_seconds, nanos);
      } else if (inner.tag() == 1) {
        out.value = inner.get_double();
      } else {
        REQUIRE(inner.tag() == 3);
        read_time(inner.get_message(), out.since_seconds, nanos);
      }
    }
  }
  return out;
}

std::vector<ReadFamily> read(const std::string& bytes) {
  std::vector<ReadFamily> out;
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  while (at != end) {
    const std::uint64_t length = protozero::decode_varint(&at, end);
    REQUIRE(length <= static_cast<std::uint64_t>(end - at));
    pbf_reader family(at, static_cast<std::size_t>(length));
    at += length;
    ReadFamily one;
    while (family.next()) {
      switch (family.tag()) {
        case 1: one.name = family.get_string(); break;
        case 2: one.help = family.get_string(); break;
        case 3: one.type = family.get_enum(); break;
        case 4: one.metrics.push_back(read_metric(family.get_message())); break;
        case 5: one.unit = family.get_string(); break;
        default: FAIL("a field that a family has not");
      }
    }
    out.push_back(one);
  }
  return out;
}

// The buckets that spans and deltas mean, by index.
std::map<int, std::uint64_t> buckets_of(const ReadMetric& metric) {
  std::map<int, std::uint64_t> out;
  int index = 0;
  std::int64_t count = 0;
  std::size_t next = 0;
  for (const auto& [offset, length] : metric.spans) {
    index += offset;
    for (unsigned i = 0; i < length; ++i) {
      REQUIRE(next < metric.deltas.size());
      count += metric.deltas[next++];
      REQUIRE(count > 0);
      out[index++] = static_cast<std::uint64_t>(count);
    }
  }
  CHECK(next == metric.deltas.size());
  return out;
}

void check_histogram(const ReadMetric& metric, const WindowStats& stats) {
  CHECK(metric.schema == 5);
  CHECK(metric.zero_threshold == std::exp2(-32));
  std::map<int, std::uint64_t> expected;
  std::uint64_t zero = 0, all = 0;
  for (const auto& bucket : stats.latency.buckets) {
    all += bucket.count;
    if (bucket.index == kMinBucket)
      zero = bucket.count;
    else
      expected[bucket.index] = bucket.count;
  }
  CHECK(buckets_of(metric) == expected);
  CHECK(metric.zero_count == zero);
  CHECK(metric.count == all);
  CHECK(metric.sum == static_cast<double>(stats.sum_ns) / 1e9);
  REQUIRE(metric.classic.size() == 18);
  CHECK(std::isinf(metric.classic.back().first));
  CHECK(metric.classic.back().second == all);
  for (const auto& [bound, count] : metric.classic) {
    std::uint64_t below = 0;
    for (const auto& bucket : stats.latency.buckets)
      below += bucket_upper_seconds(bucket.index) <= bound || std::isinf(bound) ? bucket.count : 0;
    CHECK(count == below);
  }
}

const ReadFamily& named(const std::vector<ReadFamily>& families, const std::string& name) {
  for (const ReadFamily& family : families) {
    if (family.name == name) return family;
  }
  FAIL("no family ", name);
  return families.front();
}

ReadMetric histogram_of(const Histogram& latency) {
  Snapshot snapshot = sample::ones();
  snapshot.operations[0].windows[0].latency = latency;
  const auto families = read(render_prometheus_protobuf(metric_families(snapshot)));
  const ReadMetric metric = named(families, "ringside_operation_duration_seconds").metrics.at(0);
  check_histogram(metric, snapshot.operations[0].windows[0]);
  return metric;
}

}  // namespace

TEST_CASE("PrometheusProtobuf: it says what the text says") {
  for (const Snapshot& snapshot : {sample::numbered(), sample::hostile(), sample::busy()}) {
    const std::vector<MetricFamily> families = metric_families(snapshot);
    const auto found = read(render_prometheus_protobuf(families));
    REQUIRE(found.size() == families.size());
    for (std::size_t f = 0; f < found.size(); ++f) {
      const MetricFamily& family = families[f];
      CAPTURE(family.name);
      constexpr int kTypes[] = {0, 1, 1, 4, 2};
      constexpr int kFields[] = {3, 2, 2, 7, 4};
      const auto kind = static_cast<std::size_t>(family.kind);
      CHECK(found[f].name == family.name + (kind == 0 ? "_total" : kind == 2 ? "_info" : ""));
      CHECK(found[f].help == family.help);
      CHECK(found[f].unit == family.unit);
      CHECK(found[f].type == kTypes[kind]);
      REQUIRE(found[f].metrics.size() == family.metrics.size());
      for (std::size_t m = 0; m < family.metrics.size(); ++m) {
        const Metric& metric = family.metrics[m];
        const ReadMetric& one = found[f].metrics[m];
        CHECK(one.kind_field == kFields[kind]);
        CHECK(one.value == metric.value);
        CHECK(one.count == metric.count);
        CHECK(one.sum == metric.sum);
        CHECK(one.labels.size() == metric.labels.size());
        if (family.kind != MetricKind::gauge && family.kind != MetricKind::info)
          CHECK(one.since_seconds == metric.since_wall_ns / 1'000'000'000);
      }
    }
  }
}

TEST_CASE("PrometheusProtobuf: buckets are ours, one for one") {
  const Snapshot snapshot = sample::busy();
  const auto families = read(render_prometheus_protobuf(metric_families(snapshot)));
  const ReadFamily& family = named(families, "ringside_operation_duration_seconds");
  REQUIRE(family.metrics.size() == snapshot.operations.size());
  for (std::size_t i = 0; i < family.metrics.size(); ++i)
    check_histogram(family.metrics[i], snapshot.operations[i].windows[0]);
}

TEST_CASE("PrometheusProtobuf: the worked example of spans and deltas") {
  const ReadMetric metric = histogram_of({{{5, 3}, {6, 4}, {9, 1}}});
  CHECK(metric.spans == std::vector<std::pair<int, unsigned>>{{5, 2}, {2, 1}});
  CHECK(metric.deltas == std::vector<std::int64_t>{3, 1, -3});
}

TEST_CASE("PrometheusProtobuf: the ends of the range") {
  CHECK(histogram_of({}).spans.empty());
  CHECK(histogram_of({{{kMinBucket, 7}}}).zero_count == 7);
  CHECK(histogram_of({{{kMinBucket, 7}, {kMinBucket + 1, 2}}}).spans.size() == 1);
  CHECK(histogram_of({{{kMaxBucket, std::uint64_t{1} << 62}}}).count == std::uint64_t{1} << 62);
  CHECK(histogram_of({{{-1, 1}, {0, 1}, {1, 1}}}).spans ==
        std::vector<std::pair<int, unsigned>>{{-1, 3}});
}

TEST_CASE("PrometheusProtobuf: random histograms come back as they were") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 50; ++round) {
    Histogram latency;
    const std::uint64_t gap = 1 + random() % 40;
    for (int index = kMinBucket; index <= kMaxBucket; index += static_cast<int>(1 + random() % gap))
      latency.buckets.push_back({static_cast<std::int16_t>(index), 1 + (random() >> 30)});
    histogram_of(latency);
  }
}

TEST_CASE("PrometheusProtobuf: all exemplars in time's order, and one that never goes back") {
  Snapshot snapshot = sample::ones();
  // The longest of the latest 5 s is the one of 0.7 s. That of 2 s is 5 s before the latest.
  snapshot.operations[0].exemplars = {{1, 11, 900'000, sample::kNow - 1'000},
                                      {2, 12, 1'000'000, sample::kNow - 2'000},
                                      {3, 13, 700'000'000, sample::kNow - 3'000},
                                      {4, 14, 2'000'000'000, sample::kNow - 5'000'001'000}};
  const auto families = read(render_prometheus_protobuf(metric_families(snapshot)));
  const ReadMetric& metric = named(families, "ringside_operation_duration_seconds").metrics.at(0);
  REQUIRE(metric.exemplars.size() == 4);
  std::vector<std::string> positions;
  for (const ReadExemplar& one : metric.exemplars) {
    CHECK(one.labels.at("ring") == "chat");
    positions.push_back(one.labels.at("lane") + "/" + one.labels.at("position"));
  }
  CHECK(positions == std::vector<std::string>{"4/14", "3/13", "2/12", "1/11"});
  REQUIRE(metric.bucket_exemplars.size() == 1);
  CHECK(metric.bucket_exemplars[0].labels.at("position") == "13");
  CHECK(metric.bucket_exemplars[0].value == 0.7);
  CHECK(metric.bucket_exemplars[0].seconds == sample::kNow / 1'000'000'000);
  CHECK(metric.bucket_exemplars[0].nanos == (sample::kNow - 3'000) % 1'000'000'000);
}
