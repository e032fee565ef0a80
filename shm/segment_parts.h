// Which bytes of a segment have memory. A reader that copies a whole ring must not touch the
// others: on tmpfs even a read would allocate pages (layout.h).
#pragma once

#include <cstdint>
#include <vector>

#include "shm/segment.h"

namespace ringside {

struct SegmentPart {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

// In ascending order: the tables, the entries of processes that are used, the labels and the lanes
// that are. What a server adds later is not among them.
std::vector<SegmentPart> parts_with_memory(const Segment& segment);

}  // namespace ringside
