// The kinds of scenarios, by where the trouble is. Each file has those of one place.
#pragma once

#include <vector>

#include "tools/simulate/scenario.h"

namespace ringside::simulate {

std::vector<ScenarioKind> calm_kinds();
std::vector<ScenarioKind> database_kinds();
std::vector<ScenarioKind> server_kinds();
std::vector<ScenarioKind> work_kinds();
std::vector<ScenarioKind> client_kinds();
std::vector<ScenarioKind> host_kinds();
std::vector<ScenarioKind> post_mortem_kinds();
std::vector<ScenarioKind> long_kinds();

}  // namespace ringside::simulate
