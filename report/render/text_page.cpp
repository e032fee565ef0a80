#include "report/render/text_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/model/format.h"

namespace ringside {
namespace {

constexpr std::size_t kNameColumns = 12;  // of a field
constexpr std::size_t kLongestName = 24;

}  // namespace

void TextPage::begin(Part part) {
  const bool heads = last_ == Part::heading || last_ == Part::nothing;
  // A sentence may follow a table directly, as a note to it.
  const bool apart = part == Part::table || part == Part::numbered ||
                     (part != last_ && part != Part::sentence && last_ != Part::sentence);
  if (!heads && apart) out_ += '\n';
  last_ = part;
}

void TextPage::title(std::string_view name, std::string_view when) {
  const std::size_t room = std::max(width_, when.size() + 3) - when.size() - 2;
  const std::string left = clip(name, room);
  out_ += left + pad(when, width_ - std::min(width_, display_width(left)), Align::right) + '\n';
}

void TextPage::heading(std::string_view text) {
  if (!out_.empty()) out_ += '\n';
  std::string rule;
  for (std::size_t used = display_width(text) + 4; used < width_; ++used) rule += "━";
  out_ += fmt::format("━━ {} {}\n", text, rule);
  last_ = Part::heading;
}

void TextPage::subheading(std::string_view text) {
  if (last_ != Part::heading) out_ += '\n';
  out_ += wrap(text, "  ", width_);
  last_ = Part::heading;
}

void TextPage::sentence(std::string_view text) {
  begin(Part::sentence);
  out_ += wrap(text, "  ", width_);
}

void TextPage::bullet(std::string_view text) {
  begin(Part::bullet);
  out_ += wrap(text, "  · ", width_);
}

void TextPage::field(std::string_view name, std::string_view text) {
  begin(Part::field);
  out_ += wrap(text, "  " + pad(clip(name, kLongestName), kNameColumns) + "  ", width_);
}

void TextPage::table(const Table& table) {
  begin(Part::table);
  out_ += table.render(2, width_);
}

void TextPage::numbered(std::size_t number, std::string_view text,
                        const std::vector<std::pair<std::string, std::string>>& details) {
  begin(Part::numbered);
  out_ += wrap(text, fmt::format("  {}. ", number), width_);
  for (const auto& [name, detail] : details) {
    out_ += wrap(detail, "     " + pad(name, kNameColumns), width_);
  }
}

void TextPage::timeline(const std::vector<Moment>& moments) {
  begin(Part::timeline);
  std::vector<std::size_t> widths;
  for (const Moment& moment : moments) {
    widths.resize(std::max(widths.size(), moment.what.size()));
    for (std::size_t i = 0; i < moment.what.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(moment.what[i]));
    }
  }
  for (const Moment& moment : moments) {
    if (moment.what.empty()) {
      out_ += wrap(moment.text, "  " + moment.time + "  ", width_);
      continue;
    }
    std::string line = "  " + moment.time;
    const std::size_t indent = display_width(line) + 2;
    for (std::size_t i = 0; i < moment.what.size(); ++i)
      line += "  " + pad(moment.what[i], widths[i]);
    line = clip(line, width_);
    line.erase(line.find_last_not_of(' ') + 1);
    out_ += line + '\n';
    if (!moment.text.empty()) out_ += wrap(moment.text, std::string(indent, ' '), width_);
  }
}

void TextPage::verbatim(std::string_view line) {
  begin(Part::verbatim);
  if (line.empty()) {
    out_ += '\n';
  } else if (display_width(line) + 2 <= width_) {
    out_ += "  " + std::string(line) + '\n';
  } else {
    out_ += wrap(line, "  ", width_);
  }
}

}  // namespace ringside
