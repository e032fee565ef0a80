#include "report/render/markdown_page.h"

#include <fmt/format.h>

#include <algorithm>

namespace ringside {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80) != 0;
}

// What begins a block at the start of a line: a heading, a list, a quote, a rule. An ordered list
// begins with a number and '.' or ')', so there that one is escaped.
std::size_t opener_at(std::string_view text) {
  if (text.empty()) return std::string_view::npos;
  if (std::string_view("#+-=").find(text[0]) != std::string_view::npos) return 0;
  const std::size_t end =
      static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
  const bool numbered = end > 0 && end < text.size() && (text[end] == '.' || text[end] == ')');
  return numbered ? end : std::string_view::npos;
}

bool needs_escape(std::string_view text, std::size_t i) {
  const char c = text[i];
  if (std::string_view("\\`*[]<>|~&$@").find(c) != std::string_view::npos) return true;
  const bool word_before = i > 0 && is_word(text[i - 1]);
  const bool word_after = i + 1 < text.size() && is_word(text[i + 1]);
  // Inside a word an underscore is only an underscore: SEND_MESSAGE.
  if (c == '_') return !word_before || !word_after;
  // GFM makes links of http://… and www.….
  if (c == ':') return text.substr(i, 3) == "://";
  if (c == '.') return i >= 3 && (text.substr(i - 3, 3) == "www" || text.substr(i - 3, 3) == "WWW");
  // An image, and an issue: ![a](b), #12.
  if (c == '!') return i + 1 < text.size() && text[i + 1] == '[';
  if (c == '#') return i + 1 < text.size() && is_digit(text[i + 1]);
  return false;
}

const char* alignment(Align align) {
  return align == Align::left || align == Align::prose ? ":---" : "---:";
}

}  // namespace

std::string markdown_text(std::string_view text, bool at_line_start) {
  const std::size_t opener = at_line_start ? opener_at(text) : std::string_view::npos;
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == opener || needs_escape(text, i)) out += '\\';
    out += text[i];
  }
  return out;
}

void MarkdownPage::end_verbatim() {
  if (verbatim_.empty()) return;
  // Longer than any row of backticks inside.
  std::string fence = "```";
  while (verbatim_.find(fence) != std::string::npos) fence += '`';
  out_ += fence + "\n" + verbatim_ + fence + "\n";
  verbatim_.clear();
}

// Bullets, fields and lines of one block stand together. All else is apart.
void MarkdownPage::begin(Part part) {
  if (last_ == Part::verbatim && part != Part::verbatim) end_verbatim();
  if (last_ != Part::nothing && (part != last_ || part == Part::block)) out_ += '\n';
  last_ = part;
}

std::string MarkdownPage::take() {
  end_verbatim();
  return std::move(out_);
}

void MarkdownPage::title(std::string_view name, std::string_view when) {
  begin(Part::block);
  out_ += fmt::format("# {}\n\n{}\n", markdown_text(name), markdown_text(when));
}

void MarkdownPage::heading(std::string_view text) {
  begin(Part::block);
  out_ += fmt::format("## {}\n", markdown_text(text));
}

void MarkdownPage::subheading(std::string_view text) {
  begin(Part::block);
  out_ += fmt::format("### {}\n", markdown_text(text));
}

void MarkdownPage::sentence(std::string_view text) {
  begin(Part::block);
  out_ += markdown_text(text, true) + "\n";
}

void MarkdownPage::bullet(std::string_view text) {
  begin(Part::bullet);
  out_ += fmt::format("- {}\n", markdown_text(text, true));
}

void MarkdownPage::field(std::string_view name, std::string_view text) {
  begin(Part::field);
  if (name.empty()) {
    out_ += fmt::format("  - {}\n", markdown_text(text, true));
  } else {
    out_ += fmt::format("- **{}**: {}\n", markdown_text(name), markdown_text(text));
  }
}

void MarkdownPage::table(const Table& table) {
  begin(Part::block);
  std::string titles = "|";
  std::string rule = "|";
  for (const Column& column : table.columns()) {
    titles += fmt::format(" {} |", markdown_text(column.title));
    rule += fmt::format(" {} |", alignment(column.align));
  }
  out_ += titles + "\n" + rule + "\n";
  for (const Table::Row& row : table.rows()) {
    if (row.empty()) continue;  // Markdown has no rule between rows
    out_ += '|';
    for (const std::string& cell : row) out_ += fmt::format(" {} |", markdown_text(cell));
    out_ += '\n';
  }
}

void MarkdownPage::numbered(std::size_t number, std::string_view text,
                            const std::vector<std::pair<std::string, std::string>>& details) {
  begin(Part::block);
  const std::string first = fmt::format("{}. ", number);
  out_ += first + markdown_text(text, true) + "\n";
  for (const auto& [name, detail] : details) {
    out_ += fmt::format("{}- **{}**: {}\n", std::string(first.size(), ' '), markdown_text(name),
                        markdown_text(detail));
  }
}

void MarkdownPage::timeline(const std::vector<Moment>& moments) {
  begin(Part::block);
  for (const Moment& moment : moments) {
    out_ += "- " + markdown_text(moment.time, true);
    for (const std::string& what : moment.what) out_ += " · " + markdown_text(what);
    if (!moment.text.empty()) out_ += " — " + markdown_text(moment.text);
    out_ += '\n';
  }
}

void MarkdownPage::verbatim(std::string_view line) {
  begin(Part::verbatim);
  verbatim_ += std::string(line) + "\n";
}

}  // namespace ringside
