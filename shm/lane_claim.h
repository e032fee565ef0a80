// How a thread gets a lane and gives it back.
#pragma once

#include <cstdint>

#include "shm/identity.h"
#include "shm/lane.h"
#include "shm/segment.h"

namespace ringside {

enum class Claim {
  owned,      // the lane is ours
  none_free,  // every lane belongs to a living thread, or we are of another pid namespace: use the
              // overflow lane
  no_memory,  // its pages could not be allocated (/dev/shm is full): use the overflow lane; if that
              // has no memory either, the thread goes untraced
};

struct ClaimedLane {
  Claim result = Claim::none_free;
  std::uint32_t lane = 0;
  LaneWriter writer{};
};

// Claims a lane for the calling thread: a released one first (its memory is there already), then a
// fresh one, then one whose owner's process has died. Not for signal handlers. `thread_name` is cut
// to 15 bytes.
ClaimedLane claim_lane(Segment& segment, const ProcessIdentity& self, std::uint32_t tid,
                       const char* thread_name);

// The overflow lane; its memory is allocated at the first call. result is owned or no_memory.
ClaimedLane claim_overflow(Segment& segment);

// Gives a lane back. Only its owner may.
void release_lane(Segment& segment, std::uint32_t lane);

}  // namespace ringside
