// What changes: the last minutes compared with the last hour. No older history is kept yet.
#include <fmt/format.h>

#include "report/render/sections/sections.h"

namespace ringside::detail {
namespace {

constexpr Window kTrendWindows[] = {Window::minute, Window::five_minutes, Window::hour};

std::string change_cell(const SeriesView& series) {
  const auto recent = quantile_ns(series.window(Window::minute), 0.9);
  const auto before = quantile_ns(series.window(Window::hour), 0.9);
  if (!recent || !before || *before <= 0) return "–";
  return *recent >= 1.5 * *before ? "slower" : *recent * 1.5 <= *before ? "faster" : "steady";
}

void add_trend(RingTable& table, const std::string& name, const SeriesView& series) {
  std::vector<std::string> cells{name};
  for (const Window w : kTrendWindows) cells.push_back(format_number(series.window(w).rate()));
  for (const Window w : kTrendWindows) {
    const WindowStats& stats = series.window(w);
    cells.push_back(stats.count() >= kMinClaim ? format_percent(stats.error_rate()) : "–");
  }
  for (const Window w : kTrendWindows) cells.push_back(quantile_cell(series.window(w), 0.9));
  cells.push_back(change_cell(series));
  table.row(series.ring, std::move(cells));
}

}  // namespace

void write_regressions(const Section& section) {
  section.page.heading("REGRESSIONS");
  section.page.sentence(
      "No baseline is kept yet, so nothing here is compared with an earlier day. That takes stored "
      "history of the same "
      "operation at the same hour.");
}

void write_trends(const Section& section) {
  section.page.heading("TRENDS");
  section.page.sentence(
      "No history is kept yet, so there is no trend over hours or days. What there is: the last "
      "minute and the last 5 min "
      "beside the last hour, which contains them.");
  const Snapshot& snapshot = section.snapshot;
  if (snapshot.all.window(Window::hour).count() == 0) {
    section.page.sentence("In the last hour nothing happened.");
    return;
  }
  RingTable table(snapshot, {{"", Align::left},
                             {"rate/s 1m"},
                             {"5m"},
                             {"1h"},
                             {"err 1m"},
                             {"5m"},
                             {"1h"},
                             {"p90 1m", Align::span},
                             {"5m", Align::span},
                             {"1h", Align::span},
                             {"", Align::left}});
  add_trend(table, "all", snapshot.all);
  std::size_t shown = 0;
  for (const TimeShare& time : section.analysis.operations) {
    if (shown++ == 2 * section.limits.top) break;
    if (const SeriesView* series = find_series(snapshot.operations, time.ring, time.operation)) {
      add_trend(table, escape_visible(series->name), *series);
    }
  }
  section.page.table(table.table());
  section.page.sentence(
      "The operations that take the most time, most first. slower, faster: the p90 of the last "
      "minute is 1.5 times that of "
      "the hour, or less than two thirds of it. The windows move in steps of 5 s: the last minute "
      "is the last 55 to 60 s.");
}

}  // namespace ringside::detail
