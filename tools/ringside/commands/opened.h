// What every command on records does first: open the source, and make the filter ready for it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/ringside/filter/filter_flags.h"
#include "tools/ringside/filter/matcher.h"
#include "tools/ringside/source/source.h"

namespace ringside::tool {

struct Opened {
  Source source;
  std::vector<Seen> first;  // what is there already, in the order of their ends
  std::optional<Matcher> matcher;
  int code = 0;  // not 0: failed, and said so on standard error
};

// `command` is the name that errors begin with. `all`: as Records::read(). `raw`: with records that
// are not believable.
Opened open_filtered(const char* command, const std::string& name, const FilterFlags& flags,
                     bool all, bool raw = false);

}  // namespace ringside::tool
