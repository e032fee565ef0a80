// The forms in which Prometheus takes metrics.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "report/model/snapshot.h"
#include "report/render/prometheus/metric_family.h"

namespace ringside {

enum class MetricsFormat : std::uint8_t { text, openmetrics_0_0_1, openmetrics, protobuf };

// The form that a request's Accept header prefers: the one with the highest q, and of equal ones
// the first. Without a header, and where it names none of the forms, text: every exporter answers
// so. Any bytes may come in.
MetricsFormat metrics_format_for(std::string_view accept);

// The Content-Type of an answer in that form.
const char* content_type_of(MetricsFormat format);

// Text format 0.0.4. Without exemplars; histograms have their classic buckets alone.
std::string render_prometheus_text(const std::vector<MetricFamily>& families);

// OpenMetrics 1.0 text, which is also good 0.0.1: with units, exemplars and an end.
std::string render_openmetrics(const std::vector<MetricFamily>& families);

// io.prometheus.client.MetricFamily messages, each after its length as a varint. A histogram is
// native (schema 5, every bucket of ours as it is; the zero bucket holds spans up to 2^-32 s) and
// classic at once.
std::string render_prometheus_protobuf(const std::vector<MetricFamily>& families);

// A snapshot of living rings in that form.
std::string render_metrics(const Snapshot& snapshot, MetricsFormat format);

// Puts families behind those of `body`, which is whole and in that form. The body has none of their
// names yet.
void append_metrics(std::string& body, MetricsFormat format,
                    const std::vector<MetricFamily>& families);

}  // namespace ringside
