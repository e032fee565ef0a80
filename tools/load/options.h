// The command line.
#pragma once

#include <string>

#include "tools/load/settings.h"

namespace ringside::load {

struct Options {
  Settings settings;
  std::string json_file;
};

// Returns -1 to go on, else the exit code: 0 after --help, 2 after a wrong flag. The error is
// printed to stderr by then.
int parse_options(int argc, const char* const* argv, Options& options);

}  // namespace ringside::load
