// One record, all of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/ringside/source/records.h"
#include "tools/ringside/source/ring_file.h"

namespace ringside::tool {

struct StagePart {
  std::string name;
  std::int64_t ns = 0;
  double share = 0;  // of the whole duration; 0 where that is not positive
};
// The stages that the record marked, and last what is in none of them, called "(none)", where that
// is more than the rounding of the stages.
std::vector<StagePart> stage_parts(const RingFile& file, const Record& record);

// "SEND_MESSAGE, 18.3 ms, error 7 DB_TIMEOUT, alice (user 42), room 7"
std::string record_title(const RingFile& file, const Record& record);
// Some twenty lines. `reference_ticks`: the moment from which its age is told.
std::string record_page(const RingFile& file, const Seen& seen, std::uint64_t reference_ticks);

}  // namespace ringside::tool
