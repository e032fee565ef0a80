#include "shm/lane_claim.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "shm/file_descriptor.h"
#include "shm/test_points.h"

namespace ringside {

namespace {

// Allocates a lane's pages and maps them in, so that no later store can fault on a full file
// system. Asks the mapping itself, not the path: the name may be another ring's by now.
bool allocate(Segment& segment, std::uint32_t lane) {
  const Geometry& geometry = segment.geometry();
  auto* begin = reinterpret_cast<unsigned char*>(segment.totals(lane));
  const std::uint64_t bytes = Geometry::block_bytes(geometry.capacity(lane));
#ifdef MADV_POPULATE_WRITE
  // Allocates without touching. On a full tmpfs it fails, where a plain store would raise SIGBUS.
  // It takes whole pages of the system, which on Arm may be larger than the layout's.
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const std::uintptr_t before = reinterpret_cast<std::uintptr_t>(begin) & (page - 1);
  if (madvise(begin - before, bytes + before, MADV_POPULATE_WRITE) == 0) return true;
  if (errno != EINVAL) return false;
#endif
  // Before Linux 5.14: allocate through a descriptor, if the name is still ours.
  const FileDescriptor file(open(segment.path().c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  struct stat info {};
  if (!file || fstat(file.get(), &info) != 0 || info.st_ino != segment.inode()) return false;
  int error;
  do {
    error = posix_fallocate(file.get(), static_cast<off_t>(geometry.block_offset(lane)),
                            static_cast<off_t>(bytes));
  } while (error == EINTR);
  return error == 0;
}

LaneWriter writer_of(Segment& segment, std::uint32_t lane) {
  return {segment.slots(lane), segment.totals(lane), &segment.lane_header(lane),
          segment.lane_header(lane).head.load(std::memory_order_acquire),
          std::uint64_t{segment.geometry().capacity(lane)} - 1};
}

void set_owner(LaneHeader& header, const ProcessIdentity& self, std::uint32_t tid,
               const char* thread_name) {
  // ORDER start time. With relaxed, it could be seen before the owner word that it belongs to.
  header.owner_start_time.store(self.start_time, std::memory_order_release);
  header.owner_tid.store(tid, std::memory_order_relaxed);
  std::uint64_t name[2] = {0, 0};
  std::memcpy(name, thread_name, strnlen(thread_name, sizeof name - 1));
  header.thread_name[0].store(name[0], std::memory_order_relaxed);
  header.thread_name[1].store(name[1], std::memory_order_relaxed);
  header.in_flight_start.store(0, std::memory_order_relaxed);
  header.in_flight_operation.store(0, std::memory_order_relaxed);
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

// Whether the owner's process has died. If so, its start time is removed: the next owner stores its
// pid first, and must not be judged by the old start time. If the start time has changed meanwhile
// (the owner stored it just before it died, or another claimer was faster), the lane is left for
// another attempt. A lane that was claimed with that start time still in it would be claimed again.
bool owner_died(LaneHeader& header, std::uint64_t owner, const ProcessIdentity& self) {
  // ORDER start time.
  std::uint64_t start_time = header.owner_start_time.load(std::memory_order_acquire);
  // Another claimer may have been faster. Then this is the start time of a living owner.
  if (header.owner.load(std::memory_order_acquire) != owner) return false;
  // Our own threads need no system call. Our own pid alone says nothing: a dead process may have
  // had it before.
  if (owner_pid(owner) == self.pid && (start_time == self.start_time || start_time == 0))
    return false;
  return process_liveness(owner_pid(owner), start_time) == Liveness::dead &&
         header.owner_start_time.compare_exchange_strong(start_time, 0, std::memory_order_relaxed);
}

enum class Pick { released, never, dead };

ClaimedLane try_lane(Segment& segment, std::uint32_t lane, Pick pick, const ProcessIdentity& self,
                     std::uint32_t tid, const char* thread_name) {
  LaneHeader& header = segment.lane_header(lane);
  // ORDER claim.
  std::uint64_t expected = header.owner.load(std::memory_order_acquire);
  const LaneState state = owner_state(expected);
  const std::uint32_t generation = owner_generation(expected) + 1;
  ClaimedLane claimed;
  claimed.lane = lane;
  switch (pick) {
    case Pick::released:
      if (state != kReleased) return claimed;
      break;
    case Pick::never:
      if (state != kNever) return claimed;
      break;
    case Pick::dead:
      if ((state != kOwned && state != kClaiming) || !owner_died(header, expected, self))
        return claimed;
      break;
  }
  const bool has_memory = state == kReleased || state == kOwned;
  const LaneState next = has_memory ? kOwned : kClaiming;
  if (!header.owner.compare_exchange_strong(expected, pack_owner(self.pid, generation, next),
                                            std::memory_order_acq_rel)) {
    return claimed;
  }
  RINGSIDE_TEST_POINT(claim_taken);
  set_owner(header, self, tid, thread_name);
  if (!has_memory) {
    if (!allocate(segment, lane)) {
      // As in release_lane(): the next claimer would be judged by our start time.
      header.owner_start_time.store(0, std::memory_order_relaxed);
      header.owner.store(pack_owner(0, generation, kNever), std::memory_order_release);
      claimed.result = Claim::no_memory;
      return claimed;
    }
    RINGSIDE_TEST_POINT(claim_allocated);
    // ORDER claim.
    header.owner.store(pack_owner(self.pid, generation, kOwned), std::memory_order_release);
    RINGSIDE_TEST_POINT(claim_owned);
  }
  claimed.writer = writer_of(segment, lane);
  if (pick == Pick::dead && has_memory) settle(claimed.writer);
  RINGSIDE_TEST_POINT(claim_settled);
  claimed.result = Claim::owned;
  return claimed;
}

}  // namespace

ClaimedLane claim_lane(Segment& segment, const ProcessIdentity& self, std::uint32_t tid,
                       const char* thread_name) {
  ClaimedLane claimed;
  // In another pid namespace (a sandboxed child) living owners look dead to us, and we to them.
  // Then two threads would write one lane. The overflow lane does not ask who writes.
  const std::uint64_t home = segment.header().pid_namespace;
  if (home != 0 && self.pid_namespace != home) return claimed;
  for (const Pick pick : {Pick::released, Pick::never, Pick::dead}) {
    for (std::uint32_t lane = 0; lane < segment.geometry().lane_count; ++lane) {
      claimed = try_lane(segment, lane, pick, self, tid, thread_name);
      if (claimed.result != Claim::none_free) return claimed;
    }
  }
  return claimed;
}

ClaimedLane claim_overflow(Segment& segment) {
  ClaimedLane claimed;
  claimed.lane = segment.overflow_lane();
  LaneHeader& header = segment.lane_header(claimed.lane);
  // Several threads may allocate at once. That does no harm, and the first success is enough for
  // all.
  if (owner_state(header.owner.load(std::memory_order_acquire)) != kOwned) {
    if (!allocate(segment, claimed.lane)) {
      claimed.result = Claim::no_memory;
      return claimed;
    }
    RINGSIDE_TEST_POINT(claim_allocated);
    header.owner.store(pack_owner(0, 0, kOwned), std::memory_order_release);
    RINGSIDE_TEST_POINT(claim_owned);
  }
  claimed.writer = writer_of(segment, claimed.lane);
  claimed.result = Claim::owned;
  return claimed;
}

void release_lane(Segment& segment, std::uint32_t lane) {
  RINGSIDE_ASSERT(lane < segment.overflow_lane());  // nobody gives back the overflow lane
  LaneHeader& header = segment.lane_header(lane);
  const std::uint64_t owner = header.owner.load(std::memory_order_relaxed);
  // Clear it. Until the next owner stores its own start time, it must not be judged by this one.
  header.owner_start_time.store(0, std::memory_order_relaxed);
  RINGSIDE_TEST_POINT(release_begun);
  // ORDER claim: the next owner sees this one's head and totals.
  header.owner.store(pack_owner(0, owner_generation(owner), kReleased), std::memory_order_release);
  RINGSIDE_TEST_POINT(release_done);
}

}  // namespace ringside
