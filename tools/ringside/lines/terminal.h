// What standard output is.
#pragma once

#include <cstddef>

namespace ringside::tool {

struct Terminal {
  bool is_one = false;        // standard output is a terminal
  bool colour = false;        // and NO_COLOR is not set, and TERM is not "dumb"
  std::size_t columns = 100;  // its width, or this
};

Terminal standard_output();

}  // namespace ringside::tool
