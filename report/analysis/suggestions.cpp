// Optimisation suggestions. Each has its evidence in the figures, a gain computed from them, and a
// confidence that falls with the sample. A report without suggestions is a good one.
#include "report/analysis/suggestions.h"

#include <algorithm>
#include <utility>

#include "report/analysis/advice_figures.h"

namespace ringside::detail {

Suggestion suggest(AdviceKey key, std::string what, std::string evidence, std::string gain,
                   double gain_share) {
  Suggestion suggestion;
  suggestion.key = std::move(key);
  suggestion.what = std::move(what);
  suggestion.evidence = std::move(evidence);
  suggestion.gain = std::move(gain);
  suggestion.gain_share = gain_share;
  return suggestion;
}

void set_confidence(Suggestion& suggestion, Confidence confidence, std::string why) {
  suggestion.confidence = confidence;
  suggestion.why = std::move(why);
}

void find_suggestions(const Snapshot& snapshot, const HistorySpan* history, Analysis& analysis) {
  std::vector<Suggestion>& out = analysis.suggestions;
  suggest_about_time(snapshot, analysis, out);
  suggest_about_events(snapshot, analysis, out);
  suggest_about_sight(snapshot, analysis, out);
  suggest_about_thresholds(snapshot, analysis, history, out);
  suggest_about_parties(snapshot, analysis, out);
  suggest_about_room(snapshot, history, out);
  for (Suggestion& suggestion : out)
    suggestion.figure = advice_figure(suggestion.key, snapshot, analysis, history).value_or(0);
  std::stable_sort(out.begin(), out.end(), [](const Suggestion& a, const Suggestion& b) {
    return std::pair(a.gain_share, a.confidence) > std::pair(b.gain_share, b.confidence);
  });
}

}  // namespace ringside::detail
