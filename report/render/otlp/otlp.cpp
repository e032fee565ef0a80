// Field numbers: opentelemetry-proto, collector/metrics/v1, metrics/v1, common/v1, resource/v1.
#include "report/render/otlp/otlp.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

#include "report/render/prometheus/classic_buckets.h"
#include "report/render/prometheus/families.h"

namespace ringside {

namespace {

namespace otlp {
using Tag = protozero::pbf_tag_type;
constexpr Tag kResourceMetrics = 1;                    // ExportMetricsServiceRequest
constexpr Tag kResource = 1, kScopeMetrics = 2;        // ResourceMetrics
constexpr Tag kResourceAttributes = 1;                 // Resource
constexpr Tag kScope = 1, kMetrics = 2;                // ScopeMetrics
constexpr Tag kScopeName = 1, kScopeVersion = 2;       // InstrumentationScope
constexpr Tag kKey = 1, kValue = 2, kStringValue = 1;  // KeyValue, AnyValue
constexpr Tag kName = 1, kDescription = 2, kUnit = 3;  // Metric
constexpr Tag kGauge = 5, kSum = 7, kExponential = 10, kSummary = 11;
constexpr Tag kDataPoints = 1, kTemporality = 2, kMonotonic = 3;
constexpr Tag kStart = 2, kTime = 3;                       // of every data point
constexpr Tag kAsDouble = 4, kAsInt = 6, kAttributes = 7;  // NumberDataPoint
constexpr Tag kCount = 4, kPointSum = 5;                   // the other two
constexpr Tag kExponentialAttributes = 1, kScale = 6, kZeroCount = 7, kPositive = 8,
              kExemplars = 11, kZeroThreshold = 14;
constexpr Tag kOffset = 1, kBucketCounts = 2;  // Buckets
constexpr Tag kExemplarTime = 2, kExemplarDouble = 3, kExemplarAttributes = 7;
constexpr std::int32_t kCumulative = 2;  // AggregationTemporality
}  // namespace otlp

using protozero::pbf_writer;

void put_text(pbf_writer& to, otlp::Tag tag, const char* key, const std::string& value) {
  pbf_writer attribute(to, tag);
  attribute.add_string(otlp::kKey, key);
  pbf_writer any(attribute, otlp::kValue);
  any.add_string(otlp::kStringValue, value);
}

void put_labels(pbf_writer& to, otlp::Tag tag, const std::vector<MetricLabel>& labels) {
  for (const MetricLabel& label : labels)
    put_text(to, tag, label.name, metrics::label_text(label.value));
}

std::uint64_t unix_nano(std::int64_t wall_ns) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(wall_ns, 0));
}

void put_times(pbf_writer& point, const Metric& metric, std::int64_t wall_ns) {
  if (metric.since_wall_ns > 0) point.add_fixed64(otlp::kStart, unix_nano(metric.since_wall_ns));
  point.add_fixed64(otlp::kTime, unix_nano(wall_ns));
}

// Counts are whole numbers; what has a unit is not.
void put_number(pbf_writer& to, const Metric& metric, bool whole, std::int64_t wall_ns) {
  pbf_writer point(to, otlp::kDataPoints);
  put_labels(point, otlp::kAttributes, metric.labels);
  put_times(point, metric, wall_ns);
  if (whole) {
    point.add_sfixed64(otlp::kAsInt, static_cast<std::int64_t>(std::min(metric.value, 9.2e18)));
  } else {
    point.add_double(otlp::kAsDouble, metric.value);
  }
}

// Dense, from the first bucket that has a count to the last. OTLP numbers a bucket by its lower
// bound, so its index is ours less one.
void put_buckets(pbf_writer& point, const Histogram& histogram) {
  auto first = histogram.buckets.begin();
  const auto end = histogram.buckets.end();
  std::uint64_t zero = 0;
  if (first != end && first->index == kMinBucket) zero = (first++)->count;
  point.add_fixed64(otlp::kZeroCount, zero);
  point.add_double(otlp::kZeroThreshold, bucket_upper_seconds(kMinBucket));
  if (first == end) return;
  std::vector<std::uint64_t> counts(
      static_cast<std::size_t>(std::prev(end)->index - first->index + 1));
  for (auto at = first; at != end; ++at)
    counts[static_cast<std::size_t>(at->index - first->index)] = at->count;
  pbf_writer positive(point, otlp::kPositive);
  positive.add_sint32(otlp::kOffset, first->index - 1);
  positive.add_packed_uint64(otlp::kBucketCounts, counts.begin(), counts.end());
}

void put_exponential(pbf_writer& to, const Metric& metric, std::int64_t wall_ns) {
  constexpr std::int32_t kScale = 5;
  static_assert(kBucketsPerOctave == 1 << kScale);
  pbf_writer point(to, otlp::kDataPoints);
  put_labels(point, otlp::kExponentialAttributes, metric.labels);
  put_times(point, metric, wall_ns);
  point.add_fixed64(otlp::kCount, metric.count);
  point.add_double(otlp::kPointSum, metric.sum);
  point.add_sint32(otlp::kScale, kScale);
  put_buckets(point, *metric.histogram);
  for (const MetricExemplar& from : metric.exemplars) {
    pbf_writer exemplar(point, otlp::kExemplars);
    exemplar.add_fixed64(otlp::kExemplarTime, unix_nano(from.wall_ns));
    exemplar.add_double(otlp::kExemplarDouble, from.seconds);
    put_labels(exemplar, otlp::kExemplarAttributes, metrics::exemplar_labels(from));
  }
}

