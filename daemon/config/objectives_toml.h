// Reads the tables [[objectives]], for config_toml.cpp.
#pragma once

#include <toml++/toml.h>

#include <vector>

#include "daemon/config/config.h"
#include "daemon/config/table_list.h"

namespace ringside {

void read_objectives(const toml::node& node, std::vector<ObjectiveConfig>& objectives,
                     const TomlError& error);

}  // namespace ringside
