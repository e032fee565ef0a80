// What changes: over the history beside the report, and the last minutes beside the last hour.
#include <fmt/format.h>

#include <cmath>

#include "report/analysis/over_time.h"
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

std::string point_cell(const TimePoint& point, double q) {
  return point.timed >= samples_needed(q) ? format_span(point.quantile_ns(q)) : "–";
}

// A line for each of a dozen steps of the history.
void write_history(const Section& section) {
  constexpr std::size_t kMostSteps = 12;
  const auto points = points_over_time(*section.history, "", "", kMostSteps);
  if (points.empty()) {
    section.page.sentence("The history beside this report is empty.");
    return;
  }
  section.page.sentence(
      fmt::format("All operations over the history, in steps of {}.",
                  format_span(static_cast<double>(points.front().seconds) * 1e9)));
  Table table({{"from", Align::left},
               {"calls"},
               {"rate"},
               {"failed %"},
               {"p50", Align::span},
               {"p95", Align::span},
               {"p99", Align::span},
               {"max", Align::span}});
  for (const TimePoint& point : points) {
    table.row({format_minute(point.begin_wall_s * 1'000'000'000),
               point.known() ? format_count(point.count) : "–",
               point.known() ? format_rate(point.rate()) : "–",
               percent_cell(point.errors, point.count), point_cell(point, 0.5),
               point_cell(point, 0.95), point_cell(point, 0.99),
               point.timed > 0 ? span_cell(point.max_ns) : "–"});
  }
  section.page.table(table);
}

// Over days: who took another level, when, and after what.
void write_level_changes(const Section& section) {
  const LevelChanges& changes = section.analysis.changes;
  if (changes.looked_at == 0) return;
  const char* slots = changes.slot_s == 3600 ? "hours" : "days";
  if (changes.found.empty()) {
    section.page.sentence(
        fmt::format("No operation took another level since {} (p50 and p95 over the {}; {} known "
                    "often enough).",
                    format_minute(changes.begin_wall_s * 1'000'000'000), slots,
                    count_of(changes.looked_at, "figure is", "figures are")));
    return;
  }
  section.page.subheading("Operations that took another level since " +
                          format_minute(changes.begin_wall_s * 1'000'000'000));
  RingTable table(section.snapshot, {{"from", Align::left},
                                     {"operation", Align::left},
                                     {"figure", Align::left},
                                     {"before", Align::span},
                                     {"after", Align::span},
                                     {"change"},
                                     {"it follows", Align::prose}});
  for (const LevelChange& one : changes.found) {
    const ChangePoint& change = one.change;
    table.row(one.ring,
              {format_minute(change.begin_wall_s * 1'000'000'000), escape_visible(one.operation),
               one.quantile < 0.9 ? "p50" : "p95", format_span_cell(change.before),
               format_span_cell(change.after),
               fmt::format("{}{}", change.effect_percent > 0 ? "+" : "−",
                           format_percent(std::abs(change.effect_percent) / 100)),
               change.follows ? fmt::format("{} at {}: {}", spoken(name_of(change.follows->kind)),
                                            format_minute(change.follows->wall_ns),
                                            escape_visible(change.follows->text))
                              : "nothing that is known"});
  }
  section.page.table(table.table());
}

std::string how_it_stands(const RegressionView& one) {
  if (one.ongoing) return "lasts";
  switch (one.ending) {
    case RegressionView::Ending::usual_now: return "is usual now";
    case RegressionView::Ending::not_seen: return "not seen any more";
    default: return "went away";
  }
}

// "2026-11-20T00:00Z to 2026-11-27T00:00Z"
std::string pinned_span(const RegressionWatchView& watch) {
  return format_minute(watch.pinned_begin_wall_ns) + " to " +
         format_minute(watch.pinned_end_wall_ns);
}

void write_found_regressions(const Section& section) {
  RingTable table(section.snapshot, {{"operation", Align::left},
                                     {"stage", Align::left},
                                     {"change", Align::left},
                                     {"it", Align::left},
                                     {"from what to what", Align::prose}});
  for (const RegressionView& one : section.snapshot.regressions) {
    table.row(one.ring, {one.operation.empty() ? "all together" : escape_visible(one.operation),
                         one.stage.empty() ? "–" : escape_visible(one.stage),
                         one.kind == RegressionView::Kind::slower
                             ? format_percent(one.effect_percent / 100) + " slower"
                             : "another mix",
                         how_it_stands(one), escape_visible(one.text)});
  }
  section.page.table(table.table());
  const RegressionWatchView& watch = section.snapshot.regression_watch;
  if (watch.pinned())
    section.page.sentence(fmt::format("Usual is the pinned baseline, {}.", pinned_span(watch)));
}

// The history holds what was told of them.
void write_told_regressions(const Section& section) {
  std::vector<Moment> moments;
  for (const AlertTransition& line : section.snapshot.transitions) {
    if (line.alert != AlertType::performance_regression) continue;
    moments.push_back({format_minute(line.wall_ns),
                       {name_of(line.state), escape_visible(line.operation)},
                       escape_visible(line.message)});
  }
  if (moments.empty()) {
    section.page.sentence(
        "No slower operation was told of in this time. --compare-to holds it against another one.");
    return;
  }
  section.page.timeline(moments);
}

}  // namespace

void write_regressions(const Section& section) {
  section.page.heading("REGRESSIONS");
  if (section.snapshot.is_past()) return write_told_regressions(section);
  if (!section.snapshot.regressions.empty()) return write_found_regressions(section);
  const RegressionWatchView& watch = section.snapshot.regression_watch;
  if (!watch.on) {
    section.page.sentence(
        "The daemon keeps no history (history.enabled), so nothing here is compared with an "
        "earlier "
        "day.");
  } else if (watch.reading) {
    section.page.sentence("The history of the days before is still being read.");
  } else if (watch.watched == 0) {
    section.page.sentence(
        "Nothing can be compared yet. That takes two days of history at the same hour, and eight "
        "hours held against them.");
  } else {
    section.page.sentence(fmt::format(
        "None. Figures compared with the same hour of {}: {} (p50, p95 and the stages of each "
        "operation).",
        watch.pinned() ? "the pinned baseline, " + pinned_span(watch) : "the days before",
        format_count(watch.watched)));
  }
  if (watch.too_many > 0) {
    section.page.sentence(
        fmt::format("Minutes of operations that are not watched: {}; there are "
                    "too many operations.",
                    format_count(watch.too_many)));
  }
}

void write_trends(const Section& section) {
  section.page.heading("TRENDS");
  if (section.history != nullptr) {
    write_history(section);
    write_level_changes(section);
    if (section.snapshot.is_past()) return;
    section.page.subheading("The last minutes beside the last hour, which contains them");
  } else {
    section.page.sentence(
        "There is no history beside this report, so there is no trend over hours or days. What "
        "there is: the last minute and the last 5 min beside the last hour, which contains them.");
  }
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
