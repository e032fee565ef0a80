// Words in lines and columns, and where a value comes from, for explain.cpp.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "daemon/config/config.h"

namespace ringside {

// Words, broken into lines of 80 columns. Each line begins with `indent` spaces.
std::string wrapped(std::string_view text, std::size_t indent);
// Filled up with spaces, with one at the least.
std::string padded(const std::string& text, std::size_t columns);
// "default" or "configured": of the key with this path.
std::string origin(std::string_view path, const Config& config);

}  // namespace ringside
