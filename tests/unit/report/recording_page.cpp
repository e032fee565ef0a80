#include "tests/unit/report/recording_page.h"

namespace sample {

void RecordingPage::add(const char* kind, std::initializer_list<std::string_view> texts) {
  Element& element = elements_.emplace_back();
  element.kind = kind;
  for (const std::string_view text : texts) element.texts.emplace_back(text);
}

void RecordingPage::table(const ringside::Table& table) {
  add("table", {});
  std::string titles;
  for (const ringside::Column& column : table.columns()) {
    titles += (titles.empty() && &column == table.columns().data() ? "" : "|") + column.title;
    elements_.back().texts.push_back(column.title);
  }
  std::vector<Row> rows;
  for (const Row& row : table.rows()) {
    if (row.empty()) continue;
    rows.push_back(row);
    elements_.back().texts.insert(elements_.back().texts.end(), row.begin(), row.end());
  }
  tables_.emplace_back(titles, rows);
}

void RecordingPage::numbered(std::size_t number, std::string_view text,
                             const std::vector<std::pair<std::string, std::string>>& details) {
  add("numbered", {std::to_string(number), text});
  for (const auto& [name, detail] : details) {
    elements_.back().texts.push_back(name);
    elements_.back().texts.push_back(detail);
  }
}

void RecordingPage::timeline(const std::vector<ringside::Moment>& moments) {
  add("timeline", {});
  for (const ringside::Moment& moment : moments) {
    std::vector<std::string>& texts = elements_.back().texts;
    texts.push_back(moment.time);
    texts.insert(texts.end(), moment.what.begin(), moment.what.end());
    texts.push_back(moment.text);
  }
}

std::vector<RecordingPage::Element> RecordingPage::section(std::string_view heading) const {
  std::vector<Element> found;
  bool inside = false;
  for (const Element& element : elements_) {
    if (element.kind == "heading") {
      inside = element.texts[0] == heading;
    } else if (inside) {
      found.push_back(element);
    }
  }
  return found;
}

std::vector<std::vector<RecordingPage::Row>> RecordingPage::tables(std::string_view titles) const {
  std::vector<std::vector<Row>> found;
  for (const auto& [columns, rows] : tables_) {
    if (columns == titles) found.push_back(rows);
  }
  return found;
}

std::vector<std::string> RecordingPage::texts(std::string_view kind) const {
  std::vector<std::string> found;
  for (const Element& element : elements_) {
    if (element.kind == kind) found.insert(found.end(), element.texts.begin(), element.texts.end());
  }
  return found;
}

}  // namespace sample
