#include "report/render/table.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "report/model/format.h"

namespace ringside {
namespace {

constexpr std::size_t kGap = 2;
// A column that gives way keeps at least this much: less tells nobody anything.
constexpr std::size_t kLeast = 8;

std::string without_trailing_blanks(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + '\n';
}

std::string repeat(std::string_view piece, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += piece;
  return out;
}

// The bytes of `text` that fit in `columns`; at least one character, so that it ends.
std::size_t fitting_bytes(std::string_view text, std::size_t columns) {
  std::size_t end = 0;
  while (end < text.size()) {
    std::size_t next = end + 1;
    while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xc0) == 0x80) ++next;
    if (end > 0 && display_width(text.substr(0, next)) > columns) break;
    end = next;
  }
  return end;
}

// Whether the blank at `space` stands between a figure and its unit, which a line break must not part.
bool before_unit(std::string_view text, std::size_t space) {
  constexpr std::string_view kUnits[] = {"ns", "µs", "ms", "s", "min", "h", "d", "%", "B", "KiB", "MiB", "GiB"};
  if (space == 0 || text[space - 1] < '0' || text[space - 1] > '9') return false;
  std::string_view next = text.substr(space + 1);
  next = next.substr(0, next.find(' '));
  while (!next.empty() && std::string_view(",.;:)").find(next.back()) != std::string_view::npos) next.remove_suffix(1);
  return std::find(std::begin(kUnits), std::end(kUnits), next) != std::end(kUnits);
}

// Where the first word ends, a figure and its unit being one.
std::size_t word_end(std::string_view text) {
  std::size_t space = text.find(' ');
  while (space != std::string_view::npos && before_unit(text, space)) space = text.find(' ', space + 1);
  return space;
}

}  // namespace

std::string pad(std::string_view text, std::size_t columns, Align align) {
  const std::size_t width = display_width(text);
  const std::string blanks(width < columns ? columns - width : 0, ' ');
  return align == Align::left ? std::string(text) + blanks : blanks + std::string(text);
}

void Table::row(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

void Table::rule() { rows_.emplace_back(); }

std::string Table::render(std::size_t indent, std::size_t width) const {
  std::vector<std::size_t> widths;
  std::size_t total = indent;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    std::size_t widest = display_width(columns_[c].title);
    for (const auto& row : rows_) {
      if (!row.empty()) widest = std::max(widest, display_width(row[c]));
    }
    widths.push_back(widest);
    total += widest + (c > 0 ? kGap : 0);
  }
  // Names give way first, figures only when no name is left to cut.
  for (const bool figures : {false, true}) {
    while (total > width) {
      std::size_t victim = columns_.size();
      for (std::size_t c = 0; c < columns_.size(); ++c) {
        if ((columns_[c].align == Align::right && !figures) || widths[c] <= kLeast) continue;
        if (victim == columns_.size() || widths[c] > widths[victim]) victim = c;
      }
      if (victim == columns_.size()) break;
      --widths[victim];
      --total;
    }
  }
  const auto line = [&](const auto& cell_of) {
    std::string text(indent, ' ');
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (c > 0) text += std::string(kGap, ' ');
      text += pad(clip(cell_of(c), widths[c]), widths[c], columns_[c].align);
    }
    return without_trailing_blanks(std::move(text));
  };
  std::string out = line([&](std::size_t c) -> const std::string& { return columns_[c].title; });
  std::string rule(indent, ' ');
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    if (c > 0) rule += std::string(kGap, ' ');
    rule += repeat("─", widths[c]);
  }
  out += rule + '\n';
  for (const auto& row : rows_) {
    out += row.empty() ? rule + '\n' : line([&](std::size_t c) -> const std::string& { return row[c]; });
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
    while (used + display_width(word) > room) {
      const std::size_t bytes = fitting_bytes(word, room);
      out += word.substr(0, bytes);
      word.remove_prefix(bytes);
      if (word.empty()) break;
      new_line();
    }
    out += word;
    used += display_width(word);
  }
  return without_trailing_blanks(std::move(out));
}

}  // namespace ringside
