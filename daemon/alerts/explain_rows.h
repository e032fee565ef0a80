// The rows of the tables of levels that --explain prints, for explain.cpp.
#pragma once

#include <string>
#include <vector>

#include "daemon/alerts/explain.h"

namespace ringside {

struct LevelRow {
  std::string name;
  Levels levels;
  std::string from;  // empty: as the keys say
};

// The first row is for all that have no row of their own. The others have the names that the
// configuration, the snapshot and the normals (either may be null) know, in their order.
std::vector<LevelRow> level_rows(const ExplainedFigure& figure, const Config& config,
                                 const Snapshot* snapshot, const Normals* normals);

}  // namespace ringside
