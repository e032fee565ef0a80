// One ring's shared memory: how it is created, how it is opened, and where its parts lie.
#pragma once

#include <cstdint>
#include <memory>
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

  const std::string& path() const { return path_; }
  std::uint64_t inode() const { return inode_; }
  const Geometry& geometry() const { return geometry_; }
  bool broken() const { return mapping_->broken(); }

  SegmentHeader& header() const { return at<SegmentHeader>(0); }
  Control& control() const { return at<Control>(kControlOffset); }
  Gauge* gauges() const { return &at<Gauge>(kGaugesOffset); }
  Name* names() const { return &at<Name>(kNamesOffset); }
  ErrorName* error_names() const { return &at<ErrorName>(kErrorNamesOffset); }
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

 private:
  template <typename T>
  T& at(std::uint64_t offset) const {
    return *reinterpret_cast<T*>(mapping_->data() + offset);
  }

  std::unique_ptr<Mapping> mapping_;
  Geometry geometry_;
  std::string path_;
  std::uint64_t inode_;
};

struct CreateOptions {
  std::string path;
  std::string program;        // shown by readers; cut to 47 bytes
  Geometry geometry;
  unsigned mode = 0600;       // of the file: who may read the ring
  bool share = false;         // join a living ring of the same geometry instead of refusing it
};

struct Created {
  std::unique_ptr<Segment> segment;   // writable; null when it couldn't be had
  bool joined = false;
};

// Creates the ring under its name. The ring is whole from the first moment that anybody can see it.
// A dead server's ring under that name is moved to previous_path(), or removed if it was closed in
// order. A living server's ring is joined with `share` and refused without. Never follows a
// symbolic link, never touches another user's file, never replaces a file that is no ring.
Created create_segment(const CreateOptions& options, const ProcessIdentity& self, Failure* failure);

// Enters a process among the ring's writers. A forked child must do that. False when 32 are there
// already.
bool enter_process(Segment& segment, const ProcessIdentity& self);

// Says that this process writes no more. The last process to leave marks the ring closed and,
// unless `keep`, removes the name. Readers that have it open can read on.
void leave_segment(Segment& segment, const ProcessIdentity& self, bool keep);

// A copy of a header's fixed part. Readers check the copy and never read the header again.
struct SegmentFacts {
  std::uint32_t creator_pid = 0;
  std::uint64_t creator_start_time = 0;
  Geometry geometry;
  ClockKind clock = ClockKind::monotonic;
  std::uint64_t instance[2] = {0, 0};
  BootId boot_id;
  std::uint64_t pid_namespace = 0;
  std::uint64_t ticks_per_second = 0;
  std::uint64_t anchor_ticks = 0;
  std::int64_t anchor_monotonic_ns = 0;
  std::int64_t anchor_realtime_ns = 0;
  std::string program;
};

struct OpenOptions {
  bool writable = false;    // for `ringside control`
  bool any_owner = false;   // accept a file of a user other than us and root
};

// Opens a ring. Null and `failure` set when there is none, it isn't one, or it may not be trusted.
std::unique_ptr<Segment> open_segment(const std::string& path, const OpenOptions& options,
                                      SegmentFacts* facts, Failure* failure);

// A ring on a disk may be of an earlier boot: its clock is gone, and today's CLOCK_MONOTONIC began
// later. If it is, the result is true, and facts->anchor_monotonic_ns becomes what today's clock
// would have shown at the ring's creation (it may be negative). So its records keep their wall
// times.
bool move_to_this_boot(SegmentFacts* facts, const Instant& now);

// Returns the scale that reads a ring's ticks. Also moves the facts to this boot.
TickScale scale_of(SegmentFacts* facts, const Instant& now);

// Whether any process that writes this ring is alive. `dead` when the ring is of another boot.
// `unknown` when it is of another pid namespace, or when /proc cannot tell.
Liveness segment_liveness(const Segment& segment, const SegmentFacts& facts);

}  // namespace ringside
