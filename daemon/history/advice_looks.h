// One look for advice: what the figures of the last hour and the days before suggest, and what they
// say of what was suggested earlier.
#pragma once

#include <string>
#include <vector>

#include "report/model/advice.h"
#include "report/model/snapshot.h"

namespace ringside {

// Reads the days before from the history at `path`: the gauges' hours, and those of the operations
// whose thresholds the last hour makes doubtful. Without them, only what the snapshot says.
std::vector<AdviceLook> advice_of(const Snapshot& snapshot, const std::string& path,
                                  const std::vector<AdviceKey>& open);

}  // namespace ringside
