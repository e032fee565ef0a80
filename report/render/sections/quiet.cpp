// The report of a quiet night: half a page. What it leaves out is in the HTML and JSON reports.
#include <fmt/format.h>

#include <algorithm>

#include "report/render/sections/sections.h"

namespace ringside::detail {
namespace {

constexpr std::size_t kBusiest = 5;

void write_busiest(const Section& section) {
  section.page.heading("OPERATIONS");
  if (section.analysis.operations.empty()) {
    section.page.sentence("No timed operation has been seen.");
    return;
  }
  RingTable table(section.snapshot, {{"operation", Align::left},
                                     {"count"},
                                     {"rate"},
                                     {"error %"},
                                     {"p50", Align::span},
                                     {"p95", Align::span},
                                     {"p99", Align::span},
                                     {"max", Align::span}});
  const auto add = [&](const std::string& name, const SeriesView& series) {
    const WindowStats& stats = series.window(section.analysis.window);
    table.row(series.ring, {name, format_count(stats.count()), format_rate(stats.rate()),
                            percent_cell(stats.errors, stats.count()), quantile_cell(stats, 0.5),
                            quantile_cell(stats, 0.95), quantile_cell(stats, 0.99),
                            stats.timed > 0 ? span_cell(stats.max_ns) : "–"});
  };
  const auto& operations = section.analysis.operations;
  for (std::size_t i = 0; i < std::min(operations.size(), kBusiest); ++i) {
    const TimeShare& time = operations[i];
    if (const SeriesView* series =
            find_series(section.snapshot.operations, time.ring, time.operation))
      add(escape_visible(series->name), *series);
  }
  table.rule();
  add("all", section.snapshot.all);
  section.page.table(table.table());
  if (operations.size() > kBusiest) {
    section.page.sentence(
        fmt::format("In {}. Not shown: {} that took less time.", section.window(),
                    count_of(operations.size() - kBusiest, "operation", "operations")));
  }
}

void write_errors_line(const Section& section) {
  const WindowStats& all = section.snapshot.all.window(section.analysis.window);
  std::string text =
      fmt::format("{} failed, {} refused", format_count(all.errors), format_count(all.refused));
  if (!section.analysis.error_kinds.empty()) {
    const ErrorKind& kind = section.analysis.error_kinds.front();
    text += fmt::format("; first of {}: {}",
                        count_of(section.analysis.error_kinds.size(), "kind", "kinds"),
                        error_label(kind.code, kind.name));
  }
  section.page.field("errors", text);
}

void write_security_line(const Section& section) {
  std::string text;
  for (const EventFinding& event : section.analysis.security.events) {
    if (event.name == names::kRateLimit || event.name == names::kAuditWrite || event.count == 0)
      continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", escape_visible(event.name),
                        format_count(event.count));
  }
  section.page.field("security", text.empty() ? "no event" : text);
}

void write_time_line(const Section& section) {
  const TimeShare& all = section.analysis.all;
  if (section.analysis.operations.empty()) return;
  std::string text;
  if (!all.stages.empty()) {
    text = fmt::format("stage {} takes {} of the time; ", escape_visible(all.stages.front().name),
                       format_percent(all.stages.front().share));
  }
  const TimeShare& first = section.analysis.operations.front();
  text += fmt::format("{} takes {} of it", label_of(section.snapshot, first.operation, first.ring),
                      format_percent(first.share_of_all));
  section.page.field("time", text);
}

void write_server_line(const Section& section) {
  for (const ProcessView& process : section.snapshot.processes) {
    section.page.field(
        "server",
        fmt::format("{} · pid {} · up {} · {} resident", escape_visible(process.ring), process.pid,
                    known(process.uptime_seconds, [](double s) { return format_span(s * 1e9); }),
                    known(process.resident_bytes, format_bytes)));
  }
}

// What the data quality would say of a ring, beyond its books.
bool has_findings(const RingView& ring) {
  const bool misused = std::any_of(ring.misused.begin(), ring.misused.end(),
                                   [](std::uint64_t count) { return count > 0; });
  return misused || !ring.problem.empty() || ring.names_merged > 0 || ring.names_refused > 0 ||
         ring.untraced_threads > 0 || ring.untraced_records > 0 || ring.processes.refused > 0;
}

bool any_negative_span(const Snapshot& snapshot) {
  const auto negative = [](const SeriesView& series) {
    return series.window(Window::since_start).negative > 0;
  };
  return std::any_of(snapshot.operations.begin(), snapshot.operations.end(), negative) ||
         std::any_of(snapshot.events.begin(), snapshot.events.end(), negative);
}

// Whether the data are as they should be: nothing is missing, wrong or to be mended in the server.
bool data_are_good(const Snapshot& snapshot) {
  const Books& books = snapshot.books;
  return books.lost + books.torn + books.rejected == 0 && !any_negative_span(snapshot) &&
         std::none_of(snapshot.rings.begin(), snapshot.rings.end(), has_findings);
}

void write_suggestions_line(const Section& section) {
  const auto& suggestions = section.analysis.suggestions;
  std::string text = suggestions.empty() ? "none" : format_count(suggestions.size());
  const auto followed = std::count_if(
      section.analysis.kept_advice.begin(), section.analysis.kept_advice.end(),
      [](const KeptAdvice& kept) { return kept.state == KeptAdvice::State::followed; });
  if (followed > 0)
    text += fmt::format("; {} of earlier followed", static_cast<std::size_t>(followed));
  section.page.field("suggestions", text);
}

bool blocked_lately(const Snapshot& snapshot) {
  constexpr std::int64_t kHourNs = 3'600'000'000'000;
  return std::any_of(snapshot.blocks.begin(), snapshot.blocks.end(), [&](const BlockView& block) {
    return block.blocked_wall_ns > snapshot.wall_ns - kHourNs;
  });
}

// Of the past: no server crashed, nothing was lost or not seen.
// A change is known ten slots after it: so one that the report before could not know counts, too.
bool took_another_level(const Section& section) {
  const LevelChanges& changes = section.analysis.changes;
  if (section.history == nullptr) return false;
  return std::any_of(changes.found.begin(), changes.found.end(), [&](const LevelChange& one) {
    return one.change.begin_wall_s >= section.history->begin_wall_s - 10 * changes.slot_s;
  });
}

bool became_slower(const Snapshot& snapshot) {
  return std::any_of(
      snapshot.regressions.begin(), snapshot.regressions.end(),
      [](const RegressionView& one) { return one.kind == RegressionView::Kind::slower; });
}

bool past_is_whole(const Section& section) {
  if (!section.snapshot.is_past() || section.history == nullptr) return true;
  const auto& marks = section.history->marks;
  return std::none_of(section.snapshot.rings.begin(), section.snapshot.rings.end(),
                      [](const RingView& ring) { return ring.crashes_seen > 0; }) &&
         std::none_of(marks.begin(), marks.end(), [](const HistoryMark& mark) {
           return mark.kind == HistoryMark::Kind::gap || mark.kind == HistoryMark::Kind::loss;
         });
}

}  // namespace

bool is_quiet(const Section& section) {
  const Snapshot& snapshot = section.snapshot;
  return section.analysis.verdict == Verdict::healthy && section.analysis.stories.empty() &&
         snapshot.alerts.empty() && !became_slower(snapshot) && data_are_good(snapshot) &&
         !blocked_lately(snapshot) && past_is_whole(section) && !took_another_level(section);
}

void write_quiet(const Section& section) {
  write_busiest(section);
  section.page.heading("EVERYTHING ELSE");
  write_errors_line(section);
  write_security_line(section);
  write_time_line(section);
  write_server_line(section);
  const Books& books = section.snapshot.books;
  section.page.field("books",
                     fmt::format("written {} = read {} + lost {}", format_count(books.written),
                                 format_count(books.read), format_count(books.lost)));
  write_suggestions_line(section);
  section.page.field("more", "the HTML report shows everything, the JSON report holds it");
}

}  // namespace ringside::detail
