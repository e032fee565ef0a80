// Reads the tables [[receivers]], for config_toml.cpp.
#pragma once

#include <toml++/toml.h>

#include <functional>
#include <string>
#include <vector>

#include "daemon/config/config.h"

namespace ringside {

// Takes an error: where, what was found and is allowed, and what to do next.
using TomlError = std::function<void(const toml::source_region& at, const std::string& what,
                                     const std::string& next)>;

void read_receivers(const toml::node& node, std::vector<ReceiverConfig>& receivers,
                    const TomlError& error);

}  // namespace ringside
