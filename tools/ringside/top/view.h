// From a picture to lines: what is on the screen, for any size of it. Pure: no terminal, no clock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/ringside/top/cells.h"
#include "tools/ringside/top/picture.h"

namespace ringside::tool::top {

enum class Screen : std::uint8_t { operations, lanes, errors, actors, detail, help };
inline constexpr std::size_t kScreens = 6;
enum class Sort : std::uint8_t { time, rate, p95, errors };
inline constexpr std::size_t kSorts = 4;
enum class Prompt : std::uint8_t { none, filter, moment };

struct Size {
  std::size_t rows = 24, columns = 80;
};

// Where somebody stands in a list.
struct Place {
  std::size_t row = 0;   // the marked one
  std::size_t top = 0;   // the first that is seen
  std::size_t page = 1;  // how many are seen
  std::size_t rows = 0;
};

struct ViewState {
  Screen screen = Screen::operations;
  Screen behind_help = Screen::operations;
  Screen behind_detail = Screen::operations;
  Sort sort = Sort::time;
  bool actors_by_failures = false;
  bool worst = false;      // the list of an operation: the longest calls, not the latest
  std::size_t window = 1;  // index into kWindowsS
  std::optional<std::uint16_t> marked;  // an operation, once somebody has chosen a row
  std::uint16_t opened = 0;             // the operation of Screen::detail
  std::array<Place, kScreens> places{};

  Prompt prompt = Prompt::none;
  std::string typed;
  std::string complaint;  // why what was typed cannot be taken; several lines

  Place& place() { return places[static_cast<std::size_t>(screen)]; }
};

struct Frame {
  std::vector<Line> lines;  // at most as many as the screen has rows
  // Where the cursor stands while something is typed.
  std::optional<std::pair<std::size_t, std::size_t>> cursor;  // row, column
};

// Puts the rows into the order in which they are shown, and the mark where it belongs.
void arrange(Picture& picture, ViewState& state);
// Also keeps the marked row in sight, and notes how many rows a page has.
Frame draw(const Picture& picture, ViewState& state, Size size);

// The parts, by file: view_header.cpp, view_lists.cpp, view_detail.cpp, view_help.cpp.
std::vector<Line> header_lines(const Picture& picture, const ViewState& state, Size size);
// Of a picture that is not made of records (view_minutes.cpp).
std::vector<Line> minutes_header_lines(const Picture& picture, Size size);
Line footer_line(const Picture& picture, const ViewState& state, std::size_t columns);
std::vector<Line> operation_lines(const Picture& picture, ViewState& state, Size size);
std::vector<Line> lane_lines(const Picture& picture, ViewState& state, Size size);
std::vector<Line> error_lines(const Picture& picture, ViewState& state, Size size);
std::vector<Line> actor_lines(const Picture& picture, ViewState& state, Size size);
std::vector<Line> detail_lines(const Picture& picture, ViewState& state, Size size);
std::vector<Line> help_lines(ViewState& state, Size size);

// A list with a title line. Columns that do not fit are left out, the least important first.
struct ListColumn {
  std::string title;
  std::size_t columns = 0;  // the least that it takes; the first column takes what is left
  Align align = Align::right;
  int rank = 0;         // 0 is always there; the higher, the sooner it goes
  bool sorted = false;  // this one decides the order
};
struct ListCell {
  std::string text;
  Style style = Style::plain;
  std::vector<Cell> parts = {};  // in place of the text
};
class List {
 public:
  explicit List(std::vector<ListColumn> columns) : columns_(std::move(columns)) {}
  void row(std::vector<ListCell> cells) { rows_.push_back(std::move(cells)); }
  // A row with one text over its whole width.
  void note(std::string text) { rows_.push_back({{std::move(text), Style::dim}}); }
  std::vector<Line> lines(Place& place, Size size, bool marks = true) const;

 private:
  std::vector<std::size_t> fitting(std::size_t columns, std::size_t& first) const;
  std::vector<ListColumn> columns_;
  std::vector<std::vector<ListCell>> rows_;
};

// A span as a figure of a list: "–" for none.
std::string span_text(double ns, std::uint64_t count);

}  // namespace ringside::tool::top
