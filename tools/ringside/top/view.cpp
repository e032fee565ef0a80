#include "tools/ringside/top/view.h"

#include <algorithm>
#include <sstream>

#include "report/model/format.h"

namespace ringside::tool::top {

namespace {

double sort_figure(const OperationRow& row, Sort sort) {
  switch (sort) {
    case Sort::time: return row.time_share;
    case Sort::rate: return row.rate;
    case Sort::p95: return row.p95_ns;
    case Sort::errors:
      return static_cast<double>(row.errors) + 1e-6 * static_cast<double>(row.refused);
  }
  return 0;
}

// What was typed is refused: why, with the place.
std::vector<Line> complaint_lines(const ViewState& state, std::size_t most, std::size_t columns) {
  std::vector<Line> lines;
  std::istringstream in(state.complaint);
  for (std::string line; lines.size() < most && std::getline(in, line);)
    lines.push_back(LineMaker(columns).add(" ").add(line, Style::bad).line());
  return lines;
}

}  // namespace

void arrange(Picture& picture, ViewState& state) {
  std::stable_sort(picture.operations.begin(), picture.operations.end(),
                   [&](const OperationRow& a, const OperationRow& b) {
                     if (a.event != b.event) return b.event;
                     const double x = sort_figure(
                         a, a.event && state.sort == Sort::time ? Sort::rate : state.sort);
                     const double y = sort_figure(
                         b, b.event && state.sort == Sort::time ? Sort::rate : state.sort);
                     if (x != y) return x > y;
                     return a.rate != b.rate ? a.rate > b.rate : a.id < b.id;
                   });
  std::stable_sort(picture.lanes.begin(), picture.lanes.end(),
                   [](const LaneRow& a, const LaneRow& b) {
                     const bool a_lives = a.life == "owned";
                     const bool b_lives = b.life == "owned";
                     return a_lives != b_lives ? a_lives : false;
                   });
  std::stable_sort(picture.errors.begin(), picture.errors.end(),
                   [](const ErrorRow& a, const ErrorRow& b) {
                     if (a.failure != b.failure) return a.failure;
                     return a.count > b.count;
                   });
  if (!state.marked) return;
  const auto marked =
      std::find_if(picture.operations.begin(), picture.operations.end(),
                   [&](const OperationRow& row) { return row.id == *state.marked; });
  if (marked != picture.operations.end())
    state.places[0].row = static_cast<std::size_t>(marked - picture.operations.begin());
}

Frame draw(const Picture& picture, ViewState& state, Size size) {
  Frame frame;
  if (size.rows == 0 || size.columns == 0) return frame;
  frame.lines = header_lines(picture, state, size);
  if (frame.lines.size() > size.rows) frame.lines.resize(size.rows);
  std::size_t left = size.rows - frame.lines.size();
  std::vector<Line> below;
  if (left > 0 && state.prompt != Prompt::none) {
    below = complaint_lines(state, left > 6 ? 4 : left > 2 ? left - 2 : 0, size.columns);
    const std::string label = state.prompt == Prompt::filter ? " Filter: " : " Time (UTC): ";
    // The end of what is typed stays in sight.
    const std::string typed = escape_visible(state.typed);
    LineMaker line(size.columns);
    line.add(label, Style::bold);
    std::string_view seen = typed;
    while (!seen.empty() && display_width(seen) + 1 > line.left()) {
      seen.remove_prefix(1);
      while (!seen.empty() && (static_cast<unsigned char>(seen.front()) & 0xc0) == 0x80)
        seen.remove_prefix(1);
    }
    line.add(seen, Style::plain);
    const std::size_t column = std::min(size.columns - line.left(), size.columns - 1);
    if (typed.empty())
      line.add(state.prompt == Prompt::filter
                   ? (picture.from == From::records
                          ? " e.g. latency > 50ms and op ~ 'SEND_*'; none: all"
                          : " e.g. op ~ 'SEND_*' or category = room; none: all")
                   : " e.g. 02:13:00, 2026-11-27T02:00Z, or 30s before the end",
               Style::dim);
    below.push_back(line.line());
    frame.cursor = {size.rows - 1, column};
  } else if (left > 1) {
    below.push_back(footer_line(picture, state, size.columns));
  }
  left -= std::min(left, below.size());
  const Size inner{left, size.columns};
  std::vector<Line> lines;
  if (left > 0) {
    switch (state.screen) {
      case Screen::operations: lines = operation_lines(picture, state, inner); break;
      case Screen::lanes: lines = lane_lines(picture, state, inner); break;
      case Screen::errors: lines = error_lines(picture, state, inner); break;
      case Screen::actors: lines = actor_lines(picture, state, inner); break;
      case Screen::detail: lines = detail_lines(picture, state, inner); break;
      case Screen::help: lines = help_lines(state, inner); break;
    }
  }
  lines.resize(left);
  for (Line& line : lines) frame.lines.push_back(std::move(line));
  for (Line& line : below) frame.lines.push_back(std::move(line));
  return frame;
}

std::string span_text(double ns, std::uint64_t count) {
  return count == 0 ? "–" : format_span_cell(ns);
}

std::vector<std::size_t> List::fitting(std::size_t columns, std::size_t& first) const {
  // Names are whole before figures are many, where they leave the screen two thirds.
  std::size_t widest = display_width(columns_[0].title);
  for (const auto& row : rows_)
    if (row.size() > 1) widest = std::max(widest, display_width(row[0].text));
  const std::size_t least = std::max(columns_[0].columns, std::min(widest, columns / 3));
  std::vector<std::size_t> shown;
  for (std::size_t i = 0; i < columns_.size(); ++i) shown.push_back(i);
  const auto taken = [&] {
    std::size_t sum = least - columns_[0].columns;
    for (const std::size_t i : shown) sum += columns_[i].columns + 1;
    return sum;
  };
  while (shown.size() > 1 && taken() > columns) {
    const auto worst = std::max_element(
        shown.begin() + 1, shown.end(),
        [&](std::size_t a, std::size_t b) { return columns_[a].rank < columns_[b].rank; });
    shown.erase(worst);
  }
  // A wide screen does not pull a name and its figures apart.
  const std::size_t left = columns > taken() ? columns - taken() : 0;
  first = std::max(least, std::min(least + left, widest + 2));
  return shown;
}

std::vector<Line> List::lines(Place& place, Size size, bool marks) const {
  std::vector<Line> out;
  if (size.rows == 0) return out;
  std::size_t first = 0;
  const std::vector<std::size_t> shown = fitting(size.columns, first);
  const auto columns_of = [&](std::size_t i) { return i == 0 ? first : columns_[i].columns; };
  LineMaker title(size.columns);
  for (const std::size_t i : shown) {
    const ListColumn& column = columns_[i];
    title.add(column.sorted ? "▼" + column.title : column.title, columns_of(i), column.align,
              column.sorted ? Style::sorted : Style::title);
    title.add(" ", Style::title);
  }
  title.add(std::string(title.left(), ' '), Style::title);
  out.push_back(title.line());
  const std::size_t page = size.rows - 1;
  place.rows = rows_.size();
  place.page = std::max<std::size_t>(page, 1);
  if (!rows_.empty()) place.row = std::min(place.row, rows_.size() - 1);
  if (rows_.empty()) place.row = 0;
  if (place.row < place.top) place.top = place.row;
  if (place.row >= place.top + place.page) place.top = place.row - place.page + 1;
  if (place.top + place.page > rows_.size())
    place.top = rows_.size() > place.page ? rows_.size() - place.page : 0;
  for (std::size_t i = place.top; i < rows_.size() && out.size() < size.rows; ++i) {
    const auto& row = rows_[i];
    LineMaker line(size.columns);
    if (row.size() == 1) {
      line.add(row[0].text, row[0].style);
    } else {
      for (const std::size_t c : shown) {
        const ListCell cell = c < row.size() ? row[c] : ListCell{};
        if (cell.parts.empty()) {
          line.add(cell.text, columns_of(c), columns_[c].align, cell.style).blank(1);
          continue;
        }
        const std::size_t after = line.left() - std::min(line.left(), columns_of(c));
        for (const Cell& part : cell.parts) line.add(part.text, part.style);
        line.blank(line.left() - after + 1);
      }
    }
    line.blank(line.left());
    Line made = line.line();
    made.selected = marks && i == place.row;
    out.push_back(std::move(made));
  }
  return out;
}

}  // namespace ringside::tool::top
