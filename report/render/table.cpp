#include "report/render/table.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

#include "report/model/format.h"

namespace ringside {
namespace {

constexpr std::size_t kGap = 2;
// A column that gives way keeps at least this width. A narrower one would say nothing.
constexpr std::size_t kLeast = 8;
constexpr std::size_t kLeastProse = 24;

std::string without_trailing_blanks(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + '\n';
}

std::string repeat(std::string_view piece, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += piece;
  return out;
}

// The bytes of the beginning of `text` that fit into `columns`. At least one character, so that the
// caller's loop ends.
std::size_t fitting_bytes(std::string_view text, std::size_t columns) {
  const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; };
  auto end = text.begin();
  while (end != text.end()) {
    const auto next = std::find_if(end + 1, text.end(), begins);
    const std::string_view more(text.begin(), next);
    if (end != text.begin() && display_width(more) > columns) break;
    end = next;
  }
  return static_cast<std::size_t>(end - text.begin());
}

// Whether the blank at `space` is between a figure and its unit. A line break must not separate
// them.
bool before_unit(std::string_view text, std::size_t space) {
  constexpr std::string_view kUnits[] = {"ns", "µs", "ms", "s",   "min", "h",
                                         "d",  "%",  "B",  "KiB", "MiB", "GiB"};
  if (space == 0 || text[space - 1] < '0' || text[space - 1] > '9') return false;
  std::string_view next = text.substr(space + 1);
  next = next.substr(0, next.find(' '));
  while (!next.empty() && std::string_view(",.;:)").find(next.back()) != std::string_view::npos)
    next.remove_suffix(1);
  return std::find(std::begin(kUnits), std::end(kUnits), next) != std::end(kUnits);
}

// The end of the first word. A figure and its unit are one word.
std::size_t word_end(std::string_view text) {
  std::size_t space = text.find(' ');
  while (space != std::string_view::npos && before_unit(text, space))
    space = text.find(' ', space + 1);
  return space;
}

}  // namespace

std::string pad(std::string_view text, std::size_t columns, Align align) {
  const std::size_t width = display_width(text);
  const std::string blanks(columns - std::min(width, columns), ' ');
  const bool to_the_left = align == Align::left || align == Align::prose;
  return to_the_left ? std::string(text) + blanks : blanks + std::string(text);
}

void Table::row(Row cells) {
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

void Table::rule() { rows_.emplace_back(); }

std::string Table::render(std::size_t indent, std::size_t width) const {
  // The names are the leading columns. Every part of a split table repeats them.
  const auto other = std::find_if(columns_.begin(), columns_.end(),
                                  [](const Column& column) { return column.align != Align::left; });
  std::vector<std::size_t> names(static_cast<std::size_t>(other - columns_.begin()));
  std::iota(names.begin(), names.end(), std::size_t{0});
  std::size_t names_width = indent;
  for (const std::size_t c : names) names_width += std::min(natural_width(c), kLeast) + kGap;
  std::string out;
  std::vector<std::size_t> part = names;
  std::size_t used = names_width;
  for (std::size_t c = names.size(); c < columns_.size(); ++c) {
    const bool gives_way = columns_[c].align == Align::left || columns_[c].align == Align::prose;
    const std::size_t least =
        gives_way
            ? std::min(natural_width(c), columns_[c].align == Align::prose ? kLeastProse : kLeast)
            : natural_width(c);
    if (used + least > width && part.size() > names.size()) {
      out += render_columns(part, indent, width) + '\n';
      part = names;
      used = names_width;
    }
    part.push_back(c);
    used += least + kGap;
  }
  return out + render_columns(part, indent, width);
}

std::size_t Table::natural_width(std::size_t column) const {
  std::size_t widest = display_width(columns_[column].title);
  for (const Row& row : rows_) {
    if (!row.empty()) widest = std::max(widest, display_width(cell_text(row, column)));
  }
  return widest;
}

// The text of a cell, with its unit padded where the column wants that.
std::string Table::cell_text(const Row& row, std::size_t column) const {
  std::string text = row[column];
  if (columns_[column].align != Align::span) return text;
  if (text == "–") return text + "   ";
  if (text.ends_with(" s")) text += ' ';
  return text;
}

std::string Table::render_columns(const std::vector<std::size_t>& which, std::size_t indent,
                                  std::size_t width) const {
  std::vector<std::size_t> widths;
  std::size_t total = indent;
  for (const std::size_t c : which) {
    widths.push_back(natural_width(c));
    total += widths.back() + (widths.size() > 1 ? kGap : 0);
  }
  // Prose gives way first, then names. Figures give way only when nothing else can.
  for (const auto& [gives_way, least] : {std::pair{std::vector{Align::prose}, kLeastProse},
                                         {std::vector{Align::left}, kLeast},
                                         {std::vector{Align::right, Align::span}, kLeast}}) {
    while (total > width) {
      std::size_t victim = which.size();
      for (std::size_t i = 0; i < which.size(); ++i) {
        const Align align = columns_[which[i]].align;
        const bool may = std::find(gives_way.begin(), gives_way.end(), align) != gives_way.end();
        if (!may || widths[i] <= least) continue;
        if (victim == which.size() || widths[i] > widths[victim]) victim = i;
      }
      if (victim == which.size()) break;
      --widths[victim];
      --total;
    }
  }
  const auto line = [&](const auto& cell_of) {
    std::string text(indent, ' ');
    for (std::size_t i = 0; i < which.size(); ++i) {
      if (i > 0) text += std::string(kGap, ' ');
      const std::string cell = cell_of(which[i]);
      if (columns_[which[i]].align == Align::prose) {
        const std::string lines = wrap(cell, text, display_width(text) + widths[i]);
        return lines;
      }
      text += pad(clip(cell, widths[i]), widths[i], columns_[which[i]].align);
    }
    return without_trailing_blanks(std::move(text));
  };
  std::string rule(indent, ' ');
  for (std::size_t i = 0; i < which.size(); ++i) {
    if (i > 0) rule += std::string(kGap, ' ');
    rule += repeat("─", widths[i]);
  }
  rule += '\n';
  std::string out = line([&](std::size_t c) { return columns_[c].title; }) + rule;
  for (const Row& row : rows_) {
    out += row.empty() ? rule : line([&](std::size_t c) { return cell_text(row, c); });
  }
  return out;
}

std::string wrap(std::string_view text, std::string_view first, std::size_t width) {
  const std::size_t indent = display_width(first);
  const std::size_t room = width > indent ? width - indent : 1;
  std::string out(first);
  std::size_t used = 0;
  const auto new_line = [&] {
    out = without_trailing_blanks(std::move(out)) + std::string(indent, ' ');
    used = 0;
  };
  while (!text.empty()) {
    const std::size_t space = word_end(text);
    std::string_view word = text.substr(0, space);
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
    if (word.empty()) continue;
    if (used > 0 && used + 1 + display_width(word) > room) new_line();
    if (used > 0) {
      out += ' ';
      ++used;
    }
    while (true) {
      const std::string_view piece = word.substr(0, fitting_bytes(word, room));
      out += piece;
      used += display_width(piece);
      word.remove_prefix(piece.size());
      if (word.empty()) break;
      new_line();
    }
  }
  return without_trailing_blanks(std::move(out));
}

}  // namespace ringside
