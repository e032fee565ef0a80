// Rows and columns as data, and their layout in a fixed-width font. Cells are valid UTF-8, already
// escaped; widths are display columns, not bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ringside {

enum class Align {
  left,
  right,
  span,  // right, with the numbers in line for any unit: "240 ms" above "4.20 s "
  prose  // left, and broken between words where it is too wide; only the last column
};

struct Column {
  std::string title;
  Align align = Align::right;
};

class Table {
 public:
  using Row = std::vector<std::string>;  // empty: a rule

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // One cell for each column. A row with fewer cells leaves the rest empty.
  void row(Row cells);
  void rule();  // a line between the rows so far and those to come
  bool empty() const { return rows_.empty(); }

  const std::vector<Column>& columns() const { return columns_; }
  const std::vector<Row>& rows() const { return rows_; }

  // The title line, a rule, and the rows. Each line ends in '\n' and has no trailing blanks. A
  // table that would be wider than `width` breaks its prose and cuts its names (they end in "…").
  // If that isn't enough, the columns that don't fit follow in a second table beneath, after the
  // same names.
  std::string render(std::size_t indent, std::size_t width) const;

 private:
  std::size_t natural_width(std::size_t column) const;
  std::string cell_text(const Row& row, std::size_t column) const;
  std::string render_columns(const std::vector<std::size_t>& which, std::size_t indent,
                             std::size_t width) const;

  std::vector<Column> columns_;
  std::vector<Row> rows_;
};

// Pads to `columns`. A wider text stays as it is.
std::string pad(std::string_view text, std::size_t columns, Align align = Align::left);

// A paragraph, broken between words, and inside a word only where the word alone is too long. The
// first line starts with `first`, the others with as many blanks. Each line ends in '\n'.
std::string wrap(std::string_view text, std::string_view first, std::size_t width);

}  // namespace ringside
