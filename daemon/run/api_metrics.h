// What the API's server counts of itself, for /metrics.
#pragma once

#include <cstdint>
#include <vector>

#include "daemon/http/figures.h"
#include "report/render/prometheus/metric_family.h"

namespace ringside {

// `since_wall_ns`: when the server began.
std::vector<MetricFamily> api_metrics(const http::Figures& figures, std::int64_t since_wall_ns);

}  // namespace ringside
