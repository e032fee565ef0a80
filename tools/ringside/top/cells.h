// Lines of styled cells: what a screen is made of before a terminal shows it. Widths are display
// columns, so a wide label takes the two columns that it needs and moves nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "report/render/table.h"

namespace ringside::tool::top {

enum class Style : std::uint8_t {
  plain,
  dim,
  bold,
  title,   // of a table
  sorted,  // the title of the column that sorts
  key,     // a key, in the line at the bottom
  good,
  warn,
  bad,
  accent,
  badge_good,  // a word on a ground of its colour
  badge_warn,
  badge_bad,
  stage0,  // stage1 to stage5 follow
  stage1,
  stage2,
  stage3,
  stage4,
  stage5
};
constexpr Style stage_style(std::size_t stage) {
  return static_cast<Style>(static_cast<std::size_t>(Style::stage0) + (stage < 6 ? stage : 5));
}

struct Cell {
  std::string text;
  Style style = Style::plain;
  std::size_t columns = 0;
};

struct Line {
  std::vector<Cell> cells;
  bool selected = false;  // the whole line is marked

  std::string text() const;
  std::size_t columns() const;
};

// Builds a line of at most so many columns. What does not fit is cut, and ends in "…".
class LineMaker {
 public:
  explicit LineMaker(std::size_t columns) : left_(columns) {}

  LineMaker& add(std::string_view text, Style style = Style::plain);
  // Exactly so many columns, as far as the line has them.
  LineMaker& add(std::string_view text, std::size_t columns, Align align, Style style);
  LineMaker& blank(std::size_t columns);
  // The same text, ending in the line's last column. Left out where it does not fit.
  LineMaker& at_end(std::string_view text, Style style = Style::plain);
  std::size_t left() const { return left_; }
  Line line() { return std::move(line_); }

 private:
  Line line_;
  std::size_t left_;
};

// `value` of `most` as a bar of at most so many columns, in eighths of a column.
std::string bar(double value, double most, std::size_t columns);
// A block that fills so many eighths of its cell from below: " " for 0, "█" for 8 and more.
const char* block(long eighths);
// A column for each value, the highest one full. A value above nothing is never invisible.
std::string spark(const std::vector<double>& values, std::size_t columns);

// For terminals that show ASCII alone.
std::string to_ascii(std::string_view text);

}  // namespace ringside::tool::top
