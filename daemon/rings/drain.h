// One pass over a ring's lanes, from the slots into the metrics.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "daemon/metrics/ring_metrics.h"
#include "shm/lane_reader.h"
#include "shm/segment.h"

namespace ringside {

// What one pass found.
struct PassResult {
  std::uint64_t records = 0;    // read in this pass
  std::uint64_t lost = 0;       // found overwritten in this pass
  double fullest = 0;   // 0..1: how much of the fullest lane was written since the last pass
  bool attached = false;   // to a new ring, whose server has just begun to write

  PassResult& operator+=(const PassResult& other) {
    records += other.records;
    lost += other.lost;
    fullest = std::max(fullest, other.fullest);
    attached = attached || other.attached;
    return *this;
  }
};

// A lane that has something to read.
struct LaneToDrain {
  std::uint32_t lane;
  bool overflow;
  std::uint64_t capacity;
  const Slot* slots;
  const LaneHeader* header;
  LaneCursor* cursor;
  RingMetrics::Counts* read_of;       // believed records, by id
  RingMetrics::Counts* rejected_of;   // rejected ones, by their claimed id; may be null
  std::uint64_t moved = 0;   // positions that the cursor has moved, read and lost

  static LaneToDrain of(const Segment& segment, std::uint32_t lane, LaneCursor& cursor,
                        RingMetrics::Counts& read_of, RingMetrics::Counts* rejected_of = nullptr) {
    return {lane,
            lane == segment.overflow_lane(),
            segment.geometry().capacity(lane),
            segment.slots(lane),
            &segment.lane_header(lane),
            &cursor,
            &read_of,
            rejected_of,
            0};
  }
};

// Reads every lane until the reader has caught up with the writer, but at most two laps of it,
// because the other lanes must have their turn.
void drain(std::vector<LaneToDrain>& lanes, RingMetrics& metrics);

}  // namespace ringside
