// The segment: what two processes agree on, byte for byte. The protocol of a lane is in lane.h.
// ABI: changing a byte here or in record.h bumps kLayoutVersion.
//
//   offset      size           what                    written by
//        0      4096           SegmentHeader           the creator; the live part by every writer
//     4096      8192           Control                 `ringside control`; writers read it
//    12288      4096           Gauge[64]               the server
//    16384     65536           Name[512]               the server: operations, then events
//    81920     32768           ErrorName[512]          the server
//   114688     lanes+1 * 128   LaneHeader[lanes + 1]   each lane's owner; the last: overflow lane
//   rounded up to 4096, then for each lane, and last for the overflow lane:
//        +0     16384          Totals[512]             the lane's owner (overflow: all, atomically)
//    +16384     64 * capacity  Slot[capacity]          the lane's owner (overflow: who reserved it)
//
// Everything up to the first lane is allocated when the segment is created. A lane's pages are
// allocated when it is claimed. So a reader must not touch a lane whose state is kNever or
// kClaiming: on tmpfs even a read would allocate its pages, and on a full one raise SIGBUS.
//
//   L1  Geometry (lane_count, capacities) never changes after creation. A reader copies it once,
//       checks the copy, and never goes back to the header for a size.
//   L2  A segment appears under its name only when it is whole.
//   L3  Names are written once: kNameReady is stored last, with release, and never taken back.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "shm/record.h"

