#include "report/analysis/kept_advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "report/analysis/advice_figures.h"
#include "report/analysis/analysis.h"
#include "report/analysis/labels.h"
#include "report/analysis/shares.h"
#include "report/model/format.h"

namespace ringside {
namespace {

constexpr std::int64_t kHourNs = 3'600'000'000'000;
constexpr std::int64_t kDayNs = 24 * kHourNs;

// A level of its operation that fell from two hours before it was last given until two after it no
// longer was.
std::string change_near_end(const HistoryAdvice& advice, const Analysis& analysis) {
  if (advice.key.kind != AdviceKind::operation && advice.key.kind != AdviceKind::tail) return {};
  for (const LevelChange& one : analysis.changes.found) {
    const std::int64_t wall_ns = one.change.begin_wall_s * 1'000'000'000;
    if (one.ring != advice.key.ring || one.operation != advice.key.subject ||
        one.change.effect_percent >= 0 || wall_ns < advice.last_ns - 2 * kHourNs ||
        wall_ns > advice.absent_since_ns + 2 * kHourNs)
      continue;
    return fmt::format("its p{:.0f} fell from {} to {} at {}", one.quantile * 100,
                       format_span(one.change.before), format_span(one.change.after),
                       format_minute(wall_ns));
  }
  return {};
}

KeptAdvice judge(const HistoryAdvice& advice, const Snapshot& snapshot, const HistorySpan* history,
                 const Analysis& analysis) {
  KeptAdvice kept;
  kept.advice = advice;
  // What the quiet hours of a day have not, the busy ones may have again. Only what was done can
  // tell sooner.
  const bool changed = advice.change.wall_ns != 0;
  const bool over = advice.absent_looks >= kLooksUntilOver &&
                    (changed || advice.absent_ns - advice.last_ns >= kDayNs);
  if (over) {
    kept.state = changed ? KeptAdvice::State::followed : KeptAdvice::State::over;
    kept.change_point = change_near_end(advice, analysis);
  } else if (snapshot.wall_ns - std::max(advice.last_ns, advice.absent_ns) > kDayNs) {
    kept.state = KeptAdvice::State::unseen;
  }
  kept.figure = over ? advice.absent_figure : advice.last_figure;
  kept.figure_wall_ns = over ? advice.absent_ns : advice.last_ns;
  const auto now = advice_figure(advice.key, snapshot, analysis, history);
  if (now && snapshot.wall_ns >= kept.figure_wall_ns) {
    kept.figure = *now;
    kept.figure_wall_ns = snapshot.wall_ns;
  }
  return kept;
}

}  // namespace

double KeptAdvice::gain() const {
  return advice.first_figure > 0 ? 1 - figure / advice.first_figure : 0;
}

const char* name_of(KeptAdvice::State state) {
  switch (state) {
    case KeptAdvice::State::holds: return "holds";
    case KeptAdvice::State::followed: return "followed";
    case KeptAdvice::State::over: return "over";
    case KeptAdvice::State::unseen: return "unseen";
  }
  return "holds";
}

std::string format_figure(AdviceUnit unit, double figure) {
  const auto whole = static_cast<std::uint64_t>(std::max(figure, 0.0) + 0.5);
  switch (unit) {
    case AdviceUnit::ns: return format_span(figure);
    case AdviceUnit::share: return format_percent(figure);
    case AdviceUnit::bytes_a_day: return format_bytes(whole) + " a day";
    case AdviceUnit::a_day: return format_count(whole) + " a day";
    case AdviceUnit::an_hour: return format_count(whole) + " an hour";
    case AdviceUnit::times: return format_number(figure) + " times";
  }
  return {};
}

std::string outcome_of(const KeptAdvice& kept) {
  const HistoryAdvice& advice = kept.advice;
  const AdviceUnit unit = unit_of(advice.key.kind);
  std::string text;
  if (kept.state == KeptAdvice::State::followed) {
    text = fmt::format("followed by a {} at {}{}{}. ", spoken(advice.change.kind),
                       format_minute(advice.change.wall_ns), advice.change.text.empty() ? "" : ": ",
                       escape_visible(advice.change.text));
  } else if (kept.state == KeptAdvice::State::over) {
    text = "no deploy, reload or start is known near its end. ";
  } else if (kept.state == KeptAdvice::State::unseen) {
    text = "since then too little was seen to tell. ";
  }
  if (!kept.change_point.empty()) text += fmt::format("Near its end {}. ", kept.change_point);
  text += fmt::format("{} then, {} ", format_figure(unit, advice.first_figure),
                      format_figure(unit, kept.figure));
  const double gain = kept.gain();
  constexpr double kSame = 0.05;
  if (std::abs(gain) < kSame) return text + "now: about the same.";
  return text +
         fmt::format("now: {} {}.", format_percent(std::abs(gain)), gain > 0 ? "less" : "more");
}

namespace detail {

void find_kept_advice(const Snapshot& snapshot, const HistorySpan* history, Analysis& analysis) {
  if (history == nullptr) return;
  for (const HistoryAdvice& advice : history->advice)
    analysis.kept_advice.push_back(judge(advice, snapshot, history, analysis));
  std::stable_sort(analysis.kept_advice.begin(), analysis.kept_advice.end(),
                   [](const KeptAdvice& a, const KeptAdvice& b) {
                     const auto holds = [](const KeptAdvice& one) {
                       return one.state == KeptAdvice::State::holds;
                     };
                     if (holds(a) != holds(b)) return holds(b);
                     return a.advice.last_ns > b.advice.last_ns;
                   });
}

}  // namespace detail

}  // namespace ringside
