// How a thread gets a lane and gives it back.
#pragma once

#include <cstdint>

#include "shm/identity.h"
#include "shm/lane.h"
#include "shm/segment.h"

namespace ringside {

enum class Claim {
  owned,      // the lane is ours
  none_free,  // every lane belongs to a living thread: use the overflow lane
  no_memory,  // its pages could not be allocated (/dev/shm is full): use the overflow lane; if that
              // has no memory either, the thread goes untraced
};

struct ClaimedLane {
  Claim result = Claim::none_free;
  std::uint32_t lane = 0;
  LaneWriter writer{};
};

// Seat::process: 12 bits of the entry's index, and of its `entered` what fits above them.
constexpr std::uint32_t seat_process_word(std::uint32_t index, std::uint32_t entered) {
  return entered << 12 | (index & (kMaxProcesses - 1));
}

// Who claims, as readers are told.
struct LaneOwner {
  ProcessIdentity process;
  ProcessPlace place;  // in the ring's table
  std::uint32_t tid = 0;
  const char* thread_name = "";  // cut to 15 bytes
};

// Claims a lane for the calling thread: a released one first (its memory is there already), then a
// fresh one, then one whose owner died. The thread holds the lane's lock from now on. Not for
// signal handlers.
ClaimedLane claim_lane(Segment& segment, const LaneOwner& owner);
// The same, but looks at this lane alone: a small price for a thread that asks again and again.
ClaimedLane claim_lane_at(Segment& segment, std::uint32_t lane, const LaneOwner& owner);

// The overflow lane; its memory is allocated at the first call. result is owned or no_memory.
ClaimedLane claim_overflow(Segment& segment);

// A seat of the calling thread, and where it announces what it writes into the overflow lane.
struct ClaimedSeat {
  std::uint32_t seat = kSeatCount;  // kSeatCount: none
  Announcement* overflow = nullptr;
};

// Takes the seat if nobody alive holds it, and frees the slot that its dead holder left. Not for
// signal handlers.
ClaimedSeat claim_seat_at(Segment& segment, std::uint32_t seat, const LaneOwner& owner);
// The same for a seat whose holder died, or else for one that is free: the first from `first` on
// and round.
ClaimedSeat claim_seat(Segment& segment, std::uint32_t first, const LaneOwner& owner);
// Gives a seat back. Only the thread that claimed it may.
void release_seat(Segment& segment, std::uint32_t seat);

// Gives a lane back. Only the thread that claimed it may.
void release_lane(Segment& segment, std::uint32_t lane);

}  // namespace ringside
