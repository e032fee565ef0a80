#include "report/render/html/html_page.h"

#include <fmt/format.h>

#include "report/render/html/html_text.h"

namespace ringside::html {
namespace {

// "ERRORS AND WHAT …" becomes "Errors and what …". Headings are ours, and ASCII.
std::string sentence_case(std::string_view heading) {
  std::string out(heading);
  for (std::size_t i = 1; i < out.size(); ++i) {
    if (out[i] >= 'A' && out[i] <= 'Z') out[i] = static_cast<char>(out[i] - 'A' + 'a');
  }
  return out;
}

}  // namespace

void HtmlPage::begin(Part part) {
  if (part == open_) return;
  constexpr const char* kEnd[] = {"", "</ul>\n", "</dl>\n", "</pre>\n"};
  constexpr const char* kBegin[] = {"", "<ul>\n", "<dl>\n", "<pre>"};
  out_ += kEnd[static_cast<std::size_t>(open_)];
  out_ += kBegin[static_cast<std::size_t>(part)];
  open_ = part;
}

void HtmlPage::title(std::string_view name, std::string_view when) {
  name_ = name;
  when_ = when;
}

void HtmlPage::heading(std::string_view text) {
  begin(Part::none);
  if (!sections_.empty()) out_ += "</section>\n";
  const std::string id = fmt::format("s{}", sections_.size() + 1);
  constexpr std::string_view kVerdict = "VERDICT: ";
  if (text.starts_with(kVerdict)) {
    sections_.emplace_back(id, "Verdict");
    out_ +=
        fmt::format("<section id={} class=verdict><h2>Verdict <span class=badge>{}</span></h2>\n",
                    id, html::text(text.substr(kVerdict.size())));
    return;
  }
  sections_.emplace_back(id, sentence_case(text));
  out_ += fmt::format("<section id={}><h2>{}</h2>\n", id, html::text(sections_.back().second));
}

void HtmlPage::subheading(std::string_view text) {
  begin(Part::none);
  out_ += fmt::format("<h3>{}</h3>\n", html::text(text));
}

void HtmlPage::sentence(std::string_view text) {
  begin(Part::none);
  out_ += fmt::format("<p>{}</p>\n", html::text(text));
}

void HtmlPage::bullet(std::string_view text) {
  begin(Part::bullets);
  out_ += fmt::format("<li>{}</li>\n", html::text(text));
}

void HtmlPage::field(std::string_view name, std::string_view text) {
  begin(Part::fields);
  if (!name.empty()) out_ += fmt::format("<dt>{}</dt>", html::text(name));
  out_ += fmt::format("<dd>{}</dd>\n", html::text(text));
}

void HtmlPage::table(const Table& table) {
  begin(Part::none);
  out_ += "<div class=wide><table><thead><tr>";
  const auto& columns = table.columns();
  const auto is_figure = [&](std::size_t c) {
    return columns[c].align == Align::right || columns[c].align == Align::span;
  };
  for (std::size_t c = 0; c < columns.size(); ++c) {
    out_ +=
        fmt::format("<th{}>{}</th>", is_figure(c) ? " class=n" : "", html::text(columns[c].title));
  }
  out_ += "</tr></thead><tbody>\n";
  bool after_rule = false;
  for (const Table::Row& row : table.rows()) {
    if (row.empty()) {
      after_rule = true;
      continue;
    }
    out_ += after_rule ? "<tr class=sum>" : "<tr>";
    after_rule = false;
    for (std::size_t c = 0; c < row.size(); ++c) {
      const char* kind = is_figure(c)                       ? " class=n"
                         : columns[c].align == Align::prose ? " class=p"
                                                            : "";
      out_ += fmt::format("<td{}>{}</td>", kind, html::text(row[c]));
    }
    out_ += "</tr>\n";
  }
  out_ += "</tbody></table></div>\n";
}

void HtmlPage::numbered(std::size_t number, std::string_view text,
                        const std::vector<std::pair<std::string, std::string>>& details) {
  begin(Part::none);
  out_ += fmt::format("<div class=item><h3><span class=number>{}</span> {}</h3><dl>\n", number,
                      html::text(text));
  for (const auto& [name, detail] : details)
    out_ += fmt::format("<dt>{}</dt><dd>{}</dd>\n", html::text(name), html::text(detail));
  out_ += "</dl></div>\n";
}

void HtmlPage::timeline(const std::vector<Moment>& moments) {
  begin(Part::none);
  out_ += "<ol class=moments>\n";
  for (const Moment& moment : moments) {
    out_ += fmt::format("<li><time>{}</time>", html::text(moment.time));
    for (const std::string& what : moment.what)
      out_ += fmt::format(" <span>{}</span>", html::text(what));
    if (!moment.text.empty()) out_ += fmt::format(" <span>{}</span>", html::text(moment.text));
    out_ += "</li>\n";
  }
  out_ += "</ol>\n";
}

void HtmlPage::verbatim(std::string_view line) {
  begin(Part::verbatim);
  out_ += html::text(line) + "\n";
}

void HtmlPage::chart(Chart chart) {
  begin(Part::none);
  switch (chart) {
    case Chart::over_time: out_ += over_time(report_, charts_); break;
    case Chart::heat_map: out_ += heat_map(report_); break;
    case Chart::distributions: out_ += distributions(report_); break;
    case Chart::stages: out_ += stages(report_); break;
    case Chart::security: out_ += security(report_, charts_); break;
  }
}

std::string HtmlPage::body() {
  begin(Part::none);
  std::string links;
  for (const auto& [id, heading] : sections_)
    links += fmt::format("<a href=#{}>{}</a> ", id, html::text(heading));
  return fmt::format("<header><h1>{}</h1><p><time>{}</time></p></header>\n<nav>{}</nav>\n<main>\n",
                     html::text(name_), html::text(when_), links) +
         out_ + "</section>\n</main>\n";
}

}  // namespace ringside::html