void put_summary(pbf_writer& to, const Metric& metric, std::int64_t wall_ns) {
  pbf_writer point(to, otlp::kDataPoints);
  put_labels(point, otlp::kAttributes, metric.labels);
  put_times(point, metric, wall_ns);
  point.add_fixed64(otlp::kCount, metric.count);
  point.add_double(otlp::kPointSum, metric.sum);
}

// "ringside_operation_duration_seconds" is "ringside.operation_duration".
std::string name_of(const MetricFamily& family) {
  std::string name = family.name;
  const std::size_t unit = std::strlen(family.unit);
  if (unit > 0) name.resize(name.size() - unit - 1);
  const std::size_t prefix = name.find('_');
  if (prefix != std::string::npos) name[prefix] = '.';
  return family.kind == MetricKind::info ? name + "_info" : name;
}

// By UCUM, the unified code for units.
const char* unit_of(std::string_view unit) {
  if (unit == "seconds") return "s";
  if (unit == "bytes") return "By";
  if (unit == "ratio") return "1";
  return "";
}

void put_family(pbf_writer& to, const MetricFamily& family, std::int64_t wall_ns) {
  pbf_writer metric(to, otlp::kMetrics);
  metric.add_string(otlp::kName, name_of(family));
  metric.add_string(otlp::kDescription, family.help);
  if (const char* unit = unit_of(family.unit); *unit != '\0') metric.add_string(otlp::kUnit, unit);
  const bool whole = *family.unit == '\0';
  switch (family.kind) {
    case MetricKind::counter: {
      pbf_writer sum(metric, otlp::kSum);
      for (const Metric& one : family.metrics) put_number(sum, one, whole, wall_ns);
      sum.add_enum(otlp::kTemporality, otlp::kCumulative);
      sum.add_bool(otlp::kMonotonic, true);
      break;
    }
    case MetricKind::gauge:
    case MetricKind::info: {
      pbf_writer gauge(metric, otlp::kGauge);
      for (const Metric& one : family.metrics) put_number(gauge, one, false, wall_ns);
      break;
    }
    case MetricKind::histogram: {
      pbf_writer histogram(metric, otlp::kExponential);
      for (const Metric& one : family.metrics) put_exponential(histogram, one, wall_ns);
      histogram.add_enum(otlp::kTemporality, otlp::kCumulative);
      break;
    }
    case MetricKind::summary: {
      pbf_writer summary(metric, otlp::kSummary);
      for (const Metric& one : family.metrics) put_summary(summary, one, wall_ns);
      break;
    }
  }
}

}  // namespace

std::string render_otlp(const Snapshot& snapshot, const OtlpResource& resource,
                        const std::vector<MetricFamily>& more) {
  std::string out;
  pbf_writer request(out);
  pbf_writer all(request, otlp::kResourceMetrics);
  {
    pbf_writer who(all, otlp::kResource);
    put_text(who, otlp::kResourceAttributes, "service.name", "ringsided");
    put_text(who, otlp::kResourceAttributes, "service.version",
             metrics::label_text(snapshot.daemon.version));
    put_text(who, otlp::kResourceAttributes, "service.instance.id",
             metrics::label_text(resource.instance_id));
    put_text(who, otlp::kResourceAttributes, "host.name", metrics::label_text(resource.host_name));
  }
  pbf_writer scope_metrics(all, otlp::kScopeMetrics);
  {
    pbf_writer scope(scope_metrics, otlp::kScope);
    scope.add_string(otlp::kScopeName, "ringside");
    scope.add_string(otlp::kScopeVersion, metrics::label_text(snapshot.daemon.version));
  }
  for (const MetricFamily& family : metric_families(snapshot))
    put_family(scope_metrics, family, snapshot.wall_ns);
  for (const MetricFamily& family : more) put_family(scope_metrics, family, snapshot.wall_ns);
  scope_metrics.commit();
  all.commit();
  return out;
}

namespace {

// The bytes of a field, or those that are there of one that is cut off. Then the message ends.
std::string_view bytes_of(protozero::pbf_reader& message) {
  try {
    const protozero::data_view whole = message.get_view();
    return {whole.data(), whole.size()};
  } catch (const protozero::end_of_buffer_exception&) {
    const protozero::data_view left = message.data();
    message = {};
    return {left.data(), left.size()};
  }
}

}  // namespace

OtlpPartialSuccess read_otlp_response(std::string_view body) {
  OtlpPartialSuccess out;
  try {
    protozero::pbf_reader response(body.data(), body.size());
    while (response.next(1, protozero::pbf_wire_type::length_delimited)) {
      const std::string_view inside = bytes_of(response);
      protozero::pbf_reader partial(inside.data(), inside.size());
      while (partial.next()) {
        switch (partial.tag_and_type()) {
          case protozero::tag_and_type(1, protozero::pbf_wire_type::varint):
            out.rejected_data_points = partial.get_int64();
            break;
          case protozero::tag_and_type(2, protozero::pbf_wire_type::length_delimited):
            out.message = bytes_of(partial);
            break;
          default: partial.skip();
        }
      }
    }
  } catch (const protozero::exception&) {
    // Somebody else wrote it.
  }
  return out;
}

std::string read_otlp_status(std::string_view body) {
  try {
    protozero::pbf_reader status(body.data(), body.size());
    std::string message;
    while (status.next()) {
      if (status.tag_and_type() ==
          protozero::tag_and_type(2, protozero::pbf_wire_type::length_delimited)) {
        message = bytes_of(status);
      } else {
        status.skip();
      }
    }
    return message;
  } catch (const protozero::exception&) {
    return {};
  }
}

}  // namespace ringside
