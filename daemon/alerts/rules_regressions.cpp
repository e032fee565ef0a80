// What an analysis of the report has found to have become slower (report/model/regressions.h).
#include <fmt/format.h>

#include "daemon/alerts/readings.h"
#include "report/model/format.h"

namespace ringside {

// The analysis has judged by then. So each entry is a fact, and has no threshold of its own.
void Readings::regressions() {
  for (const RegressionView& found : s_.regressions) {
    if (found.kind != RegressionView::Kind::slower) continue;
    Reading& r =
        add(AlertType::performance_regression, found.stage.empty() ? "latency" : found.stage,
            Levels::of(LevelBounds{0, 0}), AlertUnit::percent);
    r.ring = found.ring;
    r.operation = found.operation;
    r.suspect = found.stage;
    r.value = found.effect_percent;
    r.certain = true;
    r.judged = true;
    if (found.ongoing) r.reached = AlertLevel::warning;
    r.below.fill(!found.ongoing);
    r.text = escape_visible(found.text);
  }
}

}  // namespace ringside
