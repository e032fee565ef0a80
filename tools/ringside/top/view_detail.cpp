// One operation: how its time is spread, which stages take it, and its calls one by one.
#include <algorithm>
#include <cmath>

#include "report/model/format.h"
#include "tools/ringside/top/view.h"

namespace ringside::tool::top {

namespace {

char letter_of(const Detail& detail, std::size_t stage) {
  // As `ringside tail`: the first of its name that no stage before it has.
  std::string taken;
  for (std::size_t i = 0; i <= stage; ++i) {
    char letter = static_cast<char>('0' + i);
    for (const char c : detail.stages[i].name) {
      if (taken.find(c) != std::string::npos) continue;
      letter = c;
      break;
    }
    if (detail.stages[i].name.empty()) continue;
    taken += letter;
  }
  return taken.empty() ? ' ' : taken.back();
}

// Adds a bar of so many columns, each stage as long as its part of `whole`.
void add_stage_bar(LineMaker& line, const Detail& detail, const std::array<double, kStages>& parts,
                   double whole, std::size_t columns) {
  double passed = 0;
  std::size_t column = 0;
  for (std::size_t i = 0; i < kStages && whole > 0; ++i) {
    passed += parts[i];
    const auto end = static_cast<std::size_t>(
        std::lround(std::clamp(passed / whole, 0.0, 1.0) * static_cast<double>(columns)));
    if (end <= column) continue;
    line.add(std::string(end - column, letter_of(detail, i)), stage_style(i));
    column = end;
  }
  line.add(std::string(columns - column, '.'), Style::dim);
}

// The histogram as columns of blocks: time to the right (each column is as many buckets as the
// others), counts upwards. What was counted at all is seen.
std::vector<Line> chart_lines(const Detail& detail, std::size_t columns, std::size_t rows) {
  std::vector<Line> lines;
  const auto& buckets = detail.latency.buckets;
  if (buckets.empty() || rows < 2 || columns < 10) return lines;
  const int first = buckets.front().index;
  const auto span = static_cast<std::size_t>(buckets.back().index - first + 1);
  const std::size_t each = (span + columns - 1) / columns;
  const std::size_t used = (span + each - 1) / each;
  // Few buckets are drawn several columns wide.
  const std::size_t wide = std::max<std::size_t>(1, std::min<std::size_t>(4, columns / used));
  std::vector<double> counts(used);
  for (const auto& bucket : buckets)
    counts[static_cast<std::size_t>(bucket.index - first) / each] +=
        static_cast<double>(bucket.count);
  const double most = *std::max_element(counts.begin(), counts.end());
  const auto column_of = [&](double ns) {
    const double bucket = std::ceil(32 * std::log2(std::max(ns, 1e-3) / 1e9)) - first;
    return static_cast<std::size_t>(std::clamp(bucket, 0.0, static_cast<double>(span - 1))) / each;
  };
  const std::size_t p95 = column_of(detail.row.p95_ns);
  const std::size_t p99 = column_of(detail.row.p99_ns);
  const std::size_t height = rows - 1;
  for (std::size_t row = 0; row < height; ++row) {
    LineMaker line(columns);
    for (std::size_t i = 0; i < used; ++i) {
      double eighths = counts[i] / most * static_cast<double>(height) * 8;
      if (counts[i] > 0) eighths = std::max(eighths, 1.0);
      const double here = eighths - static_cast<double>(height - 1 - row) * 8;
      const char* glyph = block(std::lround(here));
      std::string text;
      for (std::size_t w = 0; w < wide; ++w) text += glyph;
      line.add(text, i > p99 ? Style::bad : i > p95 ? Style::warn : Style::good);
    }
    lines.push_back(line.line());
  }
  // The axis: both ends, and the quantiles where there is room.
  std::string axis(used * wide, ' ');
  const auto mark = [&](std::size_t column, const std::string& text) {
    const std::size_t at =
        std::min(column * wide, axis.size() - std::min(axis.size(), text.size()));
    const std::size_t from = at > 0 ? at - 1 : 0;
    if (text.size() > axis.size() ||
        axis.substr(from, text.size() + 2).find_first_not_of(' ') != std::string::npos)
      return;
    axis.replace(at, text.size(), text);
  };
  mark(column_of(detail.row.p50_ns), "p50");
  mark(p99, "p99");
  mark(p95, "p95");
  lines.push_back(LineMaker(columns).add(axis, Style::dim).line());
  return lines;
}

std::string range_text(const Detail& detail) {
  return format_span(detail.min_ns) + " to " + format_span(detail.row.max_ns);
}

// One line a stage: its letter, name, share, mean, longest.
std::vector<Line> stage_lines(const Detail& detail, std::size_t columns) {
  std::vector<Line> lines;
  for (std::size_t i = 0; i < kStages; ++i) {
    const StageRow& stage = detail.stages[i];
    if (stage.name.empty()) continue;
    LineMaker line(columns);
    line.add(std::string(" ") + letter_of(detail, i) + " ", stage_style(i)).blank(1);
    const std::size_t name = columns > 44 ? 14 : 10;
    line.add(stage.name, name, Align::left, Style::plain).blank(1);
    line.add(format_percent(stage.share), 7, Align::right, Style::bold);
    line.add(format_span_cell(stage.mean_ns), 9, Align::right, Style::plain);
    if (line.left() >= 14) line.add("  max ", Style::dim).add(format_span(stage.max_ns));
    lines.push_back(line.line());
  }
  if (lines.empty()) {
    lines.push_back(LineMaker(columns).add("this operation marks no stages", Style::dim).line());
  } else if (detail.unmarked_share > 0.005) {
    lines.push_back(LineMaker(columns)
                        .blank(4)
                        .add("in no stage", columns > 44 ? 14 : 10, Align::left, Style::dim)
                        .blank(1)
                        .add(format_percent(detail.unmarked_share), 7, Align::right, Style::dim)
                        .line());
  }
  return lines;
}

Line beside(const Line& left, std::size_t columns, const Line& right) {
  Line line = left;
  const std::size_t used = line.columns();
  if (used < columns)
    line.cells.push_back({std::string(columns - used, ' '), Style::plain, columns - used});
  line.cells.insert(line.cells.end(), right.cells.begin(), right.cells.end());
  return line;
}

std::vector<Line> figures(const Detail& detail, std::size_t columns) {
  const OperationRow& row = detail.row;
  LineMaker title(columns);
  title.add(" ").add(row.name, Style::bold);
  if (!detail.category.empty()) title.add("  " + detail.category, Style::dim);
  if (row.sampled > 1) title.add("  sampled, 1 in " + std::to_string(row.sampled), Style::warn);
  title.add("  ").add(format_rate(row.rate), Style::bold);
  if (!row.event)
    title.add("  ").add(format_percent(row.time_share), Style::bold).add(" of the time");
  LineMaker spans(columns);
  const auto figure = [&](const char* name, double ns, Style style = Style::plain) {
    spans.add(" ")
        .add(name, Style::dim)
        .add(" ")
        .add(row.timed > 0 ? format_span(ns) : "–", style)
        .add(" ");
  };
  const bool slow = row.threshold_ns > 0 && row.p95_ns > row.threshold_ns;
  figure("p50", row.p50_ns);
  figure("p95", row.p95_ns, slow ? Style::bad : Style::plain);
  figure("p99", row.p99_ns);
  figure("max", row.max_ns);
  figure("mean", detail.mean_ns);
  if (row.threshold_ns > 0)
    spans.add(" limit ", Style::dim).add(format_span(row.threshold_ns)).add(" ");
  spans.add(" errors ", Style::dim)
      .add(format_count(row.errors), row.errors > 0 ? Style::bad : Style::good);
  if (row.refused > 0)
    spans.add("  refused ", Style::dim).add(format_count(row.refused), Style::warn);
  return {title.line(), spans.line()};
}

std::vector<Line> call_lines(const Picture& picture, ViewState& state, Size size) {
  const Detail& detail = picture.detail;
  const std::vector<CallRow>& calls = state.worst ? detail.worst : detail.recent;
  constexpr std::size_t kBar = 24;
  const std::size_t party = size.columns >= 120 ? 26 : 18;
  List list({{state.worst ? "WORST" : "LATEST", 12, Align::left, 0},
             {"TOOK", 9, Align::right, 0},
             {"OUTCOME", 9, Align::left, 1},
             {"ACTOR", party, Align::left, 2},
             {"SUBJECT", party, Align::left, 3},
             {"ERROR", 14, Align::left, 5},
             {"PLACE", 12, Align::right, 6},
             {"STAGES", kBar, Align::left, 4}});
  for (const CallRow& call : calls) {
    const Style outcome = call.failed ? Style::bad : call.refused ? Style::warn : Style::plain;
    LineMaker stages(kBar);
    double marked = 0;
    for (const double ns : call.stages_ns) marked += ns;
    if (marked > 0) add_stage_bar(stages, detail, call.stages_ns, call.duration_ns, kBar);
    list.row({{call.time, Style::dim},
              {call.timed ? format_span_cell(call.duration_ns) : "untimed", Style::bold},
              {call.outcome, outcome},
              {call.actor, Style::plain},
              {call.subject, Style::plain},
              {call.error, outcome},
              {call.place, Style::dim},
              {"", Style::plain, stages.line().cells}});
  }
  if (calls.empty()) list.note(picture.no_calls.empty() ? " no calls" : " " + picture.no_calls);
  return list.lines(state.place(), size);
}

}  // namespace

std::vector<Line> detail_lines(const Picture& picture, ViewState& state, Size size) {
  const Detail& detail = picture.detail;
  std::vector<Line> lines = figures(detail, size.columns);
  const bool roomy = size.rows >= 16;
  if (!roomy) {
    if (size.rows < 5) lines.resize(std::min<std::size_t>(lines.size(), size.rows));
    if (size.rows >= 6) {
      std::array<double, kStages> shares{};
      double marked = 0;
      for (std::size_t i = 0; i < kStages; ++i) marked += shares[i] = detail.stages[i].share;
      LineMaker bar_line(size.columns);
      bar_line.blank(1);
      if (marked > 0 && size.columns > 10)
        add_stage_bar(bar_line, detail, shares, std::max(1.0, marked), size.columns - 2);
      if (marked > 0) lines.push_back(bar_line.line());
    }
  } else {
    const bool side_by_side = size.columns >= 70;
    const std::size_t chart =
        side_by_side ? size.columns / 2 - 2 : size.columns - std::min<std::size_t>(size.columns, 2);
    const std::size_t height = std::clamp<std::size_t>(size.rows / 3, 5, 12);
    std::vector<Line> left = {LineMaker(chart).add(" ").add(range_text(detail), Style::dim).line()};
    for (Line& line : chart_lines(detail, chart - std::min<std::size_t>(chart, 1), height)) {
      Line moved;
      moved.cells.push_back({" ", Style::plain, 1});
      moved.cells.insert(moved.cells.end(), line.cells.begin(), line.cells.end());
      left.push_back(std::move(moved));
    }
    lines.emplace_back();
    if (side_by_side) {
      const std::vector<Line> right = stage_lines(detail, size.columns - chart - 2);
      for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i)
        lines.push_back(beside(i < left.size() ? left[i] : Line{}, chart + 2,
                               i < right.size() ? right[i] : Line{}));
    } else {
      for (Line& line : left) lines.push_back(std::move(line));
      if (size.rows >= 24)
        for (Line& line : stage_lines(detail, size.columns)) lines.push_back(std::move(line));
    }
    lines.emplace_back();
  }
  if (lines.size() < size.rows) {
    for (Line& line : call_lines(picture, state, {size.rows - lines.size(), size.columns}))
      lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace ringside::tool::top
