// Latencies as text for a terminal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tools/ringside/hist/latencies.h"

namespace ringside::tool {

struct ChartStyle {
  std::size_t columns = 80;
  std::size_t rows = 24;  // at most so many lines
  bool colour = false;
};

// `p50 1.20 ms  p90 …  max 9.00 ms`.
std::string quantile_line(const Latencies& latencies);

// A row for each range of latency, with a bar in eighths of a block:
//   1.02 ms –  2.05 ms ███████▌              1,234   12 %  p50 p90
// Buckets are joined until the rows fit.
std::string histogram_chart(const LatencyGroup& group, const ChartStyle& style);

// Two of them side by side on one scale of time, and how their quantiles differ.
std::string compared_charts(const LatencyGroup& group, const LatencyGroup& other,
                            const ChartStyle& style);

// A line for each group, those with the most calls first: its quantiles, and its histogram as a
// line of blocks on a common scale.
std::string group_table(const std::vector<LatencyGroup>& groups, const ChartStyle& style);

// When a call ended, and how long it took. Several calls of one bucket may be one point.
struct LatencyPoint {
  std::int64_t wall_ns = 0;
  std::int16_t bucket = 0;
  std::uint64_t count = 1;
};
inline constexpr std::size_t kHeatLabel = 10;  // the columns before the first field
// Time runs to the right and latency upwards. The shade says how many calls a field has: a colour
// of 256, or a character of ` .:-=+*#%@`.
std::string heatmap(const std::vector<LatencyPoint>& points, const ChartStyle& style);

}  // namespace ringside::tool
