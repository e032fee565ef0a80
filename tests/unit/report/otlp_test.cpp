// Metrics as OpenTelemetry takes them, read back field by field.
#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>
#include <set>

#include "report/render/otlp/otlp.h"
#include "report/render/prometheus/families.h"
#include "tests/unit/report/numbered.h"
#include "tests/unit/report/ones.h"
#include "tests/unit/report/sample.h"

using namespace ringside;
using protozero::pbf_reader;
using protozero::pbf_writer;

namespace {

struct OtlpPoint {
  std::map<std::string, std::string> labels;
  std::uint64_t start = 0, time = 0;
  double value = 0, sum = 0;
  bool whole = false;
  std::uint64_t count = 0, zero = 0;
  int scale = 0, offset = 0;
  double threshold = 0;
  std::vector<std::uint64_t> buckets;
  std::vector<OtlpPoint> exemplars;
};
struct OtlpMetric {
  std::string name, help, unit;
  int kind = 0;  // field of Metric: gauge 5, sum 7, exponential 10, summary 11
  int temporality = 0;
  bool monotonic = false;
  std::vector<OtlpPoint> points;
};
struct OtlpRequest {
  std::map<std::string, std::string> resource;
  std::string scope;
  std::vector<OtlpMetric> metrics;
};

void read_otlp_attribute(pbf_reader from, std::map<std::string, std::string>& into) {
  REQUIRE(from.next(1));
  const std::string key = from.get_string();
  REQUIRE(from.next(2));
  pbf_reader value = from.get_message();
  REQUIRE(value.next(1));
  CHECK(into.emplace(key, value.get_string()).second);
}

OtlpPoint read_otlp_exemplar(pbf_reader from) {
  OtlpPoint out;
  while (from.next()) {
    if (from.tag() == 2)
      out.time = from.get_fixed64();
    else if (from.tag() == 3)
      out.value = from.get_double();
    else {
      REQUIRE(from.tag() == 7);
      read_otlp_attribute(from.get_message(), out.labels);
    }
  }
  return out;
}

void read_otlp_buckets(pbf_reader from, OtlpPoint& out) {
  while (from.next()) {
    if (from.tag() == 1) {
      out.offset = from.get_sint32();
    } else {
      REQUIRE(from.tag() == 2);
      for (const std::uint64_t count : from.get_packed_uint64()) out.buckets.push_back(count);
    }
  }
}

OtlpPoint read_otlp_point(pbf_reader from, int kind) {
  OtlpPoint out;
  const bool exponential = kind == 10;
  while (from.next()) {
    const auto tag = from.tag();
    if (tag == (exponential ? 1U : 7U))
      read_otlp_attribute(from.get_message(), out.labels);
    else if (tag == 2)
      out.start = from.get_fixed64();
    else if (tag == 3)
      out.time = from.get_fixed64();
    else if (kind <= 7 && tag == 4)
      out.value = from.get_double();
    else if (kind <= 7 && tag == 6) {
      out.whole = true;
      out.value = static_cast<double>(from.get_sfixed64());
    } else if (kind > 7 && tag == 4)
      out.count = from.get_fixed64();
    else if (kind > 7 && tag == 5)
      out.sum = from.get_double();
    else if (exponential && tag == 6)
      out.scale = from.get_sint32();
    else if (exponential && tag == 7)
      out.zero = from.get_fixed64();
    else if (exponential && tag == 8)
      read_otlp_buckets(from.get_message(), out);
    else if (exponential && tag == 11)
      out.exemplars.push_back(read_otlp_exemplar(from.get_message()));
    else if (exponential && tag == 14)
      out.threshold = from.get_double();
    else
      FAIL("a field that the point has not: ", tag);
  }
  return out;
}

OtlpMetric read_otlp_metric(pbf_reader from) {
  OtlpMetric out;
  while (from.next()) {
    switch (from.tag()) {
      case 1: out.name = from.get_string(); break;
      case 2: out.help = from.get_string(); break;
      case 3: out.unit = from.get_string(); break;
      default: {
        out.kind = static_cast<int>(from.tag());
        pbf_reader data = from.get_message();
        while (data.next()) {
          if (data.tag() == 1)
            out.points.push_back(read_otlp_point(data.get_message(), out.kind));
          else if (data.tag() == 2)
            out.temporality = data.get_enum();
          else
            out.monotonic = data.get_bool();
        }
      }
    }
  }
  return out;
}

OtlpRequest read_otlp(const std::string& bytes) {
  OtlpRequest out;
  pbf_reader request(bytes);
  REQUIRE(request.next(1));
  pbf_reader all = request.get_message();
  CHECK_FALSE(request.next());
  while (all.next()) {
    const auto tag = all.tag();
    pbf_reader part = all.get_message();
    if (tag == 1) {
      while (part.next(1)) read_otlp_attribute(part.get_message(), out.resource);
      continue;
    }
    REQUIRE(tag == 2);
    while (part.next()) {
      if (part.tag() == 1) {
        pbf_reader scope = part.get_message();
        REQUIRE(scope.next(1));
        out.scope = scope.get_string();
      } else {
        out.metrics.push_back(read_otlp_metric(part.get_message()));
      }
    }
  }
  return out;
}

OtlpRequest otlp_request_of(const Snapshot& snapshot) {
  return read_otlp(render_otlp(snapshot, {"chat-1", "chat-1:7"}));
}

const OtlpMetric& otlp_named(const OtlpRequest& request, const std::string& name) {
  for (const OtlpMetric& metric : request.metrics) {
    if (metric.name == name) return metric;
  }
  FAIL("no metric ", name);
  return request.metrics.front();
}

}  // namespace

