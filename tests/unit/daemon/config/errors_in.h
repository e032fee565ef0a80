// The errors of a configuration's text, as a file "f".
#pragma once

#include <string>
#include <vector>

#include "daemon/config/config.h"

namespace ringside {

using Errors = std::vector<std::string>;

inline Errors errors_in(const std::string& text) { return parse_config(text, "f").errors; }

}  // namespace ringside
