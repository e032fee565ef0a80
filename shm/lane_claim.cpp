#include "shm/lane_claim.h"

#include <cstring>

#include "shm/populate.h"
#include "shm/test_points.h"

namespace ringside {

namespace {

bool populate_lane(Segment& segment, std::uint32_t lane) {
  const std::uint64_t bytes = Geometry::block_bytes(segment.geometry().capacity(lane));
  return populate(segment.totals(lane), static_cast<std::size_t>(bytes));
}

LaneWriter writer_of(Segment& segment, std::uint32_t lane) {
  return {segment.slots(lane), segment.totals(lane), &segment.lane_header(lane),
          segment.lane_header(lane).head.load(std::memory_order_acquire),
          std::uint64_t{segment.geometry().capacity(lane)} - 1};
}

void set_owner(LaneHeader& header, const LaneOwner& owner) {
  header.in_flight.start.store(0, std::memory_order_relaxed);
  header.process.store(process_word(owner.place.index, owner.place.entered),
                       std::memory_order_relaxed);
  // ORDER generation: who sees that the lane was claimed sees for whom.
  header.generation.store(header.generation.load(std::memory_order_relaxed) + 1,
                          std::memory_order_release);
  header.owner_pid.store(owner.process.pid, std::memory_order_relaxed);
  header.owner_start_time.store(owner.process.start_time, std::memory_order_relaxed);
  std::uint64_t name[2] = {0, 0};
  std::memcpy(name, owner.thread_name, strnlen(owner.thread_name, sizeof name - 1));
  header.thread_name[0].store(name[0], std::memory_order_relaxed);
  header.thread_name[1].store(name[1], std::memory_order_relaxed);
  // ORDER owner tid: the number that stands in the lock says that all this is of the lock's holder.
  header.owner_tid.store(owner.tid, std::memory_order_release);
}

// A dead owner may have stopped anywhere in write_record(). A record that it published but did not
// count in head is taken in. A half-written record is counted as torn, and its slot is written
// again.
//
// We may die here, too. So write the new torn count into the slot first. If we die, the next owner
// repeats the count instead of adding to it.
void settle(LaneWriter& writer) {
  Slot& slot = writer.slots[writer.position & writer.mask];
  const std::uint64_t sequence = slot.sequence.load(std::memory_order_acquire);
  if (sequence == 2 * (writer.position + 1)) {
    ++writer.position;
    writer.header->head.store(writer.position, std::memory_order_release);
  } else if (sequence == 2 * writer.position + 1 || sequence == kSettling) {
    if (sequence != kSettling) {
      // ORDER words -> check: the slot may still be read as last lap's record.
      slot.words[0].store(writer.header->torn.load(std::memory_order_relaxed) + 1,
                          std::memory_order_release);
      slot.sequence.store(kSettling, std::memory_order_release);
    }
    writer.header->torn.store(slot.words[0].load(std::memory_order_relaxed),
                              std::memory_order_relaxed);
    RINGSIDE_TEST_POINT(claim_torn);
    slot.sequence.store(0, std::memory_order_release);
  }
}

// Frees the slot of the overflow lane that a dead writer announced, if it died in it. The slot gets
// the sequence of a position that nobody waits for, the last lap's of the next writer there. For
// readers the record is lost. We may die here, too: then the next one does the same
// again, and finds the slot free.
void settle_overflow(Segment& segment, Announcement& announced) {
  const std::uint64_t position = announced.load(std::memory_order_relaxed) - 1;
  const std::uint32_t lane = segment.overflow_lane();
  const std::uint64_t capacity = segment.geometry().overflow_capacity;
  if (position != ~std::uint64_t{0} &&
      segment.lane_header(lane).state.load(std::memory_order_acquire) == kReady) {
    Slot& slot = segment.slots(lane)[position & (capacity - 1)];
    std::uint64_t begun = 2 * position + 1;
    // ORDER freed slot.
    slot.sequence.compare_exchange_strong(begun, 2 * (position + capacity),
                                          std::memory_order_release, std::memory_order_relaxed);
    RINGSIDE_TEST_POINT(claim_freed);
  }
  announced.store(0, std::memory_order_relaxed);
}

// What a claimer looks for. Each lane is one of them, unless its owner lives.
enum class Pick { released, never, dead };

bool fits(const LaneHeader& header, Pick pick) {
  const Holder holder = header.owner.holder();
  if (pick == Pick::dead) return holder == Holder::died;
  const bool has_memory = header.state.load(std::memory_order_relaxed) == kReady;
  return holder == Holder::none && has_memory == (pick == Pick::released);
}

}  // namespace

ClaimedLane claim_lane_at(Segment& segment, std::uint32_t lane, const LaneOwner& owner) {
  RINGSIDE_ASSERT(lane < segment.overflow_lane());
  LaneHeader& header = segment.lane_header(lane);
  ClaimedLane claimed;
  claimed.lane = lane;
  // ORDER owner: the last owner's head and totals are seen.
  const Holder before = segment.take(header.owner);
  if (before == Holder::alive) return claimed;
  RINGSIDE_TEST_POINT(claim_taken);
  const bool has_memory = header.state.load(std::memory_order_relaxed) == kReady;
  if (!has_memory) {
    if (!populate_lane(segment, lane)) {
      segment.give_back(header.owner);
      claimed.result = Claim::no_memory;
      return claimed;
    }
    RINGSIDE_TEST_POINT(claim_allocated);
    // ORDER pages: a reader that sees the state may touch the lane.
    header.state.store(kReady, std::memory_order_release);
    RINGSIDE_TEST_POINT(claim_ready);
  }
  set_owner(header, owner);
  claimed.writer = writer_of(segment, lane);
  if (before == Holder::died && has_memory) {
    settle(claimed.writer);
    settle_overflow(segment, header.overflow);
  }
  RINGSIDE_TEST_POINT(claim_settled);
  claimed.result = Claim::owned;
  return claimed;
}

ClaimedLane claim_lane(Segment& segment, const LaneOwner& owner) {
  for (const Pick pick : {Pick::released, Pick::never, Pick::dead}) {
    for (std::uint32_t lane = 0; lane < segment.geometry().lane_count; ++lane) {
      if (!fits(segment.lane_header(lane), pick)) continue;
      const ClaimedLane claimed = claim_lane_at(segment, lane, owner);
      if (claimed.result != Claim::none_free) return claimed;
    }
  }
  return {};
}

ClaimedLane claim_overflow(Segment& segment) {
  ClaimedLane claimed;
  claimed.lane = segment.overflow_lane();
  LaneHeader& header = segment.lane_header(claimed.lane);
  // Several threads may allocate at once. That does no harm, and the first success is enough for
  // all.
  if (header.state.load(std::memory_order_acquire) != kReady) {
    if (!populate_lane(segment, claimed.lane)) {
      claimed.result = Claim::no_memory;
      return claimed;
    }
    RINGSIDE_TEST_POINT(claim_allocated);
    header.state.store(kReady, std::memory_order_release);
    RINGSIDE_TEST_POINT(claim_ready);
  }
  claimed.writer = writer_of(segment, claimed.lane);
  claimed.result = Claim::owned;
  return claimed;
}

ClaimedSeat claim_seat_at(Segment& segment, std::uint32_t index, const LaneOwner& owner) {
  Seat& seat = segment.seat(index);
  // ORDER owner: the last holder's announcement is seen.
  const Holder before = segment.take(seat.lock);
  if (before == Holder::alive) return {};
  RINGSIDE_TEST_POINT(seat_taken);
  if (before == Holder::died) settle_overflow(segment, seat.overflow);
  seat.process.store(seat_process_word(owner.place.index, owner.place.entered),
                     std::memory_order_relaxed);
  // ORDER owner tid.
  seat.holder_tid.store(owner.tid, std::memory_order_release);
  return {index, &seat.overflow};
}

ClaimedSeat claim_seat(Segment& segment, std::uint32_t first, const LaneOwner& owner) {
  for (const Holder wanted : {Holder::died, Holder::none}) {
    for (std::uint32_t i = 0; i < kSeatCount; ++i) {
      const std::uint32_t seat = (first + i) % kSeatCount;
      if (segment.seat(seat).lock.holder() != wanted) continue;
      const ClaimedSeat claimed = claim_seat_at(segment, seat, owner);
      if (claimed.seat < kSeatCount) return claimed;
    }
  }
  return {};
}

void release_seat(Segment& segment, std::uint32_t seat) {
  segment.give_back(segment.seat(seat).lock);
}

void release_lane(Segment& segment, std::uint32_t lane) {
  RINGSIDE_ASSERT(lane < segment.overflow_lane());  // nobody gives back the overflow lane
  RINGSIDE_TEST_POINT(release_begun);
  // ORDER owner: the next owner sees this one's head and totals.
  segment.give_back(segment.lane_header(lane).owner);
  RINGSIDE_TEST_POINT(release_done);
}

}  // namespace ringside
