// The two text forms. They differ in names, units, exemplars and the end.
#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "report/render/prometheus/classic_buckets.h"
#include "report/render/prometheus/exposition.h"
#include "report/render/prometheus/families.h"

namespace ringside {

namespace {

using metrics::ClassicBucket;

constexpr std::string_view kEnd = "# EOF\n";  // of OpenMetrics

class Writer {
 public:
  explicit Writer(bool openmetrics) : openmetrics_(openmetrics) {}

  void family(const MetricFamily& family) {
    head(family);
    for (const Metric& metric : family.metrics) {
      set_labels(metric.labels);
      switch (family.kind) {
        case MetricKind::counter: sample(family.name, "_total", metric.value); break;
        case MetricKind::gauge: sample(family.name, "", metric.value); break;
        case MetricKind::info: sample(family.name, "_info", metric.value); break;
        case MetricKind::summary: sum_and_count(family.name, metric); break;
        case MetricKind::histogram:
          buckets(family.name, metric);
          sum_and_count(family.name, metric);
          break;
      }
    }
  }

  std::string take() {
    if (openmetrics_) out_ += kEnd;
    return std::move(out_);
  }

 private:
  // In the older form a family has the name of its samples, and an info is a gauge.
  void head(const MetricFamily& family) {
    constexpr const char* kTypes[] = {"counter", "gauge", "info", "histogram", "summary"};
    std::string name = family.name;
    const char* type = kTypes[static_cast<std::size_t>(family.kind)];
    if (!openmetrics_ && family.kind == MetricKind::counter) name += "_total";
    if (!openmetrics_ && family.kind == MetricKind::info) {
      name += "_info";
      type = "gauge";
    }
    fmt::format_to(std::back_inserter(out_), "# HELP {} {}\n# TYPE {} {}\n", name, family.help,
                   name, type);
    if (openmetrics_ && *family.unit != '\0')
      fmt::format_to(std::back_inserter(out_), "# UNIT {} {}\n", name, family.unit);
  }

  void number(double value) {
    if (std::isinf(value)) {
      out_ += value > 0 ? "+Inf" : "-Inf";
    } else if (std::isnan(value)) {
      out_ += "NaN";
    } else if (std::trunc(value) == value && std::abs(value) < 1e18) {
      fmt::format_to(std::back_inserter(out_), "{}", static_cast<std::int64_t>(value));
    } else {
      fmt::format_to(std::back_inserter(out_), "{}", value);
    }
  }

  static void put_label(std::string& to, const char* name, std::string_view value) {
    if (!to.empty()) to += ',';
    to += name;
    to += "=\"";
    for (const char c : value) {
      if (c == '\\' || c == '"') to += '\\';
      to += c;
    }
    to += '"';
  }

  // Those of all samples of a metric: written once.
  void set_labels(const std::vector<MetricLabel>& all) {
    labels_.clear();
    for (const MetricLabel& one : all) put_label(labels_, one.name, metrics::label_text(one.value));
  }

  void sample(const std::string& name, const char* suffix, double value) {
    out_ += name;
    out_ += suffix;
    if (!labels_.empty()) {
      out_ += '{';
      out_ += labels_;
      out_ += '}';
    }
    out_ += ' ';
    number(value);
    out_ += '\n';
  }

  void sum_and_count(const std::string& name, const Metric& metric) {
    sample(name, "_sum", metric.sum);
    sample(name, "_count", static_cast<double>(metric.count));
  }

  // OpenMetrics writes a bound as a float, with its point.
  std::string bound(double upper) const {
    if (std::isinf(upper)) return "+Inf";
    std::string text = fmt::format("{}", upper);
    const std::size_t point = text.find('.');
    if (openmetrics_ && point == std::string::npos) text += ".0";
    if (!openmetrics_ && point != std::string::npos && text.substr(point) == ".0")
      text.resize(point);
    return text;
  }

  void buckets(const std::string& name, const Metric& metric) {
    for (const ClassicBucket& bucket : metrics::classic_buckets(metric)) {
      out_ += name;
      out_ += "_bucket{";
      out_ += labels_;
      out_ += labels_.empty() ? "le=\"" : ",le=\"";
      out_ += bound(bucket.upper_seconds);
      out_ += "\"} ";
      number(static_cast<double>(bucket.cumulative_count));
      if (openmetrics_ && bucket.exemplar != nullptr) exemplar(*bucket.exemplar);
      out_ += '\n';
    }
  }

  void exemplar(const MetricExemplar& exemplar) {
    std::string all;
    for (const MetricLabel& one : metrics::exemplar_labels(exemplar))
      put_label(all, one.name, one.value);
    out_ += " # {";
    out_ += all;
    out_ += "} ";
    number(exemplar.seconds);
    fmt::format_to(std::back_inserter(out_), " {}.{:09}", exemplar.wall_ns / 1'000'000'000,
                   exemplar.wall_ns % 1'000'000'000);
  }

  bool openmetrics_;
  std::string labels_;
  std::string out_;
};

std::string render(const std::vector<MetricFamily>& families, bool openmetrics) {
  Writer writer(openmetrics);
  for (const MetricFamily& family : families) writer.family(family);
  return writer.take();
}

bool is_openmetrics(MetricsFormat format) {
  return format == MetricsFormat::openmetrics || format == MetricsFormat::openmetrics_0_0_1;
}

std::string render(const std::vector<MetricFamily>& families, MetricsFormat format) {
  if (format == MetricsFormat::protobuf) return render_prometheus_protobuf(families);
  return render(families, is_openmetrics(format));
}

}  // namespace

std::string render_prometheus_text(const std::vector<MetricFamily>& families) {
  return render(families, false);
}

std::string render_openmetrics(const std::vector<MetricFamily>& families) {
  return render(families, true);
}

std::string render_metrics(const Snapshot& snapshot, MetricsFormat format) {
  return render(metric_families(snapshot), format);
}

void append_metrics(std::string& body, MetricsFormat format,
                    const std::vector<MetricFamily>& families) {
  if (is_openmetrics(format)) body.resize(body.size() - kEnd.size());
  body += render(families, format);
}

}  // namespace ringside
