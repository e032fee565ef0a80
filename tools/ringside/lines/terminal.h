// What standard output is.
#pragma once

#include <cstddef>

namespace ringside::tool {

struct Terminal {
  bool is_one = false;        // standard output is a terminal
  bool colour = false;        // and NO_COLOR is not set, and TERM is not "dumb"
  bool many_colours = false;  // and TERM knows 256 of them
  std::size_t columns = 100;  // its width, or this
  std::size_t rows = 24;      // its height, or this
};

Terminal standard_output();

}  // namespace ringside::tool
