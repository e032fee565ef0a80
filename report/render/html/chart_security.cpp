#include "report/analysis/over_time.h"
#include "report/model/format.h"
#include "report/model/names.h"
#include "report/render/html/charts.h"
#include "report/render/html/svg.h"

namespace ringside::html {
namespace {

// An audit entry and an allowed call are no sign of an attack.
bool is_shown(const HistorySeries& series) {
  if (!series.event || series.name == names::kAuditWrite) return false;
  for (const names::EventWord& event : names::kEvents) {
    if (event.name == series.name) return event.topic == names::Topic::security;
  }
  return false;
}

std::uint64_t count_of_point(const HistorySeries& series, const TimePoint& point) {
  return series.name == names::kRateLimit ? point.refused : point.count;
}

struct Shown {
  std::string label;
  std::vector<std::uint64_t> counts;
};

}  // namespace

std::string security(const Report& report, ChartData& data) {
  if (report.history == nullptr) return "";
  constexpr std::size_t kMostBars = 96;
  std::vector<Shown> all;
  std::vector<TimePoint> frame;
  for (const HistorySeries& series : report.history->series) {
    if (!is_shown(series)) continue;
    const auto points = points_of(*report.history, series, kMostBars);
    Shown shown;
    shown.label = escape_visible(series.name);
    if (report.snapshot.rings.size() > 1) shown.label += " (" + escape_visible(series.ring) + ")";
    std::uint64_t sum = 0;
    for (const TimePoint& point : points) {
      shown.counts.push_back(count_of_point(series, point));
      sum += shown.counts.back();
    }
    if (sum == 0) continue;
    if (frame.empty()) frame = points;
    all.push_back(std::move(shown));
  }
  if (all.empty()) return note("History has no security event.");
  ChartData series = ChartData::array();
  std::vector<std::string> titles = {"from"};
  for (std::size_t i = 0; i < all.size(); ++i) {
    titles.push_back(all[i].label);
    series.push_back({{"name", all[i].label},
                      {"colour", "--s" + std::to_string(i % 7)},
                      {"values", all[i].counts}});
  }
  data.push_back({{"id", "security"},
                  {"kind", "security"},
                  {"begin", frame.front().begin_wall_s},
                  {"step", frame.front().seconds},
                  {"series", std::move(series)}});
  DataTable table("Figures of this chart", titles);
  for (std::size_t p = 0; p < frame.size(); ++p) {
    std::vector<std::string> cells = {
        format_wall(frame[p].begin_wall_s * 1'000'000'000).substr(0, 16) + "Z"};
    std::uint64_t sum = 0;
    for (const Shown& shown : all) {
      cells.push_back(format_count(shown.counts[p]));
      sum += shown.counts[p];
    }
    if (sum > 0) table.row(cells);
  }
  return figure("Security events over time.",
                "In steps of " + step_text(frame.front().seconds) +
                    ". The table leaves steps without one out.",
                "<div class=chart><canvas id=security role=img aria-label=\"security events over "
                "time\"></canvas></div>",
                table.take());
}

}  // namespace ringside::html
