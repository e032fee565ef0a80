#include <fmt/format.h>

#include <algorithm>

#include "report/analysis/past_snapshot.h"
#include "report/render/sections/sections.h"

namespace ringside::detail {
namespace {

void write_lines(Page& page, std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    page.verbatim(escape_visible(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// Each that was in force, and which of them the report judges by.
void write_past(const Section& section) {
  if (section.history == nullptr || section.history->configurations.empty()) return;
  section.page.heading("CONFIGURATION IN FORCE");
  const auto& all = section.history->configurations;
  const HistoryConfiguration* judge = configuration_in_force(*section.history);
  for (const HistoryConfiguration& one : all) {
    std::string text = fmt::format("In force from {} on. ", format_wall(one.wall_ns));
    if (all.size() > 1 && &one == judge)
      text += "This report judges by it: no other held longer in that time. ";
    text +=
        one.changed.empty() ? "Every key is at its default." : "What differs from the defaults:";
    section.page.sentence(text);
    write_lines(section.page, one.changed);
  }
}

}  // namespace

void write_configuration(const Section& section) {
  if (section.snapshot.is_past()) return write_past(section);
  section.page.heading("CONFIGURATION IN FORCE");
  if (section.snapshot.configuration.empty()) {
    section.page.sentence("Not stated by the daemon.");
    return;
  }
  const std::string_view text = section.snapshot.configuration_changed;
  section.page.sentence(text.empty()
                            ? "Every key is at its default. The JSON report has all of them."
                            : "What differs from the defaults. The JSON report has every key.");
  write_lines(section.page, text);
}

}  // namespace ringside::detail
