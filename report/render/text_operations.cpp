// The text report's sections on what happened: operations, errors, alerts, trends.
#include <fmt/format.h>

#include <algorithm>

#include "report/render/text_page.h"

namespace ringside::detail {
namespace {

std::string error_label(std::uint16_t code, const std::string& name) {
  return name.empty() ? fmt::format("code {}", code) : fmt::format("{} {}", code, escape_visible(name));
}

std::string percent_cell(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? "–" : format_percent(static_cast<double>(part) / static_cast<double>(whole));
}

void add_operation(Table& table, const std::string& name, const WindowStats& stats) {
  table.row({name, format_count(stats.count()), format_rate(stats.rate()), format_count(stats.errors),
             percent_cell(stats.errors, stats.count()), quantile_cell(stats, 0.5), quantile_cell(stats, 0.9),
             quantile_cell(stats, 0.99), stats.timed > 0 ? format_span_cell(static_cast<double>(stats.max_ns)) : "–   "});
}

// Exact nearest rank over the records kept: the ceil(q n)-th of them.
std::string exact_cell(const std::vector<std::int64_t>& sorted_ns, std::uint64_t percent) {
  if (sorted_ns.empty() || (percent > 50 && sorted_ns.size() < 10)) return "–   ";
  const std::size_t rank = (percent * sorted_ns.size() + 99) / 100;
  return format_span_cell(static_cast<double>(sorted_ns[std::max<std::size_t>(rank, 1) - 1]));
}

void write_last_table(Page& page, const std::vector<const SeriesView*>& seen) {
  Table table({{"operation", Align::left}, {"last"}, {"failed"}, {"p50"}, {"p90"}, {"max"}, {"server says"}, {"errors"},
               {"read"}, {"lost"}});
  for (const SeriesView* series : seen) {
    std::vector<std::int64_t> spans;
    std::uint64_t failed = 0;
    for (const RecordView& record : series->last) {
      if (!record.untimed) spans.push_back(record.duration_ns);
      failed += is_failure(record.outcome) ? 1 : 0;
    }
    std::sort(spans.begin(), spans.end());
    table.row({escape_visible(series->name), format_count(series->last.size()), format_count(failed), exact_cell(spans, 50),
               exact_cell(spans, 90), exact_cell(spans, 100), format_count(series->server_count),
               format_count(series->server_errors), format_count(series->books.read), format_count(series->books.lost)});
  }
  page.put(table);
}

void write_events(Page& page) {
  Table table({{"event", Align::left}, {"count"}, {"rate"}, {"p50"}, {"max"}, {"since start"}, {"read"}, {"lost"}});
  for (const SeriesView& series : page.snapshot.events) {
    const WindowStats& stats = series.window(page.analysis.window);
    if (series.window(Window::since_start).count() == 0 && series.server_count == 0) continue;
    table.row({escape_visible(series.name), format_count(stats.count()), format_rate(stats.rate()), stats.max_ns > 0 ? quantile_cell(stats, 0.5) : "–   ",
               stats.max_ns > 0 ? format_span_cell(static_cast<double>(stats.max_ns)) : "–   ",
               format_count(series.server_count), format_count(series.books.read), format_count(series.books.lost)});
  }
  if (table.empty()) return;
  page.subheading("Events, " + page.window());
  page.put(table);
}

void write_slowest(Page& page) {
  if (page.snapshot.slowest.empty()) return;
  page.subheading("Slowest single operations of the last hour");
  Table table({{"operation", Align::left}, {"took"}, {"began", Align::left}, {"outcome", Align::left}, {"who", Align::left},
               {"on what", Align::left}});
  for (const RecordView& record : page.snapshot.slowest) {
    if (&record - page.snapshot.slowest.data() >= static_cast<std::ptrdiff_t>(page.options.top)) break;
    table.row({escape_visible(record.operation), format_span_cell(static_cast<double>(record.duration_ns)),
               format_wall(record.start_wall_ns),
               record.error != 0 ? error_label(record.error, record.error_name) : name_of(record.outcome),
               format_party(record.actor), format_party(record.subject)});
  }
  page.put(table);
}

std::string alert_subject(const AlertTransition& transition, bool with_ring) {
  std::string text = transition.operation.empty() ? "server" : escape_visible(transition.operation);
  if (with_ring && !transition.ring.empty()) text += " (" + escape_visible(transition.ring) + ")";
  return text;
}

std::string trend_mark(const WindowStats& now, const WindowStats& past, double q) {
  const auto recent = quantile_ns(now, q), before = quantile_ns(past, q);
  if (!recent || !before || *before <= 0) return "";
  return *recent >= 1.5 * *before ? "slower" : *recent * 1.5 <= *before ? "faster" : "steady";
}

void add_trend(Table& table, const std::string& name, const SeriesView& series) {
  std::vector<std::string> cells{name};
  const auto windows = {Window::minute, Window::five_minutes, Window::hour};
  for (const Window w : windows) cells.push_back(format_number(series.window(w).rate()));
  for (const Window w : windows) {
    const WindowStats& stats = series.window(w);
    cells.push_back(stats.count() >= kMinClaim ? format_percent(stats.error_rate()) : "–");
  }
  for (const Window w : windows) cells.push_back(quantile_cell(series.window(w), 0.9));
  cells.push_back(trend_mark(series.window(Window::minute), series.window(Window::hour), 0.9));
  table.row(std::move(cells));
}

}  // namespace

void write_top(Page& page, const char* title, const std::vector<TopEntry>& entries) {
  if (entries.empty()) return;
  page.subheading(title);
  Table table({{"who or what", Align::left}, {"operations"}, {"errors"}, {"time"}, {"time between"}});
  for (std::size_t i = 0; i < std::min(entries.size(), page.options.top); ++i) {
    const TopEntry& entry = entries[i];
    const auto span = [](std::uint64_t ns) { return format_span_cell(static_cast<double>(ns)); };
    const std::string between =
        entry.estimated ? span(entry.time_in_ns.low) + " and " + span(entry.time_in_ns.high) : "exact";
    table.row({format_party(entry.party), format_count(entry.count), format_count(entry.errors),
               span(entry.time_ns), between});
  }
  page.put(table);
}

void write_operations(Page& page) {
  page.heading("OPERATIONS");
  std::vector<const SeriesView*> seen;
  std::string unseen;
  for (const SeriesView& series : page.snapshot.operations) {
    if (series.window(Window::since_start).count() > 0 || series.server_count > 0) {
      seen.push_back(&series);
    } else {
      unseen += (unseen.empty() ? "" : ", ") + escape_visible(series.name);
    }
  }
  if (seen.empty()) {
    page.say("No operation has been seen.");
    write_events(page);
    return;
  }
  page.say("In " + page.window() + ". A quantile is shown where at least five values lie beyond it, and is within 1.1 %.");
  page.blank();
  Table table({{"operation", Align::left}, {"count"}, {"rate"}, {"errors"}, {"error %"}, {"p50"}, {"p90"}, {"p99"}, {"max"}});
  for (const SeriesView* series : seen) add_operation(table, escape_visible(series->name), series->window(page.analysis.window));
  table.rule();
  if (page.snapshot.categories.size() > 1) {
    for (const SeriesView& series : page.snapshot.categories) {
      if (series.window(page.analysis.window).count() == 0) continue;
      add_operation(table, escape_visible(series.name), series.window(page.analysis.window));
    }
  }
  add_operation(table, "all", page.snapshot.all.window(page.analysis.window));
  page.put(table);

  std::size_t kept = 0;
  for (const SeriesView* series : seen) kept = std::max(kept, series->last.size());
  page.subheading(fmt::format("The last {} of each, exact · the books since start: server says = read + lost + sampled out", kept));
  write_last_table(page, seen);
  if (!unseen.empty()) {
    page.blank();
    page.say("Registered, not seen so far: " + unseen + ".");
  }
  write_slowest(page);
  write_events(page);
}

void write_errors(Page& page) {
  page.heading("ERRORS AND WHAT TO DO ABOUT THEM");
  const auto& errors = page.analysis.errors;
  if (errors.empty()) {
    page.say("None has been seen.");
    return;
  }
  page.say("Failures (error, timeout) are the server's; refusals (rejected, denied, limited) are earned by the caller.");
  page.blank();
  Table kinds({{"error", Align::left}, {"outcome", Align::left}, {"1 min"}, {"5 min"}, {"1 h"}, {"since start"},
               {"last", Align::left}, {"most of them on", Align::left}});
  const std::size_t shown = std::min(page.analysis.error_kinds.size(), page.options.errors);
  for (std::size_t i = 0; i < shown; ++i) {
    const ErrorKind& kind = page.analysis.error_kinds[i];
    kinds.row({error_label(kind.code, kind.name), name_of(kind.outcome), format_count(kind.count[1]),
               format_count(kind.count[2]), format_count(kind.count[3]), format_count(kind.count[0]),
               format_time_of_day(kind.last_wall_ns).substr(0, 8), escape_visible(kind.top_operation)});
  }
  page.put(kinds);
  if (shown < page.analysis.error_kinds.size()) {
    page.say(fmt::format("… and {} more, in the JSON report.", page.analysis.error_kinds.size() - shown));
  }
  page.blank();
  // One piece of advice for all that it holds for.
  std::vector<std::pair<std::string, std::string>> advice;
  for (std::size_t i = 0; i < shown; ++i) {
    const ErrorKind& kind = page.analysis.error_kinds[i];
    const std::string who = error_label(kind.code, kind.name) + (kind.rising ? " (rising)" : "");
    auto at = std::find_if(advice.begin(), advice.end(), [&](const auto& one) { return one.second == kind.advice; });
    if (at == advice.end()) {
      advice.emplace_back(who, kind.advice);
    } else {
      at->first += ", " + who;
    }
  }
  for (const auto& [who, what] : advice) page.bullet(who + ": " + what);

  Table table({{"operation", Align::left}, {"error", Align::left}, {"count"}, {"of its calls"}, {"last", Align::left},
               {"by", Align::left}});
  for (std::size_t i = 0; i < std::min(errors.size(), page.options.errors); ++i) {
    const ErrorFinding& finding = errors[i];
    table.row({escape_visible(finding.error.operation), error_label(finding.error.code, finding.error.name),
               format_count(finding.count), finding.operations >= kMinClaim ? format_percent(finding.share) : "–",
               format_wall(finding.error.last_wall_ns), format_party(finding.error.last_actor)});
  }
  page.subheading("By operation, " + page.window());
  page.put(table);
  if (errors.size() > page.options.errors) {
    page.say(fmt::format("… and {} more, in the JSON report.", errors.size() - page.options.errors));
  }
  write_top(page, "Actors with the most errors", page.snapshot.actors_by_errors);
  write_top(page, "Subjects with the most errors", page.snapshot.subjects_by_errors);
}

void write_alerts(Page& page) {
  page.heading("ALERT TIMELINE");
  const Snapshot& snapshot = page.snapshot;
  if (snapshot.alerts.empty() && snapshot.transitions.empty()) {
    page.say("No alert has been raised.");
    return;
  }
  const bool with_ring = snapshot.rings.size() > 1;
  if (snapshot.alerts.empty()) {
    page.say("None is active now.");
  } else {
    Table active({{"active", Align::left}, {"level", Align::left}, {"state", Align::left}, {"about", Align::left},
                  {"value"}, {"threshold"}, {"for"}, {"episode", Align::left}});
    for (const AlertView& alert : snapshot.alerts) {
      active.row({name_of(alert.last.alert), name_of(alert.last.level), name_of(alert.last.state),
                  alert_subject(alert.last, with_ring), format_value(alert.last.value, alert.last.unit),
                  format_value(alert.last.threshold, alert.last.unit),
                  // Garbage must not overflow.
                  format_span(static_cast<double>(snapshot.wall_ns) - static_cast<double>(alert.since_wall_ns)),
                  escape_visible(alert.last.id)});
    }
    page.put(active);
  }
  const std::size_t count = snapshot.transitions.size();
  const std::size_t first = count > page.options.transitions ? count - page.options.transitions : 0;
  if (first > 0 || snapshot.transitions_forgotten > 0) {
    page.blank();
    page.say(fmt::format("{} earlier transitions are not shown; the alert log has them.",
                         format_count(snapshot.transitions_forgotten + first)));
  }
  std::string day;
  for (std::size_t i = first; i < count; ++i) {
    const AlertTransition& transition = snapshot.transitions[i];
    const std::string wall = format_wall(transition.wall_ns);
    if (wall.substr(0, 10) != day) {
      day = wall.substr(0, 10);
      page.subheading(day);
    }
    page.out += clip(fmt::format("  {}  {}  {}  {}  {}", format_time_of_day(transition.wall_ns),
                                 pad(name_of(transition.level), 9), pad(name_of(transition.state), 10),
                                 pad(name_of(transition.alert), 16), alert_subject(transition, with_ring)),
                     page.options.width) + '\n';
    if (!transition.message.empty()) {
      page.out += wrap(escape_visible(transition.message), std::string(16, ' '), page.options.width);
    }
  }
}

void write_trends(Page& page) {
  page.heading("TRENDS");
  page.say("No history is kept yet, so there is no trend over hours or days. What there is: the last minute and the last 5 min "
           "beside the last hour, which contains them.");
  const Snapshot& snapshot = page.snapshot;
  if (snapshot.all.window(Window::hour).count() == 0) {
    page.say("In the last hour nothing happened.");
    return;
  }
  page.blank();
  Table table({{"", Align::left}, {"rate/s 1m"}, {"5m"}, {"1h"}, {"err 1m"}, {"5m"}, {"1h"}, {"p90 1m"}, {"5m"}, {"1h"},
               {"", Align::left}});
  add_trend(table, "all", snapshot.all);
  std::size_t shown = 0;
  for (const TimeShare& time : page.analysis.operations) {
    if (shown++ == 2 * page.options.top) break;
    if (const SeriesView* series = find_series(snapshot.operations, time.operation)) {
      add_trend(table, escape_visible(series->name), *series);
    }
  }
  page.put(table);
  page.say("The operations that take the most time, most first. slower, faster: the p90 of the last minute is 1.5 times that "
           "of the hour, or less than two thirds of it.");
}

}  // namespace ringside::detail
