// What the findings about events are made of.
#pragma once

#include "report/analysis/analysis.h"

namespace ringside::detail {

// The events of one topic that were ever seen, in the order of names::kEvents; each ring's for
// itself.
std::vector<EventFinding> collect_events(const Snapshot& snapshot, Window window,
                                         names::Topic topic);

}  // namespace ringside::detail
