// What runs on every operation. Only this is inlined into the server. No system call, no
// allocation, no lock, no wait. runtime.cpp holds what runs once, thread_lane.cpp what runs without
// a lane.
#pragma once

#include <atomic>
#include <cstdint>

#include "producer/version.h"
#include "shm/clock.h"
#include "shm/export.h"
#include "shm/lane.h"

namespace ringside {
namespace detail {
// A program that was compiled with headers of another ABI does not link.
inline namespace RINGSIDE_ABI_NAMESPACE {

// What one thread writes through. Zero-initialised and trivially destructible: reaching it costs
// one instruction.
//
// `open` is null while nothing may be written to the lane: before it is claimed, after it was given
// back, and during a write. So a signal handler that traces during a write takes the slow path. One
// comparison covers all three. Read the lane's position only when the lane is closed: until then a
// signal handler may write a record.
struct ThreadWriter {
  Slot* open;                    // lane.slots, or null
  LaneWriter lane;               // its position is not kept up; the lane's head is the position
  std::uint64_t random;          // for sampling; 0: not seeded
  // Where this thread shows what it has in flight: in its lane's header. Null without a lane.
  InFlightWords* in_flight;
  std::uint32_t lane_index;
  enum : std::uint32_t { kNone, kClaiming, kOwned } state;

  // Through a volatile: a compiler may drop a store that only a signal handler can see.
  void set_open(Slot* slots) { static_cast<Slot* volatile&>(open) = slots; }
};

#if defined(__GNUC__)
#define RINGSIDE_LIKELY(x) __builtin_expect(!!(x), 1)
#define RINGSIDE_INLINE [[gnu::always_inline]] inline
#define RINGSIDE_INLINE_LAMBDA __attribute__((always_inline))
// A function of the library that an operation seldom calls.
#define RINGSIDE_COLD [[gnu::cold]] RINGSIDE_API
// initial-exec avoids the function call of the general dynamic model, also when the library is
// linked into a shared object.
RINGSIDE_API extern __thread ThreadWriter t_writer __attribute__((tls_model("initial-exec")));
#else
#error "Ringside's producer needs GCC or Clang"
#endif

// What is not shown in any lane is shown here, as it were: no operation's start is 0.
RINGSIDE_API extern InFlightWords g_not_shown;

// The switches that writers look at: one word for each id. Points at zeros while the process is
// untraced.
RINGSIDE_API extern std::atomic<const std::atomic<std::uint32_t>*> g_switches;
RINGSIDE_API extern std::atomic<ClockKind> g_clock;
// By gauge: this process's value in the ring. Null while the process has none (before start(), in a
// forked child, where the ring's table is full), and while no thread of it holds its entry.
RINGSIDE_API extern std::atomic<std::atomic<std::int64_t>*> g_gauges[kMaxGauges];
RINGSIDE_COLD void write_gauge_slow(std::uint32_t gauge, std::int64_t value, bool adds) noexcept;

inline std::uint64_t now_ticks() { return read_ticks(g_clock.load(std::memory_order_relaxed)); }

// 0 off, 1 every one, n one in n.
inline std::uint32_t switch_of(std::uint16_t id) {
  // ORDER switched on: its partner is start()'s release. A thread that sees the ring's switches
  // also sees its clock. With relaxed, an operation could begin on one clock and end on another.
  return g_switches.load(std::memory_order_acquire)[id & (kIdCount - 1)].load(
      std::memory_order_relaxed);
}

// Gives the calling thread a state to draw from, and draws. At a thread's first draw, and a forked
// child's. Nothing of the caller's lives across this call, so that an operation that is switched
// off saves no registers.
RINGSIDE_COLD bool drawn_first(std::uint32_t n) noexcept;

// True for one call in n, at random. A plain count to n would fall in step with a server whose
// operations come in a rhythm.
inline bool drawn(std::uint32_t n) {
  if (__builtin_expect(t_writer.random == 0, 0)) return drawn_first(n);
  // A linear congruential step (Knuth's MMIX constants); its upper half is even enough for this.
  t_writer.random = t_writer.random * 6364136223846793005ULL + 1442695040888963407ULL + n;
  return (((t_writer.random >> 32) * n) >> 32) == 0;
}

// Counts a call that the server's code got wrong. The ring's header has a count for each kind.
RINGSIDE_COLD void misused(Misuse what) noexcept;

// An event's id has no operation behind it, and the other way round: no reader would believe the
// record. An id that is refused or switched off never gets here.
inline bool is_operation(std::uint16_t id) noexcept {
  if (RINGSIDE_LIKELY(id < kMaxOperations)) return true;
  misused(kMisusedId);
  return false;
}
inline bool is_event(std::uint16_t id) noexcept {
  if (RINGSIDE_LIKELY(static_cast<std::uint16_t>(id - kFirstEvent) < kMaxEvents)) return true;
  misused(kMisusedId);
  return false;
}
inline Outcome valid_outcome(Outcome outcome) noexcept {
  if (RINGSIDE_LIKELY(static_cast<unsigned>(outcome) < kOutcomeCount)) return outcome;
  misused(kMisusedOutcome);
  return Outcome::error;
}

// Nothing of this ring happened before these ticks.
RINGSIDE_API extern std::atomic<std::uint64_t> g_earliest;
// How far a stamp may lie off: 1.6 s at 2.6 GHz, 4 s of nanoseconds. Another clock is off by much
// more.
inline constexpr std::int64_t kStampSlack = std::int64_t{1} << 32;
// Five days at 2.6 GHz, 13 days of nanoseconds.
inline constexpr std::int64_t kLongestStamped = std::int64_t{1} << 50;

// Whether two stamps, of which one at least came from outside, can be of the ring's clock.
// Nanoseconds where the clock counts something else lie before the ring's beginning, or far from
// the other stamp.
inline bool stamps_fit(std::uint64_t start, std::uint64_t end) noexcept {
  const auto span = static_cast<std::int64_t>(end - start);
  const std::uint64_t earliest = g_earliest.load(std::memory_order_relaxed);
  return span >= -kStampSlack && span <= kLongestStamped &&
         static_cast<std::int64_t>(start - earliest) >= 0;
}

// The word of three stages that may be of any length.
RINGSIDE_COLD std::uint64_t pack_long_stages(std::uint64_t first, std::uint64_t second,
                                             std::uint64_t third) noexcept;

// Everything else: no lane yet, the overflow lane, or a signal handler during a write. The words
// are passed one by one. A struct would be stored to memory even when this is not called.
RINGSIDE_COLD void write_slow(std::uint64_t start, std::uint64_t duration, std::uint64_t descriptor,
                              std::uint64_t actor, std::uint64_t subject,
                              std::uint64_t stages_or_value,
                              std::uint64_t stages_or_context) noexcept;
RINGSIDE_COLD void count_slow(std::uint16_t id) noexcept;
// Ends an operation that was sampled out. If it went well it is only counted. If it failed it is
// recorded, without a span, so that no error goes unseen. Returns the clock if it was read, else 0.
RINGSIDE_COLD std::uint64_t finish_untimed(std::uint64_t descriptor, std::uint64_t actor,
                                           std::uint64_t subject) noexcept;
// Ends an operation whose stamps are not of the ring's clock. It is recorded without a span.
// Returns the clock.
RINGSIDE_COLD std::uint64_t finish_misstamped(std::uint64_t descriptor, std::uint64_t actor,
                                              std::uint64_t subject) noexcept;

// Runs `body(lane)` with the lane closed to signal handlers. Returns false, without running it,
// when the lane may not be written now.
template <typename Body>
RINGSIDE_INLINE bool with_lane(const Body& body) noexcept {
  ThreadWriter& writer = t_writer;
  Slot* const slots = writer.open;
  if (!RINGSIDE_LIKELY(slots != nullptr)) return false;
  RINGSIDE_TEST_POINT(lane_asked);
  writer.set_open(nullptr);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  // A copy: the compiler must assume that each store into the lane changes the original.
  const LaneWriter lane = writer.lane;
  body(lane);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  writer.set_open(slots);
  return true;
}

RINGSIDE_INLINE void write(const RecordWords& record) noexcept {
  const bool written = with_lane([&](const LaneWriter& lane) RINGSIDE_INLINE_LAMBDA {
    write_at(lane, lane.header->head.load(std::memory_order_relaxed), record);
  });
  if (!RINGSIDE_LIKELY(written)) {
    write_slow(record.start, record.duration, record.descriptor, record.actor, record.subject,
               record.stages_or_value, record.stages_or_context);
  }
}

RINGSIDE_INLINE void count(std::uint16_t id) noexcept {
  const bool counted =
      with_lane([&](const LaneWriter& lane) RINGSIDE_INLINE_LAMBDA { count_only(lane, id); });
  if (!RINGSIDE_LIKELY(counted)) count_slow(id);
}

}  // namespace RINGSIDE_ABI_NAMESPACE
}  // namespace detail
}  // namespace ringside
