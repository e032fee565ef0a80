// The charts of the HTML report. Each is a figure with a data table behind it, or a note that says
// why there is none.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "report/analysis/analysis.h"

namespace ringside::html {

// What page.js draws with Chart.js: at most kMostCharts entries of {id, kind, begin, step, series}.
// Values are null where nothing is known.
using ChartData = nlohmann::ordered_json;
inline constexpr std::size_t kMostCharts = 12;
inline constexpr std::size_t kMostPoints = 480;  // 8 h of minutes

std::string over_time(const Report& report, ChartData& data);
std::string heat_map(const Report& report);
std::string distributions(const Report& report);
std::string stages(const Report& report);
std::string security(const Report& report, ChartData& data);

// Incidents, starts, deploys and what else was done, for every chart over time.
ChartData bands_and_marks(const Report& report);

}  // namespace ringside::html
