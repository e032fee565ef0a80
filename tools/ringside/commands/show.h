// One record, all of it.
#pragma once

#include <string>

namespace ringside::tool {

struct ShowOptions {
  std::string source;
  std::string place;  // LANE:POSITION
  bool json = false;
};
int show(const ShowOptions& options);

}  // namespace ringside::tool
