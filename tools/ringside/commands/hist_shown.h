// What `ringside hist` shows, wherever it comes from, as text or JSON.
#pragma once

#include <string>
#include <vector>

#include "tools/ringside/commands/hist.h"
#include "tools/ringside/hist/chart.h"
#include "tools/ringside/hist/latencies.h"

namespace ringside::tool {

struct HistShown {
  std::vector<LatencyGroup> groups;
  LatencyGroup whole;                // the only one, where there are no groups
  std::vector<LatencyPoint> points;  // of a heatmap
  std::size_t steps = 0;             // that its time has; 0: as many as there are columns
};

// `other`: what it is compared with, or null.
std::string hist_text(const HistOptions& options, const HistShown& shown, const HistShown* other);

}  // namespace ringside::tool
