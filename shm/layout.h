// The segment: what two processes agree on, byte for byte. The protocol of a lane is in lane.h.
// ABI: changing a byte here or in record.h bumps kLayoutVersion.
//
//   offset      size           what                    written by
//        0      4096           SegmentHeader           the creator; the live part by every writer
//     4096      8192           Control                 `ringside control`; writers read it
//    12288      4096           GaugeName[64]           the server
//    16384     98304           Name[512]               the server: operations, then events
//   114688     32768           ErrorName[512]          the server
//   147456     16384           Seat[256]               each its holder: a thread without a lane
//   163840     lanes+1 * 192   LaneHeader[lanes + 1]   each lane's owner; the last: overflow lane
//   rounded up to 4096:
//        +0     2621440        ProcessEntry[4096]      each process that writes
//  +2621440     262144         Label[4096]             every writer
//   then for each lane, and last for the overflow lane:
//        +0     16384          Totals[512]             the lane's owner (overflow: all, atomically)
//    +16384     64 * capacity  Slot[capacity]          the lane's owner (overflow: who reserved it)
//
// Everything up to the processes is allocated when the segment is created. An entry of a process,
// the labels and a lane's pages are allocated when they are first used. So a reader must not touch
// entries from `processes_used` on, nor labels before kLabelsReady, nor a lane whose state is
// kNever: on tmpfs even a read would allocate pages, and on a full one raise SIGBUS.
//
//   L1  Geometry (lane_count, capacities) never changes after creation. A reader copies it once,
//       checks the copy, and never goes back to the header for a size.
//   L2  A segment appears under its name only when it is whole.
//   L3  Names are written once: kNameReady is stored last, with release, and never taken back.
//   L4  Whoever writes a lane, sits in a seat or stands among the processes holds the OwnerLock
//       there. Who lives is what the lock's word says. Pids, tids and start times are for people.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "shm/owner_lock.h"
#include "shm/record.h"

