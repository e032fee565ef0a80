// Switches a ring's tracing. The only command beside `replay` that opens a ring for writing.
#pragma once

#include <string>
#include <vector>

namespace ringside::tool {

struct ControlOptions {
  std::string ring;
  std::string setting;                  // on, off, 1/N; empty: shows what is set
  std::vector<std::string> operations;  // names or patterns; empty: all
  std::string lasting;                  // a duration; empty: until it is set again
  bool json = false;
};
int control(const ControlOptions& options);

}  // namespace ringside::tool
