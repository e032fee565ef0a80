// One ring's shared memory: how it is created, how it is opened, and where its parts lie.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "shm/assert.h"
#include "shm/clock.h"
#include "shm/failure.h"
#include "shm/identity.h"
#include "shm/layout.h"
#include "shm/mapping.h"

namespace ringside {

// `chat` is /dev/shm/ringside.chat; anything with a '/' is that file. Empty, and `failure` set,
// when the name has characters other than letters, digits, '.', '_' and '-', or more than 64 of
// them.
std::string ring_path(const std::string& ring, Failure* failure);

// Where a crashed server's ring is moved to when the server is started again.
std::string previous_path(const std::string& path);

class Segment {
 public:
  Segment(std::unique_ptr<Mapping> mapping, Geometry geometry, std::string path,
          std::uint64_t inode)
      : mapping_(std::move(mapping)), geometry_(geometry), path_(std::move(path)), inode_(inode) {}
  // The mapping stays while a lock in it is held (OwnerLock, O1): then it is never unmapped.
  ~Segment() {
    if (held_.load(std::memory_order_relaxed) > 0) Mapping::keep(std::move(mapping_));
  }
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  const std::string& path() const { return path_; }
  std::uint64_t inode() const { return inode_; }
  const Geometry& geometry() const { return geometry_; }
  bool broken() const { return mapping_->broken(); }

  SegmentHeader& header() const { return at<SegmentHeader>(0); }
  Control& control() const { return at<Control>(kControlOffset); }
  GaugeName* gauge_names() const { return &at<GaugeName>(kGaugesOffset); }
  Name* names() const { return &at<Name>(kNamesOffset); }
  ErrorName* error_names() const { return &at<ErrorName>(kErrorNamesOffset); }
  Seat& seat(std::uint32_t index) const {
    RINGSIDE_ASSERT(index < kSeatCount);
    return at<Seat>(kSeatsOffset + sizeof(Seat) * index);
  }
  // kMaxProcesses entries, of which header().processes_used have memory.
  ProcessEntry* processes() const { return &at<ProcessEntry>(geometry_.processes_offset()); }
  // kLabelCount entries, which have memory from kLabelsReady on.
  Label* labels() const { return &at<Label>(geometry_.labels_offset()); }
  // `lane` == geometry().lane_count is the overflow lane.
  LaneHeader& lane_header(std::uint32_t lane) const {
    RINGSIDE_ASSERT(lane <= geometry_.lane_count);
    return at<LaneHeader>(kLaneHeadersOffset + sizeof(LaneHeader) * lane);
  }
  Totals* totals(std::uint32_t lane) const {
    RINGSIDE_ASSERT(lane <= geometry_.lane_count);
    return &at<Totals>(geometry_.block_offset(lane));
  }
  Slot* slots(std::uint32_t lane) const {
    RINGSIDE_ASSERT(lane <= geometry_.lane_count);
    return &at<Slot>(geometry_.block_offset(lane) + sizeof(Totals) * kIdCount);
  }
  std::uint32_t overflow_lane() const { return geometry_.lane_count; }

  // In a forked child: what this process writes from here on is in no ring. The locks, which are
  // linked to each other, are as they were. False without memory.
  bool part() {
    const std::uint32_t used =
        std::min(header().processes_used.load(std::memory_order_acquire), kMaxProcesses);
    return mapping_->part(geometry_.processes_offset() + sizeof(ProcessEntry) * used);
  }

  // Take and give back a lock of this segment. As OwnerLock's.
  Holder take(OwnerLock& lock) {
    const Holder before = lock.take();
    if (before != Holder::alive) held_.fetch_add(1, std::memory_order_relaxed);
    return before;
  }
  bool give_back(OwnerLock& lock) {
    const bool given = lock.give_back();
    if (given) held_.fetch_sub(1, std::memory_order_relaxed);
    return given;
  }

 private:
  template <typename T>
  T& at(std::uint64_t offset) const {
    return *reinterpret_cast<T*>(mapping_->data() + offset);
  }

