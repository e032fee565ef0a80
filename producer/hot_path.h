// What runs on every operation: inlined into the server, and nothing else of it is. No system call, no
// allocation, no lock, no wait. producer/runtime.cpp holds what runs once.
#pragma once

#include <atomic>
#include <cstdint>

#include "shm/clock.h"
#include "shm/lane.h"

namespace ringside {
namespace detail {

// One thread's writing end. Zero-initialised and trivially destructible: reaching it costs one instruction.
struct ThreadWriter {
  LaneWriter lane;               // lane.slots null: this thread has no lane (yet)
  volatile std::uint32_t busy;   // set while the lane is written, so that a signal handler that traces knows
  std::uint32_t lane_index;
  std::uint64_t random;          // for sampling
};

#if defined(__GNUC__)
#define RINGSIDE_LIKELY(x) __builtin_expect(!!(x), 1)
// Without the general dynamic model's function call, also when the library is linked into a shared object.
extern __thread ThreadWriter t_writer __attribute__((tls_model("initial-exec")));
#else
#error "Ringside's producer needs GCC or Clang"
#endif

// The switches that writers look at: one word for each id. Points at zeros while the process is untraced.
extern std::atomic<const std::atomic<std::uint32_t>*> g_switches;
extern std::atomic<ClockKind> g_clock;

inline std::uint64_t now_ticks() { return read_ticks(g_clock.load(std::memory_order_relaxed)); }

// 0 off, 1 every one, n one in n.
inline std::uint32_t switch_of(std::uint16_t id) {
  return g_switches.load(std::memory_order_relaxed)[id & (kIdCount - 1)].load(std::memory_order_relaxed);
}

// True for one call in n, at random: a plain count to n would lock onto servers whose operations come in a rhythm.
inline bool drawn(std::uint32_t n) {
  // A linear congruential step (Knuth's MMIX constants); its upper half is even enough for this.
  t_writer.random = t_writer.random * 6364136223846793005ULL + 1442695040888963407ULL + n;
  return (((t_writer.random >> 32) * n) >> 32) == 0;
}

// Everything else: no lane yet, overflow, or called by a signal handler in mid-record.
void write_slow(const Record& record) noexcept;
void count_slow(std::uint16_t id) noexcept;

inline void write(const Record& record) noexcept {
  ThreadWriter& writer = t_writer;
  if (RINGSIDE_LIKELY(writer.lane.slots != nullptr && writer.busy == 0)) {
    writer.busy = 1;
    std::atomic_signal_fence(std::memory_order_seq_cst);
    write_record(writer.lane, record);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    writer.busy = 0;
  } else {
    write_slow(record);
  }
}

inline void count(std::uint16_t id) noexcept {
  ThreadWriter& writer = t_writer;
  if (RINGSIDE_LIKELY(writer.lane.slots != nullptr && writer.busy == 0)) {
    writer.busy = 1;
    std::atomic_signal_fence(std::memory_order_seq_cst);
    count_only(writer.lane, id);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    writer.busy = 0;
  } else {
    count_slow(id);
  }
}

}  // namespace detail
}  // namespace ringside
