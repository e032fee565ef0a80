// A page in Markdown, as GitHub reads it (GFM). Every text is escaped, so that a name is only a
// name: no link, no mention, no emphasis, no HTML, no cell of its own.
#pragma once

#include <string>
#include <string_view>

#include "report/render/page.h"

namespace ringside {

// Text that Markdown shows as it is. `at_line_start`: it stands where a list, a heading or a quote
// could begin.
std::string markdown_text(std::string_view text, bool at_line_start = false);

class MarkdownPage final : public Page {
 public:
  std::string take();

  void title(std::string_view name, std::string_view when) override;
  void heading(std::string_view text) override;
  void subheading(std::string_view text) override;
  void sentence(std::string_view text) override;
  void bullet(std::string_view text) override;
  void field(std::string_view name, std::string_view text) override;
  void table(const Table& table) override;
  void numbered(std::size_t number, std::string_view text,
                const std::vector<std::pair<std::string, std::string>>& details) override;
  void timeline(const std::vector<Moment>& moments) override;
  void verbatim(std::string_view line) override;

 private:
  enum class Part { nothing, block, bullet, field, verbatim };
  void begin(Part part);
  void end_verbatim();

  std::string out_;
  std::string verbatim_;  // lines of the block that is being collected
  Part last_ = Part::nothing;
};

}  // namespace ringside
