// Files that the HTML report carries inside: made from the tree and from Debian's Chart.js by
// CMake.
#pragma once

#include <string_view>

namespace ringside::html {

extern const std::string_view kChartJs;
extern const std::string_view kScript;
extern const std::string_view kStyle;

}  // namespace ringside::html
