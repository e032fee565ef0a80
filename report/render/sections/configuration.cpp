#include <algorithm>

#include "report/render/sections/sections.h"

namespace ringside::detail {

void write_configuration(const Section& section) {
  if (section.snapshot.is_past()) return;  // the history does not hold it
  section.page.heading("CONFIGURATION IN FORCE");
  if (section.snapshot.configuration.empty()) {
    section.page.sentence("Not stated by the daemon.");
    return;
  }
  std::string_view text = section.snapshot.configuration_changed;
  section.page.sentence(text.empty()
                            ? "Every key is at its default. The JSON report has all of them."
                            : "What differs from the defaults. The JSON report has every key.");
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    section.page.verbatim(escape_visible(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace ringside::detail
