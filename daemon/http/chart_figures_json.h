// Figures over time as JSON.
#pragma once

#include "daemon/http/chart_figures.h"
#include "daemon/http/envelope.h"

namespace ringside::http {

// begin_at, end_at and step_seconds.
Json json_steps(const Steps& steps);
Json json_figure(const ChartSeries& series);

}  // namespace ringside::http
