// Reads the tables [[receivers]], for config_toml.cpp.
#pragma once

#include <toml++/toml.h>

#include <vector>

#include "daemon/config/config.h"
#include "daemon/config/table_list.h"

namespace ringside {

void read_receivers(const toml::node& node, std::vector<ReceiverConfig>& receivers,
                    const TomlError& error);

}  // namespace ringside
