// Text laid out in columns of a fixed-width font: aligned tables, wrapped paragraphs, never wider than asked for.
// Cells are valid UTF-8, already escaped; widths are display columns, not bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ringside {

enum class Align { left, right };

struct Column {
  std::string title;
  Align align = Align::right;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // As many cells as there are columns; fewer leave the rest empty.
  void row(std::vector<std::string> cells);
  void rule();   // a line between the rows so far and those to come
  bool empty() const { return rows_.empty(); }

  // Title line, a rule, the rows; each line ends in '\n' and without trailing blanks. Where it would be wider than
  // `width`, the widest left-aligned columns give way, then the others; what is cut off ends in "…".
  std::string render(std::size_t indent, std::size_t width) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// Fills up to `columns`; a text that is wider stays as it is.
std::string pad(std::string_view text, std::size_t columns, Align align = Align::left);

// A paragraph, broken between words (inside a word only where it alone is too long). The first line starts with `first`,
// the others with as many blanks. Each line ends in '\n'.
std::string wrap(std::string_view text, std::string_view first, std::size_t width);

}  // namespace ringside