namespace ringside {

inline constexpr std::uint64_t kMagic = 0x4544495347'4e4952ULL;  // "RINGSIDE", little endian
inline constexpr std::uint32_t kLayoutVersion = 2;
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
inline constexpr std::uint32_t kMaxProcesses = 4096;
inline constexpr std::uint32_t kSeatCount = 256;

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

// What a server's code got wrong in a call. The header counts each.
enum Misuse : std::uint32_t {
  kMisusedId = 0,       // an event's id for an operation, or the other way round
  kMisusedOutcome = 1,  // an outcome that is none
  kMisusedStage = 2,    // a stage of number 6 or more
  kMisusedStamp = 3,    // a stamp of another clock
};
inline constexpr std::uint32_t kMisuseCount = 4;

// Whether the labels have memory.
enum LabelsState : std::uint32_t { kLabelsNever = 0, kLabelsReady = 1 };

enum SegmentState : std::uint32_t { kSegmentReady = 1, kSegmentClosed = 2 };

struct SegmentHeader {
  // These first words keep their places in every layout version, so that a program of another
  // version can say what it found and whether its server still lives.
  std::uint64_t magic;
  std::uint32_t layout_version;
  std::uint32_t byte_order;         // kByteOrder as the writer stores it
  std::uint32_t word_bits;          // 64
  std::uint32_t creator_pid;
  std::uint64_t creator_start_time; // as ProcessEntry::start_time
  std::uint64_t segment_bytes;
  // Geometry and identity: fixed at creation.
  std::uint32_t lane_count;         // without the overflow lane
  std::uint32_t lane_capacity;      // records; a power of two
  std::uint32_t overflow_capacity;
  std::uint32_t clock_kind;         // ClockKind
  std::uint64_t instance[2];        // random; tells one ring from the next under the same name
  std::uint64_t boot_id[2];         // of the kernel that it lives under
  std::uint64_t pid_namespace;      // inode of the creator's /proc/self/ns/pid; 0 unknown
  std::uint64_t ticks_per_second;   // as the processor states it; 0 if it doesn't: readers measure
  std::uint64_t anchor_ticks;       // one instant at creation in three clocks
  std::int64_t anchor_monotonic_ns;
  std::int64_t anchor_realtime_ns;
  char program[48];                 // NUL-terminated
  std::uint32_t death_marked;       // 1: the kernel marks the locks of the dead
  char file_name[76];               // as created, without its folder; NUL-terminated; empty: longer
  // The live part begins here.
  std::atomic<std::uint32_t> state;              // SegmentState
  std::uint32_t reserved_state;
  std::atomic<std::uint64_t> untraced_threads;   // not even the overflow lane's memory was there
  std::atomic<std::uint64_t> untraced_records;   // records of such threads
  // Refused registrations: the table was full, or an error code had another name.
  std::atomic<std::uint64_t> names_refused;
  // Registrations of a name that its field cuts to the name of another: the two are one.
  std::atomic<std::uint64_t> names_merged;
  std::atomic<std::uint64_t> misused[kMisuseCount];   // by Misuse
  // Entries of the process table that have memory. Grows; stored with release behind the entry.
  std::atomic<std::uint32_t> processes_used;
  std::atomic<std::uint32_t> processes_refused;  // that found the table full, or no memory
  std::atomic<std::uint64_t> labels_given;    // numbers that labels got so far
  std::atomic<std::uint64_t> labels_dropped;  // for want of memory, or of a free entry
  std::atomic<std::uint32_t> labels_state;    // LabelsState
  std::uint32_t reserved_labels;
  char build_id[48];              // of the creator, and fixed; NUL-terminated, empty: not given
  char configuration_digest[72];  // likewise
  std::uint8_t reserved_live[32];
  // Held for a moment by whoever enters a name or a process.
  OwnerLock registry;
  std::uint8_t reserved_registry[464];
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
static_assert(offsetof(SegmentHeader, file_name) == 180);
static_assert(offsetof(SegmentHeader, state) == 256);
static_assert(offsetof(SegmentHeader, processes_used) == 328);
static_assert(offsetof(SegmentHeader, registry) == 512);

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

// Written by whoever holds the header's `registry`. An entry that is kNameWriting while nobody
// holds it was begun by a process that died.
enum NameState : std::uint32_t { kNameFree = 0, kNameWriting = 1, kNameReady = 2 };

// A gauge's name. Its values stand with the processes.
struct GaugeName {
  std::atomic<std::uint32_t> state;  // NameState
  std::uint32_t reserved;
  char name[48];                     // NUL-terminated, as every name here
  std::uint64_t reserved_tail;
};
static_assert(sizeof(GaugeName) == 64);

inline constexpr std::size_t kNameBytes = 40;
inline constexpr std::size_t kCategoryBytes = 16;
inline constexpr std::size_t kStageNameBytes = 16;

inline constexpr std::uint32_t kNameWaitsForClient = 1;  // a bit of Name::flags

struct Name {
  std::atomic<std::uint32_t> state;  // NameState
  // What the server declares of an operation. Zero for events.
  std::uint32_t flags;
  std::uint64_t threshold_ns;  // of its response time; 0 none declared
  char name[kNameBytes];
  char category[kCategoryBytes];     // empty for events
  char stages[kStageCount][kStageNameBytes];
  std::uint8_t reserved[24];
};
static_assert(sizeof(Name) == 192);
static_assert(offsetof(Name, name) == 16);
static_assert(offsetof(Name, category) == 56);
static_assert(offsetof(Name, stages) == 72);
static_assert(offsetof(Name, reserved) == 168);

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

// Whether a lane has memory. Readers touch the totals and slots of kReady lanes alone.
enum LaneState : std::uint32_t { kNever = 0, kReady = 1 };

// A lane's life follows from its state and its owner's lock.
//
//   lock    kNever                              kReady
//   free    never: nobody claimed it            released: its owner's thread has ended
//   held    claiming: its owner gets memory     owned
//   died    never: its owner died before        dead: the next claimer settles it
enum class LaneLife : std::uint8_t { never, claiming, owned, released, dead };

// The operation that a lane's owner began last, while it is under way (in_flight.h).
struct InFlightWords {
  std::atomic<std::uint64_t> start;      // ticks; 0: nothing is under way
  std::atomic<std::uint64_t> operation;  // its id
};

// The position, plus 1, whose slot of the overflow lane a thread is taking or writing; 0: none.
// When the thread dies, whoever gets its lane or seat next frees that slot (settle_overflow()).
using Announcement = std::atomic<std::uint64_t>;

struct LaneHeader {
  // The owner's hot line.
  // Positions published: the next record's position (overflow: reserved).
  std::atomic<std::uint64_t> head;
  std::atomic<std::uint64_t> dropped;   // overflow lane: reserved, counted, but never published
  InFlightWords in_flight;              // zeroed at claim
  Announcement overflow;                // of what the owner writes into the overflow lane
  std::uint64_t reserved_hot[3];
  // Written at claim and release. The overflow lane has no owner.
  OwnerLock owner;
  std::atomic<std::uint32_t> state;        // LaneState
  std::atomic<std::uint32_t> generation;   // how often the lane was claimed
  std::atomic<std::uint64_t> torn;      // half-written records that later owners found at head
  // For people, and for judging processes: who owns the lane, or did last.
  std::atomic<std::uint32_t> owner_pid;
  std::atomic<std::uint32_t> owner_tid;
  std::atomic<std::uint64_t> owner_start_time;  // as ProcessEntry::start_time
  std::atomic<std::uint64_t> thread_name[2];    // 16 bytes, NUL-padded
  // Its entry in the process table, and above it that entry's `entered` then: process_word().
  std::atomic<std::uint64_t> process;
  std::uint64_t reserved_cold[3];

