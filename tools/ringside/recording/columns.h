// The records of one lane as the payload of a chunk: column after column, each number as a
// difference where that makes it small.
//
//   u64 lane, u64 count, u64 position of the first; then of each record, in the order of positions
//     u64     how many positions lie between it and the one before (lost, or not asked for)
//     i64     start, less the end of the one before
//     i64     duration
//     8 raw   descriptor (operation, kind, outcome, flags, error): its first bytes, then its second
//             bytes, and so on
//     u64     actor
//     u64     subject
//     6 u64   stages: each word as spans of 21, 21 and 22 bits
//
// The words are kept whatever they hold, so records that are not believable come back, too.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tools/ringside/recording/format.h"
#include "tools/ringside/source/records.h"

namespace ringside::tool {

// `records` are of one lane, in the order of their positions, at most kMaxChunkRecords.
std::string encode_records(const std::vector<Seen>& records);

// Appends the records. False, and nothing appended, when the payload is not such a chunk, or when
// its lane is above `last_lane`.
bool decode_records(std::string_view payload, std::uint32_t last_lane, std::vector<Seen>& into);

}  // namespace ringside::tool
