#include "daemon/alerts/latency_levels.h"

#include <algorithm>

#include "report/model/format.h"

namespace ringside {
namespace {

// So far above the usual p95 a threshold is at least. Below that the scheduler's hiccups decide.
constexpr double kLeastMarginNs = 1e6;

}  // namespace

LatencyLevels latency_levels(const Config& config, const std::string& operation,
                             const Declared& declared, double threshold_ns,
                             const OperationNormal* normal) {
  const Thresholds& thresholds = config.thresholds;
  const AlertConfig& alerts = config.alerts;
  LatencyLevels out{alerts.latency.times(threshold_ns / 1e6)};
  const auto own = thresholds.operations.find(operation);
  const bool configured = own != thresholds.operations.end() && own->second.response_ns > 0;
  const bool said = !configured && declared.response_ns > 0;
  const bool shipped = !configured && !said && thresholds.response_ns == Thresholds{}.response_ns;
  out.origin.fill(said ? "declared" : shipped ? "default" : "configured");
  if (!shipped || !alerts.learn || normal == nullptr || !normal->knows_latency()) return out;
  const double usual_ns =
      std::max(alerts.learnt_factor * normal->p95_ns, normal->p95_ns + kLeastMarginNs);
  if (usual_ns >= threshold_ns) return out;
  const Levels learnt = alerts.latency.times(usual_ns / 1e6);
  for (const AlertLevel level : {AlertLevel::info, AlertLevel::warning}) {
    const auto i = static_cast<std::size_t>(level);
    out.levels.bounds[i] = learnt.bounds[i];
    out.origin[i] = "usual p95 " + format_span(normal->p95_ns);
  }
  out.learnt = true;
  return out;
}

}  // namespace ringside
