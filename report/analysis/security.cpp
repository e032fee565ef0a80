// What the server's events say about attacks and the defence against them.
#include <algorithm>

#include "report/analysis/events.h"
#include "report/model/names.h"

namespace ringside::detail {

void find_security(const Snapshot& snapshot, Analysis& analysis) {
  SecuritySummary& security = analysis.security;
  security.events = collect_events(snapshot, analysis.window, names::Topic::security);
  for (const SeriesView& series : snapshot.events) {
    const WindowStats& stats = series.window(analysis.window);
    if (series.name == names::kRateLimit) {
      const std::uint64_t limited =
          stats.outcomes[static_cast<std::size_t>(RecordOutcome::limited)];
      security.rate_limited += limited;
      security.rate_allowed += stats.count() - std::min(stats.count(), limited);
    } else if (series.name == names::kAuditWrite) {
      security.audit_ns += stats.sum_ns;
    }
  }
  security.rejected = snapshot.all.window(analysis.window)
                          .outcomes[static_cast<std::size_t>(RecordOutcome::rejected)];
  for (const StageTime& stage : analysis.all.stages) {
    if (stage.name == names::kSecurity) security.stage = stage;
    if (stage.name == names::kValidation) security.validation = stage;
  }
}

}  // namespace ringside::detail
