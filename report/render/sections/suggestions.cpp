#include <fmt/format.h>

#include "report/render/sections/sections.h"

namespace ringside::detail {

void write_suggestions(const Section& section) {
  section.page.heading("OPTIMISATION SUGGESTIONS");
  const auto& suggestions = section.analysis.suggestions;
  if (suggestions.empty()) {
    section.page.sentence(
        fmt::format("None: no rule found enough evidence in {}.",
                    count_of(section.analysis.all.timed, "timed operation", "timed operations")));
    return;
  }
  section.page.sentence(fmt::format(
      "From the figures of {}. Each gain stands alone: they overlap, and do not add up.",
      section.window()));
  for (std::size_t i = 0; i < suggestions.size(); ++i) {
    const Suggestion& suggestion = suggestions[i];
    section.page.numbered(
        i + 1, suggestion.what,
        {{"evidence", suggestion.evidence},
         {"gain", suggestion.gain},
         {"confidence",
          fmt::format("{}: {}", confidence_name(suggestion.confidence), suggestion.why)}});
  }
}

}  // namespace ringside::detail
