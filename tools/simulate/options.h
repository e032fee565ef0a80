// The command line.
#pragma once

#include <string>

#include "tools/simulate/run.h"

namespace ringside::simulate {

struct Options {
  Corpus corpus;
  unsigned jobs = 1;
  bool trace = false;
  bool list = false;
  bool calm = false;
  bool month = false;
  bool regressions = false;
  std::string score_log;  // a real daemon's alert log
  std::string truth;      // what the load says of its incidents
  std::string json_file;
  std::string config_file;
};

// Returns the exit code when the program must end at once: 0 after --help, 2 after wrong usage. The
// message is printed by then. Negative: go on.
int parse_options(int argc, const char* const* argv, Options& options);

}  // namespace ringside::simulate
