#include "report/render/prometheus/families.h"

#include "report/render/prometheus/family_parts.h"

namespace ringside {

std::vector<MetricFamily> metric_families(const Snapshot& snapshot) {
  std::vector<MetricFamily> out;
  metrics::add_operations(snapshot, out);
  metrics::add_events(snapshot, out);
  metrics::add_rings(snapshot, out);
  metrics::add_data_quality(snapshot, out);
  metrics::add_servers(snapshot, out);
  metrics::add_host(snapshot, out);
  metrics::add_alerts(snapshot, out);
  metrics::add_daemon(snapshot, out);
  return out;
}

}  // namespace ringside
