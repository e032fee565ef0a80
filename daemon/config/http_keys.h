// The keys of [http], for the table of all keys.
#pragma once

#include <vector>

#include "daemon/config/config_keys.h"

namespace ringside {

std::vector<ConfigKey<Config>> http_keys();

}  // namespace ringside
