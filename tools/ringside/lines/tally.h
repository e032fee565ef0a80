// What a command made of the records that were written: it says so at its end.
#pragma once

#include <cstdint>
#include <string>

#include "tools/ringside/source/records.h"

namespace ringside::tool {

struct Tally {
  std::uint64_t matched = 0;
  std::uint64_t filtered = 0;  // by flags and expressions
  std::uint64_t left_out = 0;  // matched, but not among the last N that were asked for
  std::uint64_t later = 0;     // after the moment that was shown

  // "examined 1,300 records: 120 matched, 1,180 filtered out, 0 lost; 9,000 were written before".
  // matched + filtered + later + lost + those before = written. `counts` is the source's.
  std::string text(const RecordCounts& counts) const;
};

// Prints it to standard error, after standard output.
void say_tally(const char* command, const Tally& tally, const RecordCounts& counts);

}  // namespace ringside::tool
