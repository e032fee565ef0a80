// Writes records into a file.
#pragma once

#include <cstdint>
#include <string>

#include "tools/ringside/filter/filter_flags.h"

namespace ringside::tool {

struct RecordOptions {
  std::string source;
  std::string output;
  bool replace = false;
  bool snapshot = false;  // what is there now, and end
  std::int64_t for_ns = INT64_MAX;
  std::uint64_t most_bytes = std::uint64_t{1} << 30;
  std::string on;  // an expression; empty: everything is recorded
  std::int64_t before_ns = 5'000'000'000;
  std::int64_t after_ns = 2'000'000'000;
  std::uint64_t times = 1;
  FilterFlags filter;
};
// Records until the server leaves or dies, or the tool is interrupted. Returns the exit code.
int record(const RecordOptions& options);

}  // namespace ringside::tool