TEST_CASE("Otlp: every metric is there, with its kind, its unit and its time") {
  const Snapshot snapshot = sample::numbered();
  const OtlpRequest request = otlp_request_of(snapshot);
  CHECK(request.resource ==
        std::map<std::string, std::string>{{"service.name", "ringsided"},
                                           {"service.version", snapshot.daemon.version},
                                           {"service.instance.id", "chat-1:7"},
                                           {"host.name", "chat-1"}});
  CHECK(request.scope == "ringside");
  const std::vector<MetricFamily> families = metric_families(snapshot);
  REQUIRE(request.metrics.size() == families.size());
  std::set<std::string> names;
  for (std::size_t f = 0; f < families.size(); ++f) {
    const MetricFamily& family = families[f];
    const OtlpMetric& metric = request.metrics[f];
    CAPTURE(family.name);
    CHECK(names.insert(metric.name).second);
    CHECK(metric.name.rfind("ringside.", 0) == 0);
    CHECK(metric.help == family.help);
    constexpr int kKinds[] = {7, 5, 5, 10, 11};
    CHECK(metric.kind == kKinds[static_cast<std::size_t>(family.kind)]);
    CHECK(metric.temporality == (metric.kind == 7 || metric.kind == 10 ? 2 : 0));
    CHECK(metric.monotonic == (metric.kind == 7));
    REQUIRE(metric.points.size() == family.metrics.size());
    for (std::size_t i = 0; i < family.metrics.size(); ++i) {
      const OtlpPoint& point = metric.points[i];
      CHECK(point.value == family.metrics[i].value);
      CHECK(point.count == family.metrics[i].count);
      CHECK(point.sum == family.metrics[i].sum);
      CHECK(point.labels.size() == family.metrics[i].labels.size());
      CHECK(point.time == static_cast<std::uint64_t>(snapshot.wall_ns));
      CHECK(point.start ==
            static_cast<std::uint64_t>(std::max<std::int64_t>(family.metrics[i].since_wall_ns, 0)));
      CHECK(point.whole == (family.kind == MetricKind::counter && *family.unit == '\0'));
    }
  }
}

TEST_CASE("Otlp: names have no unit and no _total, and units are UCUM's") {
  const OtlpRequest request = otlp_request_of(sample::numbered());
  CHECK(otlp_named(request, "ringside.operation_duration").unit == "s");
  CHECK(otlp_named(request, "ringside.operations").unit.empty());
  CHECK(otlp_named(request, "ringside.daemon_resident_memory").unit == "By");
  CHECK(otlp_named(request, "ringside.operation_error_threshold").unit == "1");
  CHECK(otlp_named(request, "ringside.build_info").points.at(0).value == 1);
}

