// A filter where there are no single records: it can choose operations and events, by their name,
// category and kind, in the language of all filters. Anything else is refused with its place.
#pragma once

#include <string>

#include "tools/ringside/filter/filter_flags.h"
#include "tools/ringside/past/figures.h"

namespace ringside::tool::past {

class NameFilter {
 public:
  NameFilter() = default;
  // `expression` beside the flags; empty: none. False, and `error` set, when it cannot be read, or
  // asks for what only a record has.
  static bool read(const FilterFlags& flags, const std::string& expression, NameFilter& out,
                   FilterError& error);

  bool none() const { return wanted_.kind == Wanted::Kind::all && wanted_.parts.empty(); }
  bool wants(const SeriesKey& key, const std::string& category) const;

 private:
  Wanted wanted_;
};

}  // namespace ringside::tool::past