namespace ringside {

inline constexpr std::uint64_t kMagic = 0x4544495347'4e4952ULL;  // "RINGSIDE", little endian
inline constexpr std::uint32_t kLayoutVersion = 1;
inline constexpr std::uint32_t kByteOrder = 0x01020304;

inline constexpr std::uint32_t kPageBytes = 4096;
inline constexpr std::uint32_t kMaxOperations = 256;
inline constexpr std::uint32_t kMaxEvents = 64;
inline constexpr std::uint32_t kFirstEvent = kMaxOperations;
// Tables are indexed by id & (kIdCount - 1), so that no id, however wrong, leaves them.
inline constexpr std::uint32_t kIdCount = 512;
inline constexpr std::uint16_t kInvalidId = kIdCount - 1;
inline constexpr std::uint32_t kMaxGauges = 64;
inline constexpr std::uint32_t kMaxErrorNames = 512;
inline constexpr std::uint32_t kMaxProcesses = 32;

inline constexpr std::uint32_t kMinLanes = 1;
inline constexpr std::uint32_t kMaxLanes = 4096;
inline constexpr std::uint32_t kDefaultLanes = 64;
inline constexpr std::uint32_t kMinCapacity = 64;
inline constexpr std::uint32_t kMaxCapacity = 1U << 20;
inline constexpr std::uint32_t kDefaultCapacity = 4096;
// The most bytes of a whole segment. On tmpfs reading a hole allocates it. So the largest size that
// a header may claim is the most that a reader can be made to allocate and to scan.
inline constexpr std::uint64_t kMaxSegmentBytes = std::uint64_t{4} << 30;

// What the ring's ticks are.
enum class ClockKind : std::uint32_t {
  tsc = 1,        // x86 time stamp counter, invariant
  monotonic = 2,  // CLOCK_MONOTONIC, nanoseconds
  cntvct = 3,     // aarch64 virtual counter
};

// A process that holds something. A pid is reused. A pid with its start time is not.
struct ProcessSlot {
  std::atomic<std::uint32_t> pid;         // 0 free
  std::uint32_t reserved;
  // Clock ticks after boot, field 22 of /proc/PID/stat; 0 not yet known.
  std::atomic<std::uint64_t> start_time;
};

enum SegmentState : std::uint32_t { kSegmentReady = 1, kSegmentClosed = 2 };

struct SegmentHeader {
  // These first words keep their places in every layout version, so that a program of another
  // version can say what it found and whether its server still lives.
  std::uint64_t magic;
  std::uint32_t layout_version;
  std::uint32_t byte_order;         // kByteOrder as the writer stores it
  std::uint32_t word_bits;          // 64
  std::uint32_t creator_pid;
  std::uint64_t creator_start_time; // as ProcessSlot::start_time
  std::uint64_t segment_bytes;
  // Geometry and identity: fixed at creation.
  std::uint32_t lane_count;         // without the overflow lane
  std::uint32_t lane_capacity;      // records; a power of two
  std::uint32_t overflow_capacity;
  std::uint32_t clock_kind;         // ClockKind
  std::uint64_t instance[2];        // random; tells one ring from the next under the same name
  std::uint64_t boot_id[2];         // of the kernel that it lives under
  std::uint64_t pid_namespace;      // inode of the creator's /proc/self/ns/pid; 0 unknown
  std::uint64_t ticks_per_second;   // as the kernel states it; 0 if it doesn't: readers measure
  std::uint64_t anchor_ticks;       // one instant at creation in three clocks
  std::int64_t anchor_monotonic_ns;
  std::int64_t anchor_realtime_ns;
  char program[48];                 // NUL-terminated
  std::uint8_t reserved[80];
  // The live part begins here.
  std::atomic<std::uint32_t> state;              // SegmentState
  std::uint32_t reserved_state;
  std::atomic<std::uint64_t> untraced_threads;   // not even the overflow lane's memory was there
  std::atomic<std::uint64_t> untraced_records;   // records of such threads
  // Refused registrations: the table was full, or an error code had another name.
  std::atomic<std::uint64_t> names_refused;
  std::uint8_t reserved_live[224];
  ProcessSlot processes[kMaxProcesses];
};
static_assert(sizeof(SegmentHeader) == 1024);
static_assert(offsetof(SegmentHeader, magic) == 0);
static_assert(offsetof(SegmentHeader, creator_pid) == 20);
static_assert(offsetof(SegmentHeader, creator_start_time) == 24);
static_assert(offsetof(SegmentHeader, segment_bytes) == 32);
static_assert(offsetof(SegmentHeader, lane_count) == 40);
static_assert(offsetof(SegmentHeader, instance) == 56);
static_assert(offsetof(SegmentHeader, ticks_per_second) == 96);
static_assert(offsetof(SegmentHeader, program) == 128);
static_assert(offsetof(SegmentHeader, state) == 256);
static_assert(offsetof(SegmentHeader, processes) == 512);

// Switches, one word for each id: 0 off, 1 every one, n one in n (drawn at random, by each thread).
// Writers read `effective` alone; `requested` remembers the sampling while `enabled` is 0.
struct Control {
  std::atomic<std::uint32_t> enabled;  // 1 or 0
  std::atomic<std::uint32_t> reserved[15];
  std::atomic<std::uint32_t> effective[kIdCount];
  std::atomic<std::uint32_t> requested[kIdCount];
};
static_assert(offsetof(Control, effective) == 64);
static_assert(sizeof(Control) == 64 + 8 * kIdCount);
static_assert(sizeof(Control) <= 2 * kPageBytes);

enum NameState : std::uint32_t { kNameFree = 0, kNameWriting = 1, kNameReady = 2 };
// Above the state, while it is kNameWriting: the pid of the process that writes the entry (a pid
// has 22 bits at most).
inline constexpr std::uint32_t kNameStateMask = 0xff;
inline constexpr unsigned kNameWriterShift = 8;

struct Gauge {
  std::atomic<std::int64_t> value;
  std::atomic<std::uint32_t> state;  // NameState
  std::uint32_t reserved;
  char name[48];                     // NUL-terminated, as every name here
};
static_assert(sizeof(Gauge) == 64);

inline constexpr std::size_t kNameBytes = 40;
inline constexpr std::size_t kCategoryBytes = 16;
inline constexpr std::size_t kStageNameBytes = 16;

struct Name {
  std::atomic<std::uint32_t> state;  // NameState
  std::uint32_t reserved;
  char name[kNameBytes];
  char category[kCategoryBytes];     // empty for events
  char stages[kStageCount][kStageNameBytes - 2];
  std::uint8_t reserved_tail[8];
};
static_assert(sizeof(Name) == 128);

struct ErrorName {
  std::atomic<std::uint32_t> state;  // NameState
  std::uint32_t code;                // as in Record::error
  char name[56];
};
static_assert(sizeof(ErrorName) == 64);

// What a lane's owner has counted under one id. `recorded` changes only while the slot at the
// lane's head is odd, so a reader that finds head and slot unchanged around its copy has the totals
// exactly at head. count = recorded + skipped.
struct Totals {
  std::atomic<std::uint64_t> recorded;  // written into the ring (overflow lane: or dropped there)
  std::atomic<std::uint64_t> skipped;   // sampled out or only counted
  std::atomic<std::uint64_t> errors;    // outcomes error and timeout among both
  std::atomic<std::uint64_t> ticks;     // summed durations of the recorded, modulo 2^64
};
static_assert(sizeof(Totals) == 32);

struct Slot {
  std::atomic<std::uint64_t> sequence;
  std::atomic<std::uint64_t> words[7];
};
static_assert(sizeof(Slot) == sizeof(Record));
// A sequence that no position reaches. A dead owner left the slot at head half-written, and the
// next owner is counting it. words[0] is the lane's new `torn`.
inline constexpr std::uint64_t kSettling = ~std::uint64_t{0};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free &&
              sizeof(std::atomic<std::uint64_t>) == 8);

