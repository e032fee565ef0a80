#include "report/render/markdown.h"

#include "report/render/markdown_page.h"

namespace ringside {

std::string render_markdown(const Report& report, const Limits& limits) {
  MarkdownPage page;
  write_document(page, report, limits);
  return page.take();
}

}  // namespace ringside
