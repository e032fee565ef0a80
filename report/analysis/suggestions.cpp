// Optimisation suggestions. Each has its evidence in the figures, a gain computed from them, and a
// confidence that falls with the sample. A report without suggestions is a good one.
#include "report/analysis/suggestions.h"

#include <algorithm>
#include <utility>

#include "report/analysis/advice_figures.h"
#include "report/model/format.h"

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

namespace {

// A look has days before it, and a report perhaps a night. What it found lately and a shorter span
// can't tell is a suggestion of the report, too.
constexpr std::int64_t kLatelyNs = 3 * 3'600'000'000'000;

bool takes_days(AdviceKind kind) {
  return kind == AdviceKind::memory || kind == AdviceKind::connections ||
         kind == AdviceKind::descriptors || kind == AdviceKind::tight || kind == AdviceKind::loose;
}

void add_kept(const Snapshot& snapshot, const HistorySpan& history, std::vector<Suggestion>& out) {
  for (const HistoryAdvice& advice : history.advice) {
    const bool lately = advice.absent_looks == 0 && advice.last_ns <= snapshot.wall_ns &&
                        advice.last_ns >= snapshot.wall_ns - kLatelyNs;
    const bool made = std::any_of(out.begin(), out.end(),
                                  [&](const Suggestion& one) { return one.key == advice.key; });
    if (!takes_days(advice.key.kind) || !lately || made) continue;
    // A file may hold anything.
    Suggestion suggestion =
        suggest(advice.key, escape_visible(advice.what), escape_visible(advice.evidence),
                escape_visible(advice.gain), 0);
    set_confidence(suggestion, Confidence::medium,
                   "found at " + format_minute(advice.last_ns) + " in the days before");
    suggestion.figure = advice.last_figure;
    out.push_back(std::move(suggestion));
  }
}

}  // namespace

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
  if (history != nullptr) add_kept(snapshot, *history, out);
  std::stable_sort(out.begin(), out.end(), [](const Suggestion& a, const Suggestion& b) {
    return std::pair(a.gain_share, a.confidence) > std::pair(b.gain_share, b.confidence);
  });
}

}  // namespace ringside::detail
