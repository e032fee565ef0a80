// Which operations took another level over the days of a history, when, and after what.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "report/analysis/change_points.h"
#include "report/model/history.h"

namespace ringside {

struct LevelChange {
  std::string ring;
  std::string operation;
  double quantile = 0;  // 0.5 or 0.95
  ChangePoint change;   // its values are in nanoseconds
};

struct LevelChanges {
  std::int64_t begin_wall_s = 0;   // of the days
  std::int64_t slot_s = 0;         // an hour; of more than two months a day. 0: too short to tell
  std::size_t looked_at = 0;       // figures that are known often enough
  std::vector<LevelChange> found;  // in the order of time
};

// p50 and p95 of each operation, from three days on. A level has ten slots on each side of a change
// at least, so an incident of some hours is none. Slots with too few calls are passed over.
LevelChanges level_changes(const HistorySpan& history);

}  // namespace ringside
