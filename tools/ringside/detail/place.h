// Where a record stands, as `tail` prints it and as people give it: LANE:POSITION.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/ringside/source/records.h"
#include "tools/ringside/source/source.h"

namespace ringside::tool {

struct RecordPlace {
  std::uint32_t lane = 0;
  std::uint64_t position = 0;

  std::string text() const { return std::to_string(lane) + ":" + std::to_string(position); }
};

// Nothing for text that is no place.
std::optional<RecordPlace> parse_place(const std::string& text);

// The record there, among all that a source holds. Null, and `why` set to "found …, expected …" and
// what to do next, when it is not there (any more).
const Seen* find_record(const Source& source, const std::vector<Seen>& all, RecordPlace place,
                        std::string* why);

}  // namespace ringside::tool
