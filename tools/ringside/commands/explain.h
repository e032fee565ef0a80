// A slow operation, beside its kind and beside what other threads did meanwhile.
#pragma once

#include <cstdint>
#include <string>

#include "tools/ringside/filter/filter_flags.h"

namespace ringside::tool {

struct ExplainOptions {
  std::string source;
  std::string place;              // LANE:POSITION; empty: the slowest that the filter lets through
  std::uint64_t companions = 12;  // how many of the others are listed
  bool json = false;
  FilterFlags filter;
};
int explain(const ExplainOptions& options);

}  // namespace ringside::tool