// A lane's life. Readers touch its totals and slots in kOwned and kReleased only.
//
//   kNever --claim--> kClaiming --pages allocated--> kOwned --thread ends--> kReleased --+
//      ^                  |                          ^  |                                 |
//      +--no memory-------+                          |  +--process died: next claimer     |
//                                                    +---------------------claim----------+
enum LaneState : std::uint8_t { kNever = 0, kClaiming = 1, kOwned = 2, kReleased = 3 };

struct LaneHeader {
  // The owner's hot line.
  // Positions published: the next record's position (overflow: reserved).
  std::atomic<std::uint64_t> head;
  std::atomic<std::uint64_t> dropped;   // overflow lane: reserved, counted, but never published
  std::atomic<std::uint64_t> in_flight_start;      // ticks; 0 nothing begun
  std::atomic<std::uint64_t> in_flight_operation;  // id + 1
  std::uint64_t reserved_hot[4];
  // Written at claim and release.
  // pid << 32 | generation (24 bits) << 8 | LaneState. Claimed by CAS alone; then its owner stores.
  std::atomic<std::uint64_t> owner;
  std::atomic<std::uint64_t> owner_start_time;  // as ProcessSlot::start_time; 0 not yet known
  std::atomic<std::uint32_t> owner_tid;
  std::uint32_t reserved_owner;
  std::atomic<std::uint64_t> torn;      // half-written records that later owners found at head
  std::atomic<std::uint64_t> thread_name[2];  // 16 bytes, NUL-padded
  std::uint64_t reserved_cold[2];
};
static_assert(sizeof(LaneHeader) == 128);
static_assert(offsetof(LaneHeader, owner) == 64);

constexpr std::uint64_t pack_owner(std::uint32_t pid, std::uint32_t generation, LaneState state) {
  return (std::uint64_t{pid} << 32) | (std::uint64_t{generation & 0xffffffU} << 8) | state;
}
constexpr std::uint32_t owner_pid(std::uint64_t owner) {
  return static_cast<std::uint32_t>(owner >> 32);
}
constexpr std::uint32_t owner_generation(std::uint64_t owner) {
  return static_cast<std::uint32_t>(owner >> 8) & 0xffffffU;
}
constexpr LaneState owner_state(std::uint64_t owner) {
  return static_cast<LaneState>(owner & 0xffU);
}

inline constexpr std::uint64_t kControlOffset = kPageBytes;
inline constexpr std::uint64_t kGaugesOffset = kControlOffset + std::uint64_t{2} * kPageBytes;
inline constexpr std::uint64_t kNamesOffset = kGaugesOffset + sizeof(Gauge) * kMaxGauges;
inline constexpr std::uint64_t kErrorNamesOffset = kNamesOffset + sizeof(Name) * kIdCount;
inline constexpr std::uint64_t kLaneHeadersOffset =
    kErrorNamesOffset + sizeof(ErrorName) * kMaxErrorNames;
static_assert(kNamesOffset == 16384 && kErrorNamesOffset == 81920 && kLaneHeadersOffset == 114688);

// Sizes that follow from the three numbers a creator chooses.
struct Geometry {
  std::uint32_t lane_count = kDefaultLanes;
  std::uint32_t lane_capacity = kDefaultCapacity;      // records
  std::uint32_t overflow_capacity = kDefaultCapacity;  // records

  static constexpr bool capacity_valid(std::uint32_t capacity) {
    return capacity >= kMinCapacity && capacity <= kMaxCapacity && (capacity & (capacity - 1)) == 0;
  }
  // Within the bounds of the counts no product below overflows 64 bits.
  constexpr bool valid() const {
    return lane_count >= kMinLanes && lane_count <= kMaxLanes && capacity_valid(lane_capacity) &&
           capacity_valid(overflow_capacity) && segment_bytes() <= kMaxSegmentBytes;
  }
  constexpr std::uint64_t lanes_offset() const {
    const std::uint64_t end =
        kLaneHeadersOffset + sizeof(LaneHeader) * (std::uint64_t{lane_count} + 1);
    return (end + kPageBytes - 1) / kPageBytes * kPageBytes;
  }
  // Whole pages, for every valid capacity.
  static constexpr std::uint64_t block_bytes(std::uint32_t capacity) {
    return sizeof(Totals) * kIdCount + sizeof(Slot) * std::uint64_t{capacity};
  }
  // `lane` == lane_count is the overflow lane.
  constexpr std::uint64_t block_offset(std::uint32_t lane) const {
    return lanes_offset() + block_bytes(lane_capacity) * lane;
  }
  constexpr std::uint32_t capacity(std::uint32_t lane) const {
    return lane < lane_count ? lane_capacity : overflow_capacity;
  }
  constexpr std::uint64_t segment_bytes() const {
    return block_offset(lane_count) + block_bytes(overflow_capacity);
  }
};
static_assert(Geometry::block_bytes(kMinCapacity) % kPageBytes == 0 &&
              sizeof(Slot) * kMinCapacity % kPageBytes == 0);

}  // namespace ringside
