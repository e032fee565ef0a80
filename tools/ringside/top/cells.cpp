#include "tools/ringside/top/cells.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "report/model/format.h"

namespace ringside::tool::top {

namespace {
constexpr const char* kLower[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr const char* kLeft[] = {"▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
}  // namespace

std::string Line::text() const {
  std::string text;
  for (const Cell& cell : cells) text += cell.text;
  return text;
}

std::size_t Line::columns() const {
  std::size_t columns = 0;
  for (const Cell& cell : cells) columns += cell.columns;
  return columns;
}

LineMaker& LineMaker::add(std::string_view text, Style style) {
  if (left_ == 0 || text.empty()) return *this;
  Cell cell{clip(text, left_), style, 0};
  cell.columns = display_width(cell.text);
  left_ -= std::min(left_, cell.columns);
  line_.cells.push_back(std::move(cell));
  return *this;
}

LineMaker& LineMaker::add(std::string_view text, std::size_t columns, Align align, Style style) {
  columns = std::min(columns, left_);
  if (columns == 0) return *this;
  std::string shown = pad(clip(text, columns), columns, align);
  // Half of a wide character is blank.
  while (display_width(shown) < columns) shown += ' ';
  return add(shown, style);
}

LineMaker& LineMaker::blank(std::size_t columns) {
  return add(std::string(std::min(columns, left_), ' '));
}

LineMaker& LineMaker::at_end(std::string_view text, Style style) {
  const std::size_t columns = display_width(text);
  if (columns > left_) return *this;
  return blank(left_ - columns).add(text, style);
}

std::string bar(double value, double most, std::size_t columns) {
  const double whole = most > 0 ? std::clamp(value / most, 0.0, 1.0) : 0;
  const auto eighths =
      static_cast<std::size_t>(std::lround(whole * static_cast<double>(columns) * 8));
  std::string out;
  for (std::size_t i = 0; i < eighths / 8; ++i) out += kLeft[7];
  if (eighths % 8 != 0) out += kLeft[eighths % 8 - 1];
  return out;
}

const char* block(long eighths) { return eighths <= 0 ? " " : kLower[std::min(eighths, 8L) - 1]; }

std::string spark(const std::vector<double>& values, std::size_t columns) {
  const std::size_t first = values.size() > columns ? values.size() - columns : 0;
  double most = 0;
  for (std::size_t i = first; i < values.size(); ++i) most = std::max(most, values[i]);
  std::string out;
  for (std::size_t i = first; i < values.size(); ++i) {
    out += values[i] > 0 ? block(1 + std::lround(values[i] / most * 7)) : " ";
  }
  return out;
}

std::string to_ascii(std::string_view text) {
  constexpr std::pair<std::string_view, std::string_view> kInstead[] = {
      {"µ", "u"}, {"…", "~"}, {"–", "-"}, {"·", "."}, {"▁", "_"}, {"▂", "."}, {"▃", "."},
      {"▄", ":"}, {"▅", ":"}, {"▆", "|"}, {"▇", "#"}, {"█", "#"}, {"▏", "|"}, {"▎", "|"},
      {"▍", "|"}, {"▌", "#"}, {"▋", "#"}, {"▊", "#"}, {"▉", "#"}, {"▼", "v"}, {"●", "*"},
      {"≈", "~"}, {"─", "-"}, {"│", "|"}, {"↑", "^"}, {"↓", "v"}, {"✕", "x"}, {"×", "x"}};
  std::string out;
  while (!text.empty()) {
    const auto found = std::find_if(std::begin(kInstead), std::end(kInstead), [&](const auto& one) {
      return text.substr(0, one.first.size()) == one.first;
    });
    if (found != std::end(kInstead)) {
      out += found->second;
      text.remove_prefix(found->first.size());
      continue;
    }
    const auto byte = static_cast<unsigned char>(text.front());
    std::size_t bytes = 1;
    while (byte >= 0x80 && bytes < text.size() &&
           (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80)
      ++bytes;
    // As many columns as before, so that nothing moves.
    out += byte < 0x80 ? std::string(1, static_cast<char>(byte))
                       : std::string(display_width(text.substr(0, bytes)), '?');
    text.remove_prefix(bytes);
  }
  return out;
}

}  // namespace ringside::tool::top
