// io.prometheus.client.MetricFamily, as metrics.proto of github.com/prometheus/client_model has it.
// Only the field numbers are on the wire, and here are those that we write.
#include <protozero/pbf_writer.hpp>
#include <protozero/varint.hpp>

#include <iterator>

#include "report/render/prometheus/classic_buckets.h"
#include "report/render/prometheus/exposition.h"

namespace ringside {

namespace {

namespace field {
enum Family : protozero::pbf_tag_type { name = 1, help = 2, type = 3, metric = 4, unit = 5 };
enum Metric : protozero::pbf_tag_type {
  label = 1,
  gauge = 2,
  counter = 3,
  summary = 4,
  histogram = 7
};
enum Label : protozero::pbf_tag_type { label_name = 1, label_value = 2 };
enum Gauge : protozero::pbf_tag_type { gauge_value = 1 };
enum Counter : protozero::pbf_tag_type { counter_value = 1, counter_created = 3 };
enum Summary : protozero::pbf_tag_type { summary_count = 1, summary_sum = 2, summary_created = 4 };
enum Histogram : protozero::pbf_tag_type {
  sample_count = 1,
  sample_sum = 2,
  bucket = 3,
  schema = 5,
  zero_threshold = 6,
  zero_count = 7,
  positive_span = 12,
  positive_delta = 13,
  histogram_created = 15,
  exemplars = 16
};
enum Bucket : protozero::pbf_tag_type { cumulative_count = 1, upper_bound = 2, exemplar = 3 };
enum Span : protozero::pbf_tag_type { offset = 1, length = 2 };
enum Exemplar : protozero::pbf_tag_type { exemplar_label = 1, exemplar_value = 2, timestamp = 3 };
enum Timestamp : protozero::pbf_tag_type { timestamp_seconds = 1, timestamp_nanos = 2 };
}  // namespace field

// MetricType.
enum Type : std::int32_t { kCounter = 0, kGauge = 1, kSummary = 2, kHistogram = 4 };

using protozero::pbf_writer;

void put_label(pbf_writer& to, protozero::pbf_tag_type tag, const char* name,
               const std::string& value) {
  pbf_writer label(to, tag);
  label.add_string(field::label_name, name);
  label.add_string(field::label_value, value);
}

void put_time(pbf_writer& to, protozero::pbf_tag_type tag, std::int64_t wall_ns) {
  pbf_writer time(to, tag);
  time.add_int64(field::timestamp_seconds, wall_ns / 1'000'000'000);
  time.add_int32(field::timestamp_nanos, static_cast<std::int32_t>(wall_ns % 1'000'000'000));
}
void put_since(pbf_writer& to, protozero::pbf_tag_type tag, std::int64_t wall_ns) {
  if (wall_ns > 0) put_time(to, tag, wall_ns);
}

void put_exemplar(pbf_writer& to, protozero::pbf_tag_type tag, const MetricExemplar& from) {
  pbf_writer exemplar(to, tag);
  for (const MetricLabel& label : metrics::exemplar_labels(from))
    put_label(exemplar, field::exemplar_label, label.name, label.value);
  exemplar.add_double(field::exemplar_value, from.seconds);
  put_time(exemplar, field::timestamp, from.wall_ns);
}

// Spans are runs of neighbouring buckets, each with its distance from the one before; deltas are
// counts, each less the one before. Buckets 5, 6 and 9 with counts 3, 4 and 1 are the spans {5, 2},
// {2, 1} and the deltas 3, 1, -3.
void put_native(pbf_writer& to, const ringside::Histogram& histogram) {
  constexpr int kSchema = 5;
  static_assert(kBucketsPerOctave == 1 << kSchema);
  to.add_sint32(field::schema, kSchema);
  // The lowest bucket holds zero and everything up to its bound: it is the zero bucket.
  to.add_double(field::zero_threshold, bucket_upper_seconds(kMinBucket));
  auto first = histogram.buckets.begin();
  const auto end = histogram.buckets.end();
  if (first != end && first->index == kMinBucket) {
    to.add_uint64(field::zero_count, first->count);
    ++first;
  } else {
    to.add_uint64(field::zero_count, 0);
  }
  int after = 0;  // the bucket after the span before
  for (auto run = first; run != end;) {
    auto next = std::next(run);
    while (next != end && next->index == std::prev(next)->index + 1) ++next;
    pbf_writer span(to, field::positive_span);
    span.add_sint32(field::offset, run->index - after);
    span.add_uint32(field::length, static_cast<std::uint32_t>(next - run));
    after = std::prev(next)->index + 1;
    run = next;
  }
  std::vector<std::int64_t> deltas;
  std::uint64_t before = 0;
  for (auto at = first; at != end; ++at) {
    deltas.push_back(static_cast<std::int64_t>(at->count - before));
    before = at->count;
  }
  to.add_packed_sint64(field::positive_delta, deltas.begin(), deltas.end());
}

void put_histogram(pbf_writer& to, const Metric& metric) {
  pbf_writer histogram(to, field::histogram);
  histogram.add_uint64(field::sample_count, metric.count);
  histogram.add_double(field::sample_sum, metric.sum);
  // Prometheus 2.42 takes the exemplars of a native histogram from its classic buckets, and all as
  // one series, in which time must not go back. Later ones take `exemplars`.
  const MetricExemplar* steady = metrics::steady_exemplar(metric);
  for (const metrics::ClassicBucket& from : metrics::classic_buckets(metric)) {
    pbf_writer bucket(histogram, field::bucket);
    bucket.add_uint64(field::cumulative_count, from.cumulative_count);
    bucket.add_double(field::upper_bound, from.upper_seconds);
    if (steady != nullptr && steady->seconds <= from.upper_seconds) {
      put_exemplar(bucket, field::exemplar, *steady);
      steady = nullptr;
    }
  }
  put_native(histogram, *metric.histogram);
  put_since(histogram, field::histogram_created, metric.since_wall_ns);
  for (const MetricExemplar& exemplar : metric.exemplars)
    put_exemplar(histogram, field::exemplars, exemplar);
}

void put_metric(pbf_writer& to, MetricKind kind, const Metric& from) {
  pbf_writer metric(to, field::metric);
  for (const MetricLabel& label : from.labels)
    put_label(metric, field::label, label.name, metrics::label_text(label.value));
  switch (kind) {
    case MetricKind::counter: {
      pbf_writer counter(metric, field::counter);
      counter.add_double(field::counter_value, from.value);
      put_since(counter, field::counter_created, from.since_wall_ns);
      break;
    }
    case MetricKind::gauge:
    case MetricKind::info: {
      pbf_writer gauge(metric, field::gauge);
      gauge.add_double(field::gauge_value, from.value);
      break;
    }
    case MetricKind::summary: {
      pbf_writer summary(metric, field::summary);
      summary.add_uint64(field::summary_count, from.count);
      summary.add_double(field::summary_sum, from.sum);
      put_since(summary, field::summary_created, from.since_wall_ns);
      break;
    }
    case MetricKind::histogram: put_histogram(metric, from); break;
  }
}

void put_family(std::string& to, const MetricFamily& from) {
  constexpr Type kTypes[] = {kCounter, kGauge, kGauge, kHistogram, kSummary};
  constexpr const char* kSuffixes[] = {"_total", "", "_info", "", ""};
  const auto kind = static_cast<std::size_t>(from.kind);
  pbf_writer family(to);
  family.add_string(field::name, from.name + kSuffixes[kind]);
  family.add_string(field::help, from.help);
  family.add_enum(field::type, kTypes[kind]);
  for (const Metric& metric : from.metrics) put_metric(family, from.kind, metric);
  if (*from.unit != '\0') family.add_string(field::unit, from.unit);
}

}  // namespace

std::string render_prometheus_protobuf(const std::vector<MetricFamily>& families) {
  std::string out;
  std::string message;
  for (const MetricFamily& family : families) {
    message.clear();
    put_family(message, family);
    protozero::write_varint(std::back_inserter(out), message.size());
    out += message;
  }
  return out;
}

}  // namespace ringside
