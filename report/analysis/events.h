// Collects the findings about events.
#pragma once

#include "report/analysis/analysis.h"

namespace ringside::detail {

// The events of one topic that were ever seen, separately for each ring, in the order of
// names::kEvents.
std::vector<EventFinding> collect_events(const Snapshot& snapshot, Window window,
                                         names::Topic topic);

}  // namespace ringside::detail