TEST_CASE("Otlp: buckets are ours, one for one, numbered from the lower bound") {
  const Snapshot snapshot = sample::busy();
  const OtlpRequest request = otlp_request_of(snapshot);
  const OtlpMetric& metric = otlp_named(request, "ringside.operation_duration");
  REQUIRE(metric.points.size() == snapshot.operations.size());
  for (std::size_t i = 0; i < metric.points.size(); ++i) {
    const OtlpPoint& point = metric.points[i];
    CHECK(point.scale == 5);
    CHECK(point.threshold == std::exp2(-32));
    std::map<int, std::uint64_t> found, expected;
    std::uint64_t all = 0;
    for (std::size_t b = 0; b < point.buckets.size(); ++b) {
      // Bucket b is (base^b, base^(b + 1)].
      if (point.buckets[b] > 0) found[point.offset + static_cast<int>(b) + 1] = point.buckets[b];
    }
    for (const auto& bucket : snapshot.operations[i].windows[0].latency.buckets) {
      expected[bucket.index] = bucket.count;
      all += bucket.count;
    }
    CHECK(found == expected);
    CHECK(point.count == all);
  }
}

TEST_CASE("Otlp: the zero bucket, an empty histogram, and exemplars") {
  Snapshot snapshot = sample::ones();
  Histogram& latency = snapshot.operations[0].windows[0].latency;
  latency.buckets = {{kMinBucket, 3}, {-10, 2}, {-8, 1}};
  snapshot.operations[0].exemplars = {{4, 99, 800'000'000, sample::kNow}};
  OtlpPoint point =
      otlp_named(otlp_request_of(snapshot), "ringside.operation_duration").points.at(0);
  CHECK(point.zero == 3);
  CHECK(point.offset == -11);
  CHECK(point.buckets == std::vector<std::uint64_t>{2, 0, 1});
  REQUIRE(point.exemplars.size() == 1);
  CHECK(point.exemplars[0].value == 0.8);
  CHECK(point.exemplars[0].time == static_cast<std::uint64_t>(sample::kNow));
  CHECK(point.exemplars[0].labels ==
        std::map<std::string, std::string>{{"ring", "chat"}, {"lane", "4"}, {"position", "99"}});
  latency.buckets.clear();
  point = otlp_named(otlp_request_of(snapshot), "ringside.operation_duration").points.at(0);
  CHECK(point.count == 0);
  CHECK(point.buckets.empty());
}

TEST_CASE("Otlp: hostile names are text, and so is the host's") {
  const Snapshot snapshot = sample::hostile();
  const OtlpRequest request = read_otlp(render_otlp(snapshot, {"a\nb\xff", "c\x01"}));
  CHECK(request.resource.at("host.name") == "a\\nb\\xff");
  CHECK(request.resource.at("service.instance.id") == "c\\x01");
  for (const OtlpMetric& metric : request.metrics) {
    for (const OtlpPoint& point : metric.points) {
      for (const auto& [name, value] : point.labels) {
        for (const char c : value) CHECK(static_cast<unsigned char>(c) >= 0x20);
      }
    }
  }
}

TEST_CASE("Otlp: what a collector says of a request") {
  std::string body;
  {
    pbf_writer response(body);
    pbf_writer partial(response, 1);
    partial.add_int64(1, 12);
    partial.add_string(2, "too old");
    partial.add_string(9, "of a later version");
  }
  CHECK(read_otlp_response(body).rejected_data_points == 12);
  CHECK(read_otlp_response(body).message == "too old");
  CHECK(read_otlp_response("").rejected_data_points == 0);
  std::string status;
  pbf_writer(status).add_int32(1, 3);
  pbf_writer(status).add_string(2, "no such tenant");
  CHECK(read_otlp_status(status) == "no such tenant");
  // Only the begin of a long answer is read: what is there of it counts.
  std::string outer;
  {
    pbf_writer response(outer);
    pbf_writer partial(response, 1);
    partial.add_int64(1, 7);
    partial.add_string(2, "late " + std::string(1000, '.'));
  }
  const OtlpPartialSuccess cut = read_otlp_response(std::string_view(outer).substr(0, 512));
  CHECK(cut.rejected_data_points == 7);
  CHECK(cut.message.starts_with("late ..."));
  std::string long_status;
  pbf_writer(long_status).add_string(2, "no such tenant" + std::string(1000, '.'));
  CHECK(read_otlp_status(std::string_view(long_status).substr(0, 512))
            .starts_with("no such tenant..."));
  // Cut off anywhere, and other text: nothing is thrown.
  for (const std::string& whole : {body, status, std::string("<html>404</html>"),
                                   std::string("{\"code\":3}"), std::string("\x0a\xff\xff\xff")}) {
    for (std::size_t length = 0; length <= whole.size(); ++length) {
      (void)read_otlp_response(std::string_view(whole).substr(0, length));
      (void)read_otlp_status(std::string_view(whole).substr(0, length));
    }
  }
  CHECK(read_otlp_status("<html>404</html>").empty());
}
