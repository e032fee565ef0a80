// All metrics of a snapshot.
#pragma once

#include <vector>

#include "report/model/snapshot.h"
#include "report/render/prometheus/metric_family.h"

namespace ringside {

// The families of a snapshot of living rings, in the order in which they are shown; families
// without a metric are left out. Names are unique, and so are the labels of a family's metrics. The
// result points into the snapshot.
//
// Counters, histograms and summaries count since the daemon's books began
// (DaemonView::state_since_wall_ns), those that a ring's segment keeps since the ring was made.
// They never fall while that time is the same. What is not known has no metric.
std::vector<MetricFamily> metric_families(const Snapshot& snapshot);
std::vector<MetricFamily> metric_families(Snapshot&&) = delete;

}  // namespace ringside
