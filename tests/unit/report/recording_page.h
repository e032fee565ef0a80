// A second page beside the text page. It keeps what the sections write, as data.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "report/render/page.h"

namespace sample {

class RecordingPage final : public ringside::Page {
 public:
  struct Element {
    std::string kind;                // the name of the member function that wrote it
    std::vector<std::string> texts;  // the arguments; a table's are row by row
  };
  using Row = ringside::Table::Row;

  void title(std::string_view name, std::string_view when) override { add("title", {name, when}); }
  void heading(std::string_view text) override { add("heading", {text}); }
  void subheading(std::string_view text) override { add("subheading", {text}); }
  void sentence(std::string_view text) override { add("sentence", {text}); }
  void bullet(std::string_view text) override { add("bullet", {text}); }
  void field(std::string_view name, std::string_view text) override { add("field", {name, text}); }
  void verbatim(std::string_view line) override { add("verbatim", {line}); }
  void table(const ringside::Table& table) override;
  void numbered(std::size_t number, std::string_view text,
                const std::vector<std::pair<std::string, std::string>>& details) override;
  void timeline(const std::vector<ringside::Moment>& moments) override;

  const std::vector<Element>& elements() const { return elements_; }
  // The elements of one section, without its heading.
  std::vector<Element> section(std::string_view heading) const;
  // The rows of the tables with these column titles ("a|b|c"), in order and without rules.
  std::vector<std::vector<Row>> tables(std::string_view titles) const;
  // All texts of one kind.
  std::vector<std::string> texts(std::string_view kind) const;

 private:
  void add(const char* kind, std::initializer_list<std::string_view> texts);

  std::vector<Element> elements_;
  std::vector<std::pair<std::string, std::vector<Row>>> tables_;
};

}  // namespace sample