  LaneLife life() const {
    const bool ready = state.load(std::memory_order_acquire) == kReady;
    switch (owner.holder()) {
      case Holder::none: return ready ? LaneLife::released : LaneLife::never;
      case Holder::alive: return ready ? LaneLife::owned : LaneLife::claiming;
      case Holder::died: break;
    }
    return ready ? LaneLife::dead : LaneLife::never;
  }
};
static_assert(sizeof(LaneHeader) == 192);
static_assert(offsetof(LaneHeader, in_flight) == 16);
static_assert(offsetof(LaneHeader, overflow) == 32);
static_assert(offsetof(LaneHeader, owner) == 64);
static_assert(offsetof(LaneHeader, state) == 112);
static_assert(offsetof(LaneHeader, torn) == 120);
static_assert(offsetof(LaneHeader, process) == 160);

// Where a thread without a lane announces what it writes into the overflow lane. It holds the lock.
struct Seat {
  OwnerLock lock;
  Announcement overflow;
  std::atomic<std::uint32_t> holder_tid;  // of the thread that holds the lock, or did last
  std::atomic<std::uint32_t> process;     // seat_process_word()
};
static_assert(sizeof(Seat) == 64);
static_assert(offsetof(Seat, overflow) == 48);

enum ProcessPhase : std::uint32_t { kPhaseFree = 0, kPhaseEntered = 1, kPhaseLeft = 2 };

// A process that writes. The thread that entered it holds the lock. That thread may end before its
// process does. So a process lives while the lock or any lane that names the entry is held
// (processes.h).
struct ProcessEntry {
  OwnerLock lock;
  // ProcessPhase, and how many processes have entered here * 2^32. One word, so that a phase is
  // never taken for that of another process.
  std::atomic<std::uint64_t> standing;
  // Clock ticks after boot, field 22 of /proc/PID/stat; 0 unknown.
  std::atomic<std::uint64_t> start_time;
  std::atomic<std::uint64_t> pid_namespace;  // inode of its /proc/self/ns/pid; 0 unknown
  std::atomic<std::uint32_t> pid;            // in its own pid namespace
  std::atomic<std::uint32_t> left;  // of those who entered, in order; the others died
  std::atomic<std::uint32_t> holder_tid;  // of the thread that holds the lock, or did last
  std::uint32_t reserved_holder;
  std::uint64_t reserved[5];
  std::atomic<std::int64_t> gauges[kMaxGauges];  // this process's part of each gauge
};
static_assert(sizeof(ProcessEntry) == 640);
static_assert(offsetof(ProcessEntry, standing) == 48);
static_assert(offsetof(ProcessEntry, gauges) == 128);

// A name for an id (labels.h). The words hold the LabelKind in their first byte, then the text.
inline constexpr std::uint32_t kLabelSets = 512;
inline constexpr std::uint32_t kLabelWays = 8;  // entries of a set
inline constexpr std::uint32_t kLabelCount = kLabelSets * kLabelWays;
inline constexpr std::size_t kLabelWords = 6;
inline constexpr std::size_t kLabelBytes = 47;  // of the text, NUL-padded, with one NUL at least
struct Label {
  std::atomic<std::uint64_t> sequence;
  std::atomic<std::uint64_t> id;
  std::atomic<std::uint64_t> words[kLabelWords];
};
static_assert(sizeof(Label) == 64);

inline constexpr std::uint64_t kControlOffset = kPageBytes;
inline constexpr std::uint64_t kGaugesOffset = kControlOffset + std::uint64_t{2} * kPageBytes;
inline constexpr std::uint64_t kNamesOffset = kGaugesOffset + sizeof(GaugeName) * kMaxGauges;
inline constexpr std::uint64_t kErrorNamesOffset = kNamesOffset + sizeof(Name) * kIdCount;
inline constexpr std::uint64_t kSeatsOffset =
    kErrorNamesOffset + sizeof(ErrorName) * kMaxErrorNames;
inline constexpr std::uint64_t kLaneHeadersOffset = kSeatsOffset + sizeof(Seat) * kSeatCount;
static_assert(kNamesOffset == 16384 && kErrorNamesOffset == 114688);
static_assert(kSeatsOffset == 147456 && kLaneHeadersOffset == 163840);

constexpr std::uint64_t standing_of(std::uint32_t entered, ProcessPhase phase) {
  return std::uint64_t{entered} << 32 | phase;
}
constexpr std::uint32_t phase_in(std::uint64_t s) { return static_cast<std::uint32_t>(s); }
constexpr std::uint32_t entered_in(std::uint64_t s) { return static_cast<std::uint32_t>(s >> 32); }
constexpr std::uint64_t process_word(std::uint32_t index, std::uint32_t entered) {
  return std::uint64_t{entered} << 32 | index;
}

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
  // Everything before it is allocated when the segment is created.
  constexpr std::uint64_t processes_offset() const {
    const std::uint64_t end =
        kLaneHeadersOffset + sizeof(LaneHeader) * (std::uint64_t{lane_count} + 1);
    return (end + kPageBytes - 1) / kPageBytes * kPageBytes;
  }
  constexpr std::uint64_t labels_offset() const {
    return processes_offset() + sizeof(ProcessEntry) * std::uint64_t{kMaxProcesses};
  }
  constexpr std::uint64_t lanes_offset() const {
    return labels_offset() + sizeof(Label) * std::uint64_t{kLabelCount};
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
              sizeof(Slot) * kMinCapacity % kPageBytes == 0 &&
              sizeof(ProcessEntry) * kMaxProcesses % kPageBytes == 0 &&
              sizeof(Label) * kLabelCount % kPageBytes == 0);

}  // namespace ringside
