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

struct OpenWish {
  bool all = false;  // as Records::read()
  bool raw = false;  // with records that are not believable
  // A recording is left to be read: it may be larger than the memory. `first` is empty then.
  bool stream = false;
};
// `command` is the name that errors begin with.
Opened open_filtered(const char* command, const std::string& name, const FilterFlags& flags,
                     const OpenWish& wish);
inline Opened open_filtered(const char* command, const std::string& name, const FilterFlags& flags,
                            bool all) {
  return open_filtered(command, name, flags, OpenWish{all, false, false});
}

}  // namespace ringside::tool
