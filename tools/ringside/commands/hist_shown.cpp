#include "tools/ringside/commands/hist_shown.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tools/ringside/lines/terminal.h"

namespace ringside::tool {

namespace {

nlohmann::ordered_json json_of(const HistShown& shown) {
  auto out = nlohmann::ordered_json::array();
  for (const LatencyGroup& group : shown.groups) {
    const Latencies& latencies = group.latencies;
    nlohmann::ordered_json one = {{"name", group.name},
                                  {"count", latencies.count()},
                                  {"untimed", group.untimed},
                                  {"min_ns", latencies.min_ns()},
                                  {"max_ns", latencies.max_ns()}};
    for (const NamedQuantile& quantile : kQuantiles)
      one["quantiles_ns"][quantile.name] = latencies.quantile_ns(quantile.q);
    one["buckets"] = nlohmann::ordered_json::array();
    for (const Histogram::Bucket& bucket : latencies.histogram().buckets) {
      one["buckets"].push_back({{"lower_ns", upper_ns(bucket.index - 1)},
                                {"upper_ns", upper_ns(bucket.index)},
                                {"count", bucket.count}});
    }
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace

std::string hist_text(const HistOptions& options, const HistShown& shown, const HistShown* other) {
  const Terminal terminal = standard_output();
  // The last line stays free for the cursor.
  ChartStyle style{terminal.columns, std::max<std::size_t>(terminal.rows, 8) - 1, terminal.colour};
  if (options.json) {
    nlohmann::ordered_json out = {{"groups", json_of(shown)}};
    if (other != nullptr) out["compared_with"] = json_of(*other);
    return out.dump(2, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
  }
  if (options.heatmap) {
    style.colour = terminal.many_colours;
    if (shown.steps > 0) style.columns = std::min(style.columns, shown.steps + kHeatLabel);
    return heatmap(shown.points, style);
  }
  if (other != nullptr) return compared_charts(shown.whole, other->whole, style);
  if (options.by != HistBy::nothing) return group_table(shown.groups, style);
  return histogram_chart(shown.whole, style);
}

}  // namespace ringside::tool
