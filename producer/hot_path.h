// What runs on every operation. Only this is inlined into the server. No system call, no
// allocation, no lock, no wait. producer/runtime.cpp holds what runs once.
#pragma once

#include <atomic>
#include <cstdint>

#include "shm/clock.h"
#include "shm/lane.h"

namespace ringside {
namespace detail {

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
  std::uint64_t random;          // for sampling
  std::uint32_t lane_index;
  enum : std::uint32_t { kNone, kClaiming, kOwned } state;

  // Through a volatile: a compiler may drop a store that only a signal handler can see.
  void set_open(Slot* slots) { static_cast<Slot* volatile&>(open) = slots; }
};

#if defined(__GNUC__)
#define RINGSIDE_LIKELY(x) __builtin_expect(!!(x), 1)
#define RINGSIDE_INLINE [[gnu::always_inline]] inline
#define RINGSIDE_INLINE_LAMBDA __attribute__((always_inline))
// initial-exec avoids the function call of the general dynamic model, also when the library is
// linked into a shared object.
extern __thread ThreadWriter t_writer __attribute__((tls_model("initial-exec")));
#else
#error "Ringside's producer needs GCC or Clang"
#endif

// The switches that writers look at: one word for each id. Points at zeros while the process is
// untraced.
extern std::atomic<const std::atomic<std::uint32_t>*> g_switches;
extern std::atomic<ClockKind> g_clock;

inline std::uint64_t now_ticks() { return read_ticks(g_clock.load(std::memory_order_relaxed)); }

// 0 off, 1 every one, n one in n.
inline std::uint32_t switch_of(std::uint16_t id) {
  // ORDER switched on: its partner is start()'s release. A thread that sees the ring's switches
  // also sees its clock. With relaxed, an operation could begin on one clock and end on another.
  return g_switches.load(std::memory_order_acquire)[id & (kIdCount - 1)].load(
      std::memory_order_relaxed);
}

// True for one call in n, at random. A plain count to n would fall in step with a server whose
// operations come in a rhythm.
inline bool drawn(std::uint32_t n) {
  // A linear congruential step (Knuth's MMIX constants); its upper half is even enough for this.
  t_writer.random = t_writer.random * 6364136223846793005ULL + 1442695040888963407ULL + n;
  return (((t_writer.random >> 32) * n) >> 32) == 0;
}

// Everything else: no lane yet, the overflow lane, or a signal handler during a write. The words
// are passed one by one. A struct would be stored to memory even when this is not called.
[[gnu::cold]] void write_slow(std::uint64_t start, std::uint64_t duration, std::uint64_t descriptor,
                              std::uint64_t actor, std::uint64_t subject,
                              std::uint64_t stages_or_value,
                              std::uint64_t stages_or_context) noexcept;
[[gnu::cold]] void count_slow(std::uint16_t id) noexcept;
// Ends an operation that was sampled out. If it went well it is only counted. If it failed it is
// recorded, without a span, so that no error goes unseen. Returns the clock if it was read, else 0.
[[gnu::cold]] std::uint64_t finish_untimed(std::uint64_t descriptor, std::uint64_t actor,
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
  body(writer.lane);
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

}  // namespace detail
}  // namespace ringside
