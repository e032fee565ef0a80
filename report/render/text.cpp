#include "report/render/text.h"

#include "report/render/text_page.h"

namespace ringside {

std::string render_text(const Report& report, const TextOptions& options) {
  TextPage page(options.width);
  write_document(page, report, options.limits);
  return page.take();
}

}  // namespace ringside
