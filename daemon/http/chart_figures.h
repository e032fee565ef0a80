// Figures over time, for charts: a history cut into equal steps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/model/history.h"

namespace ringside::http {

// What can be drawn, and where it comes from.
struct ChartFigure {
  enum class Of : std::uint8_t { calls, stage, gauge, gauge_max };
  Of of = Of::calls;
  std::string asked;  // "p95_ns", "stage:database", "gauge:connections"
  std::string name;   // what comes after the colon; of calls the same as `asked`

  bool of_calls() const { return of == Of::calls || of == Of::stage; }
};
// Nothing: there is no such figure of calls, and it is no stage or gauge.
std::optional<ChartFigure> parse_chart_figure(const std::string& text);
// The names of all figures of calls.
const std::vector<std::string>& call_figures();

// Step i begins at begin_wall_s + i * seconds.
struct Steps {
  std::int64_t begin_wall_s = 0;
  std::int64_t seconds = 60;
  std::size_t count = 0;

  std::int64_t end_wall_s() const {
    return begin_wall_s + static_cast<std::int64_t>(count) * seconds;
  }
};
// Steps of at least `least_seconds` that cover the span: whole minutes, or whole hours where the
// history has only hours. They begin at multiples of their length. There are at most `most` of
// them; if that is 1, at most 2.
Steps steps_of(const HistorySpan& span, std::int64_t least_seconds, std::size_t most);

struct ChartSeries {
  std::string figure;                         // as it was asked for
  std::string operation;                      // empty: all together, or a gauge
  std::string ring;                           // empty: all, or the host
  std::vector<std::optional<double>> values;  // one for each step; nothing: not known
};

// Whose calls.
struct Calls {
  std::string operation;  // or event; empty: of all operations, without the times of those that
                          // wait for their client
  std::string ring;       // empty: all
  bool each = false;      // each operation of each ring by itself; `operation` is not read
};
// The figures in their order, and for each the series that it has: none where the span has no such
// operation, stage or gauge.
std::vector<ChartSeries> figures_over_time(const HistorySpan& span, const Steps& steps,
                                           const std::vector<ChartFigure>& figures,
                                           const Calls& calls);

}  // namespace ringside::http