  std::unique_ptr<Mapping> mapping_;
  Geometry geometry_;
  std::string path_;
  std::uint64_t inode_;
  std::atomic<std::uint32_t> held_{0};   // locks that threads of this process took through us
};

struct CreateOptions {
  std::string path;
  std::string program;        // shown by readers; cut to 47 bytes
  std::string build_id;       // likewise
  std::string configuration_digest;  // likewise; cut to 71 bytes
  Geometry geometry;
  unsigned mode = 0600;       // of the file: who may read the ring
  std::string group;          // of the file, by name or number; it may read the ring, too
  bool share = false;         // join a living ring of the same geometry instead of refusing it
  bool slow_clock = false;    // trace although a read of the clock takes 500 ns or more
};

// Where a process stands in a ring's table: the index of its entry, and the number that `entered`
// had there. It tells the process from others that had the entry before or get it later.
struct ProcessPlace {
  std::uint32_t index = kMaxProcesses;  // kMaxProcesses: nowhere
  std::uint32_t entered = 0;

  bool somewhere() const { return index < kMaxProcesses; }
};

struct Created {
  std::unique_ptr<Segment> segment;   // writable; null when it couldn't be had
  bool joined = false;
  ProcessPlace place;                 // of this process; the calling thread holds it
  // What is worse than it could be, each in two lines as in a failure; empty when nothing is.
  std::string remarks;
};

// Creates the ring under its name. The ring is whole from the first moment that anybody can see it.
// A dead server's ring under that name is moved to previous_path(), or removed if it was closed in
// order. A living server's ring is joined with `share` and refused without. Never follows a
// symbolic link, never touches another user's file, never replaces a file that is no ring.
Created create_segment(const CreateOptions& options, const ProcessIdentity& self, Failure* failure);

// Says that this process writes no more. The last process to leave marks the ring closed and,
// unless `keep`, removes the name. Readers that have it open can read on.
void leave_segment(Segment& segment, ProcessPlace place, bool keep);

// A copy of a header's fixed part, and whose file it is. Readers check the copy and never read the
// header again.
struct SegmentFacts {
  std::uint32_t creator_pid = 0;
  std::uint64_t creator_start_time = 0;
  Geometry geometry;
  ClockKind clock = ClockKind::monotonic;
  std::uint64_t instance[2] = {0, 0};
  BootId boot_id;
  std::uint64_t pid_namespace = 0;
  bool death_marked = false;
  std::uint64_t ticks_per_second = 0;
  std::uint64_t anchor_ticks = 0;
  std::int64_t anchor_monotonic_ns = 0;
  std::int64_t anchor_realtime_ns = 0;
  std::string program;
  std::string build_id;              // empty: not given
  std::string configuration_digest;  // likewise
  std::string file_name;    // as it was created; empty where it is longer than the header's field
  std::uint32_t owner = 0;  // the file's user; 0 for a ring that is in memory already
};

// The user who must own a ring's file.
struct FileOwner {
  std::uint32_t uid = 0;
  std::string name;  // for messages; empty where only the number is known

  friend bool operator==(const FileOwner& a, const FileOwner& b) {
    return a.uid == b.uid && a.name == b.name;
  }
};

struct OpenOptions {
  bool writable = false;    // for `ringside control`
  bool any_owner = false;   // accept a file of a user other than us and root
  bool mapped = false;      // the path is one of /proc/PID/map_files: a link that is followed
  std::optional<FileOwner> owner = {};  // accept a file of this user alone, whatever any_owner says
};

// Whether a file of that user is accepted.
bool owner_accepted(const OpenOptions& options, std::uint32_t uid);

// Opens a ring. Null and `failure` set when there is none, it isn't one, or it may not be trusted.
std::unique_ptr<Segment> open_segment(const std::string& path, const OpenOptions& options,
                                      SegmentFacts* facts, Failure* failure);

// The same for a ring whose bytes are in memory already. `memory` begins a page and has the whole
// file, `bytes` long. It stays as long as the segment, which copies nothing.
std::unique_ptr<Segment> open_segment_in(unsigned char* memory, std::uint64_t bytes,
                                         const std::string& path, std::uint64_t inode,
                                         SegmentFacts* facts, Failure* failure);

// A ring on a disk may be of an earlier boot: its clock is gone, and today's CLOCK_MONOTONIC began
// later. If it is, the result is true, and facts->anchor_monotonic_ns becomes what today's clock
// would have shown at the ring's creation (it may be negative). So its records keep their wall
// times.
bool move_to_this_boot(SegmentFacts* facts, const Instant& now);

// Returns the scale that reads a ring's ticks. Also moves the facts to this boot.
TickScale scale_of(SegmentFacts* facts, const Instant& now);

// Whether any process that writes this ring is alive. `dead` when the ring is of another boot.
// `unknown` only where the kernel does not mark the dead and /proc cannot tell either.
Liveness segment_liveness(const Segment& segment, const SegmentFacts& facts);

}  // namespace ringside
