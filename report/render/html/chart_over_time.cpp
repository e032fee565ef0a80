#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "report/analysis/over_time.h"
#include "report/model/format.h"
#include "report/render/html/charts.h"
#include "report/render/html/html_text.h"
#include "report/render/html/svg.h"

namespace ringside::html {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

const char* what_of(HistoryMark::Kind kind) {
  switch (kind) {
    case HistoryMark::Kind::server_start: return "server started";
    case HistoryMark::Kind::server_end: return "server ended";
    case HistoryMark::Kind::deploy: return "deploy";
    case HistoryMark::Kind::daemon_start: return "daemon started";
    case HistoryMark::Kind::reload: return "configuration reloaded";
    case HistoryMark::Kind::sampling: return "sampling changed";
    case HistoryMark::Kind::loss: return "records lost";
    case HistoryMark::Kind::gap: return "nothing was recorded";
  }
  return "";
}

std::string time_of(std::int64_t wall_s) {
  return format_wall(wall_s * kSecond).substr(0, 16) + "Z";
}

// Only where the sample is large enough, as everywhere.
bool shows(const TimePoint& point, double q) { return point.timed >= samples_needed(q); }

std::string quantile_text(const TimePoint& point, double q) {
  return shows(point, q) ? format_span(point.quantile_ns(q)) : "–";
}

std::string table_of(const std::vector<TimePoint>& points) {
  DataTable table("Figures of these charts", {"from", "calls", "calls/s", "failed", "failed %",
                                              "refused", "p50", "p95", "p99", "max"});
  for (const TimePoint& point : points) {
    if (!point.known()) {
      table.row({time_of(point.begin_wall_s), "–", "–", "–", "–", "–", "–", "–", "–", "–"});
      continue;
    }
    table.row({time_of(point.begin_wall_s), format_count(point.count), format_number(point.rate()),
               format_count(point.errors),
               point.count > 0 ? format_percent(point.error_rate()) : "–",
               format_count(point.refused), quantile_text(point, 0.5), quantile_text(point, 0.95),
               quantile_text(point, 0.99),
               point.timed > 0 ? format_span(static_cast<double>(point.max_ns)) : "–"});
  }
  return table.take();
}

template <class Value>
ChartData series_of(const char* name, const char* colour, const std::vector<TimePoint>& points,
                    Value value) {
  ChartData values = ChartData::array();
  for (const TimePoint& point : points) {
    const std::optional<double> known = point.known() ? value(point) : std::nullopt;
    // Four digits are more than a screen shows.
    if (known)
      values.push_back(std::stod(fmt::format("{:.4g}", *known)));
    else
      values.push_back(nullptr);
  }
  return {{"name", name}, {"colour", colour}, {"values", std::move(values)}};
}

ChartData quantiles_of(const char* name, const char* colour, const std::vector<TimePoint>& points,
                       double q) {
  return series_of(name, colour, points, [q](const TimePoint& point) -> std::optional<double> {
    return shows(point, q) ? std::optional(point.quantile_ns(q) / 1e6) : std::nullopt;
  });
}

// The page stays small however much happened: so many marks, and bands of incidents.
constexpr std::size_t kMostMarks = 300;

// What explains most comes first; a ring that loses records has a mark of it each minute.
int rank_of(HistoryMark::Kind kind) {
  switch (kind) {
    case HistoryMark::Kind::deploy: return 0;
    case HistoryMark::Kind::gap: return 1;
    case HistoryMark::Kind::reload: return 2;
    case HistoryMark::Kind::server_start:
    case HistoryMark::Kind::server_end: return 3;
    case HistoryMark::Kind::daemon_start: return 4;
    case HistoryMark::Kind::sampling: return 5;
    case HistoryMark::Kind::loss: return 6;
  }
  return 7;
}

std::vector<HistoryMark> shown_marks(const HistorySpan& history) {
  std::vector<HistoryMark> marks = history.marks;
  if (marks.size() <= kMostMarks) return marks;
  std::stable_sort(marks.begin(), marks.end(), [](const HistoryMark& a, const HistoryMark& b) {
    return rank_of(a.kind) < rank_of(b.kind);
  });
  marks.resize(kMostMarks);
  std::stable_sort(marks.begin(), marks.end(), [](const HistoryMark& a, const HistoryMark& b) {
    return a.wall_ns < b.wall_ns;
  });
  return marks;
}

std::string marks_table(const HistorySpan& history) {
  if (history.marks.empty()) return "";
  DataTable table("Marks in these charts", {"at", "what", "ring", "which"}, 4);
  const std::vector<HistoryMark> marks = shown_marks(history);
  for (const HistoryMark& mark : marks) {
    table.row({format_wall(mark.wall_ns), what_of(mark.kind), escape_visible(mark.ring),
               escape_visible(mark.text)});
  }
  if (marks.size() < history.marks.size()) {
    table.row({"…", fmt::format("{} more", format_count(history.marks.size() - marks.size())), "",
               "in the JSON report"});
  }
  return table.take();
}

}  // namespace

ChartData bands_and_marks(const Report& report) {
  ChartData bands = ChartData::array();
  for (const Story& story : report.analysis.stories) {  // the gravest first
    if (bands.size() == kMostMarks) break;
    const std::int64_t until =
        story.until_wall_ns == 0 ? report.snapshot.wall_ns : story.until_wall_ns;
    bands.push_back(
        {{"from", story.from_wall_ns / kSecond}, {"until", until / kSecond}, {"text", story.what}});
  }
  ChartData marks = ChartData::array();
  for (const HistoryMark& mark : shown_marks(*report.history)) {
    const bool deploy = mark.kind == HistoryMark::Kind::deploy;
    marks.push_back({{"at", mark.wall_ns / kSecond},
                     {"deploy", deploy},
                     {"text", what_of(mark.kind) +
                                  (mark.text.empty() ? "" : ": " + escape_visible(mark.text))}});
  }
  return {{"bands", std::move(bands)}, {"marks", std::move(marks)}};
}

std::string over_time(const Report& report, ChartData& data) {
  if (report.history == nullptr) {
    return note("There is no history beside this report, so nothing is shown over time.");
  }
  const auto points = points_over_time(*report.history, "", "", kMostPoints);
  if (points.empty()) return note("The history of this report is empty.");
  const auto chart = [&](const char* id, const char* kind, ChartData series) {
    data.push_back({{"id", id},
                    {"kind", kind},
                    {"begin", points.front().begin_wall_s},
                    {"step", points.front().seconds},
                    {"series", std::move(series)}});
  };
  chart("rate", "rate",
        {series_of("calls a second", "--c1", points,
                   [](const TimePoint& point) { return std::optional(point.rate()); }),
         series_of("failed a second", "--bad", points, [](const TimePoint& point) {
           return std::optional(static_cast<double>(point.errors) / point.observed_seconds);
         })});
  chart("latency", "latency",
        {quantiles_of("p50", "--c1", points, 0.5), quantiles_of("p95", "--c2", points, 0.95),
         quantiles_of("p99", "--c3", points, 0.99)});
  return figure("Over time.",
                "All operations, in steps of " + step_text(points.front().seconds) +
                    ". Red bands are incidents, dashed lines starts, deploys and what else was "
                    "done. Times are UTC.",
                "<div class=chart><canvas id=rate role=img aria-label=\"calls and failed calls a "
                "second over time\"></canvas></div>\n<div class=chart><canvas id=latency role=img "
                "aria-label=\"p50, p95 and p99 over time\"></canvas></div>",
                table_of(points) + marks_table(*report.history));
}

}  // namespace ringside::html
