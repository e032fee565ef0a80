// One pass over a ring's lanes, from the slots into the metrics.
#pragma once

#include <cstdint>
#include <vector>

#include "daemon/metrics/ring_metrics.h"
#include "shm/lane_reader.h"
#include "shm/segment.h"

namespace ringside {

// A lane that has something to read.
struct LaneToDrain {
  std::uint32_t lane = 0;
  bool overflow = false;
  std::uint64_t capacity = 0;
  const Slot* slots = nullptr;
  const LaneHeader* header = nullptr;
  LaneCursor* cursor = nullptr;
  RingMetrics::Counts* read_of = nullptr;   // believed records, by id
  std::uint64_t moved = 0;                  // how many positions the cursor moved on, read and lost

  static LaneToDrain of(const Segment& segment, std::uint32_t lane, LaneCursor& cursor, RingMetrics::Counts& read_of) {
    return {lane,
            lane == segment.overflow_lane(),
            segment.geometry().capacity(lane),
            segment.slots(lane),
            &segment.lane_header(lane),
            &cursor,
            &read_of,
            0};
  }
};

// Reads every lane until its writer has been caught up with, but at most two laps of it: the others must have their turn.
void drain(std::vector<LaneToDrain>& lanes, RingMetrics& metrics);

}  // namespace ringside
