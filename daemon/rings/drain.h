// One pass over a ring's lanes, from the slots into the metrics.
#pragma once

#include <cstdint>
#include <vector>

#include "daemon/metrics/ring_metrics.h"
#include "shm/lane_reader.h"
#include "shm/segment.h"

namespace ringside {

// What one pass came upon.
struct PassResult {
  std::uint64_t records = 0;    // read in this pass
  std::uint64_t lost = 0;       // found overwritten in this pass
  double fullest = 0;   // 0..1: of the fullest lane, how much had been written since the last pass
  bool attached = false;   // to a ring that was not read before: its server has just begun to write

  PassResult& operator+=(const PassResult& other) {
    records += other.records;
    lost += other.lost;
    fullest = fullest < other.fullest ? other.fullest : fullest;
    attached = attached || other.attached;
    return *this;
  }
};

// A lane that has something to read.
struct LaneToDrain {
  std::uint32_t lane = 0;
  bool overflow = false;
  std::uint64_t capacity = 0;
  const Slot* slots = nullptr;
  const LaneHeader* header = nullptr;
  LaneCursor* cursor = nullptr;
  RingMetrics::Counts* read_of = nullptr;       // believed records, by id
  RingMetrics::Counts* rejected_of = nullptr;   // others, by the id that they claim; may be null
  std::uint64_t moved = 0;   // how many positions the cursor moved on, read and lost

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

// Reads every lane until it has caught up with its writer, but at most two laps of it: the others
// must have their turn.
void drain(std::vector<LaneToDrain>& lanes, RingMetrics& metrics);

}  // namespace ringside
