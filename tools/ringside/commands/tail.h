// Records as they are written.
#pragma once

#include <cstdint>
#include <string>

#include "tools/ringside/filter/filter_flags.h"
#include "tools/ringside/lines/record_lines.h"

namespace ringside::tool {

struct TailOptions {
  std::string source;
  std::uint64_t records = 10;  // how many of those already there to show first
  bool once = false;           // and end
  bool follow = false;         // through restarts of the server
  bool labels = true;          // what the server calls users, rooms and addresses
  LineFormat format = LineFormat::text;
  FilterFlags filter;
};
// Shows records until the server leaves or dies, or the tool is interrupted. Returns the exit code.
int tail(const TailOptions& options);

}  // namespace ringside::tool
