// What an analysis of the report has found to have become slower (report/model/regressions.h).
#include <algorithm>

#include "daemon/alerts/readings.h"
#include "report/model/format.h"

namespace ringside {
namespace {

std::string figure_of(const RegressionView& one) {
  return one.stage.empty() ? "latency" : one.stage;
}

// The list may hold one that is over beside a later one of the same figure. Both have one alert.
bool has_later(const std::vector<RegressionView>& all, std::size_t at) {
  const RegressionView& one = all[at];
  return std::any_of(all.begin() + static_cast<std::ptrdiff_t>(at) + 1, all.end(),
                     [&](const RegressionView& later) {
                       return later.kind == one.kind && later.ring == one.ring &&
                              later.operation == one.operation &&
                              figure_of(later) == figure_of(one);
                     });
}

}  // namespace

// The analysis has judged by then. So each entry is a fact, and has no threshold of its own. What
// has not lasted yet may pass by itself: nobody is called for it.
void Readings::regressions() {
  for (std::size_t i = 0; i < s_.regressions.size(); ++i) {
    const RegressionView& found = s_.regressions[i];
    if (found.kind != RegressionView::Kind::slower || has_later(s_.regressions, i)) continue;
    Reading& r = add(AlertType::performance_regression, figure_of(found),
                     Levels::of(LevelBounds{0, 0}), AlertUnit::percent);
    r.ring = found.ring;
    r.operation = found.operation;
    r.suspect = found.stage;
    // Of what is not seen any more nobody knows whether it is over.
    if (found.ongoing || found.ending != RegressionView::Ending::not_seen)
      r.value = found.effect_percent;
    r.certain = true;
    r.judged = true;
    const bool lasts = found.lasted_s >= alerts_.regression_after_ns / kSecond;
    if (found.ongoing && lasts) r.reached = AlertLevel::warning;
    r.below.fill(!found.ongoing);
    r.text = escape_visible(found.text);
  }
}

}  // namespace ringside
