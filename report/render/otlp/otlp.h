// Metrics as OpenTelemetry takes them: the protobuf body of a POST to /v1/metrics.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "report/model/snapshot.h"
#include "report/render/prometheus/metric_family.h"

namespace ringside {

// Who tells it: attributes of the resource, beside service.name (ringsided) and service.version.
struct OtlpResource {
  std::string host_name;    // host.name
  std::string instance_id;  // service.instance.id: the same after a restart, and nobody else's
};

// An ExportMetricsServiceRequest with the metrics of metric_families(). Counters, histograms
// (exponential, scale 5, every bucket of ours as it is) and sums of time are cumulative, with their
// begin. `more` comes after them: families whose names metric_families() does not use.
//
// Names are those of /metrics with "ringside." in front, without _total and without the unit, which
// is a field of its own: s, By, 1. So a collector that writes for Prometheus ends with our names.
std::string render_otlp(const Snapshot& snapshot, const OtlpResource& resource,
                        const std::vector<MetricFamily>& more = {});

// What a collector says of a request that it accepted (ExportMetricsServiceResponse).
struct OtlpPartialSuccess {
  std::int64_t rejected_data_points = 0;  // 0: none, or not told
  std::string message;                    // as it came; empty: nothing was said
};
// Of a body that is cut off or is none, what can be read of it.
OtlpPartialSuccess read_otlp_response(std::string_view body);

// The message of a refusal (google.rpc.Status). Empty: the body is none.
std::string read_otlp_status(std::string_view body);

}  // namespace ringside
