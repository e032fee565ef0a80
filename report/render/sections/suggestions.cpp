#include <fmt/format.h>

#include <algorithm>

#include "report/render/sections/sections.h"

namespace ringside::detail {
namespace {

using Details = std::vector<std::pair<std::string, std::string>>;

const KeptAdvice* kept_of(const Analysis& analysis, const AdviceKey& key) {
  const KeptAdvice* latest = nullptr;
  for (const KeptAdvice& kept : analysis.kept_advice) {
    if (kept.advice.key == key && kept.state == KeptAdvice::State::holds &&
        (latest == nullptr || kept.advice.last_ns > latest->advice.last_ns))
      latest = &kept;
  }
  return latest;
}

bool is_suggested(const Analysis& analysis, const AdviceKey& key) {
  return std::any_of(analysis.suggestions.begin(), analysis.suggestions.end(),
                     [&](const Suggestion& one) { return one.key == key; });
}

void write_present(const Section& section) {
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
    Details details = {{"evidence", suggestion.evidence},
                       {"gain", suggestion.gain},
                       {"confidence", fmt::format("{}: {}", confidence_name(suggestion.confidence),
                                                  suggestion.why)}};
    const KeptAdvice* kept = kept_of(section.analysis, suggestion.key);
    if (kept != nullptr && kept->advice.first_ns < section.snapshot.wall_ns) {
      details.emplace_back(
          "since", fmt::format("{}: {}", format_minute(kept->advice.first_ns), outcome_of(*kept)));
    }
    section.page.numbered(i + 1, suggestion.what, details);
  }
}

// The text has the latest ones, the other renderings all.
void write_earlier(const Section& section) {
  std::vector<const KeptAdvice*> earlier;
  for (const KeptAdvice& kept : section.analysis.kept_advice) {
    const bool told =
        kept.state == KeptAdvice::State::holds && is_suggested(section.analysis, kept.advice.key);
    if (!told) earlier.push_back(&kept);
  }
  if (earlier.empty()) return;
  section.page.subheading("Earlier advice, and what became of it");
  const std::size_t shown =
      section.limits.whole ? earlier.size() : std::min(earlier.size(), std::size_t{8});
  for (std::size_t i = 0; i < shown; ++i) {
    const KeptAdvice& kept = *earlier[i];
    const bool ended = kept.state != KeptAdvice::State::holds;
    section.page.numbered(i + 1, escape_visible(kept.advice.what),
                          {{"given", fmt::format("{} to {}{}", format_minute(kept.advice.first_ns),
                                                 format_minute(kept.advice.last_ns),
                                                 ended ? "" : "; it still holds")},
                           {"evidence", escape_visible(kept.advice.evidence)},
                           {"outcome", outcome_of(kept)}});
  }
  if (shown < earlier.size()) {
    section.page.sentence(fmt::format("And {} more: see the HTML or the JSON report.",
                                      format_count(earlier.size() - shown)));
  }
}

}  // namespace

void write_suggestions(const Section& section) {
  section.page.heading("OPTIMISATION SUGGESTIONS");
  write_present(section);
  write_earlier(section);
}

}  // namespace ringside::detail
