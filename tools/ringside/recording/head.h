// What a ring is, without its records: the payloads of `head`, `totals` and `remainders`.
//
//   head        text the ring's path, text the filter (empty: all records), u64 entries of
//               processes, flag labels, then raw: the segment up to its processes, the entries, the
//               labels
//   totals      u64 lanes; of each: u64 its number, u64 how many ids; of each id: u64 the id,
//               u64 recorded, u64 skipped, u64 errors, u64 ticks
//   remainders  u64 lanes; of each: u64 its number, u64 the sequence of the slot behind its last
//               record, u64 that slot's first word
//
// Pages that the segment may not have are not read (shm/layout.h): entries of processes from
// processes_used on, labels before kLabelsReady, lanes that are kNever.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "shm/mapping.h"
#include "shm/segment.h"

namespace ringside::tool {

std::string encode_head(const Segment& segment, const std::string& path, const std::string& filter);
// Those of every lane that has memory. Several payloads where one would be too large.
std::vector<std::string> encode_totals(const Segment& segment);

// Those of the dead lanes that have one (shm/lane_reader.h, lane_remainder). Empty when none has.
std::string encode_remainders(const Segment& segment);

struct Head {
  std::string path;
  std::string filter;
  Geometry geometry;
  // Memory of a whole segment. What the head does not have is zeros, which cost nothing.
  std::unique_ptr<Mapping> memory;
};
// Puts the image in place. A head that has memory already must be of the same geometry. False, and
// the memory as it was, when the payload is no head.
bool decode_head(std::string_view payload, Head& head);
// Puts the totals in place. False when the payload is none of that geometry.
bool decode_totals(std::string_view payload, const Head& head);
// Puts the slots in place, so that lane_remainder() says of each lane what it said of the ring's.
// False when the payload is none of that geometry.
bool decode_remainders(std::string_view payload, const Head& head);

}  // namespace ringside::tool
