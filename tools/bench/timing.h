// How a few nanoseconds are measured: many calls between two clock reads, or a single call between
// two fenced clock reads.
#pragma once

#include <poll.h>

#include <cstdint>

#include "producer/ringside.hpp"
#include "tools/bench/harness.h"

namespace ringside::bench {

// Stands for the work of an operation. The compiler may assume nothing across it.
inline void operation_body() { asm volatile("" ::: "memory"); }

// Nanoseconds for one call, from `count` calls of body(i) between two reads of the ring's clock.
template <typename Body>
double ns_a_call(double ticks_per_ns, int count, const Body& body) {
  const std::uint64_t begin = detail::now_ticks();
  for (int i = 0; i < count; ++i) body(i);
  return static_cast<double>(detail::now_ticks() - begin) / ticks_per_ns / count;
}

// The floor: an operation that does nothing but its two clock reads.
inline void two_clock_reads() {
  const std::uint64_t begin = detail::now_ticks();
  operation_body();
  const std::uint64_t end = detail::now_ticks();
  asm volatile("" ::"r"(end - begin) : "memory");
}

// Reads the clock after everything before it is done and before anything after it begins. With
// plain reads around a single call, part of the call's work could slip out on either side.
inline std::uint64_t fenced_ticks() {
#if defined(__x86_64__)
  __builtin_ia32_lfence();
  const std::uint64_t ticks = detail::now_ticks();
  __builtin_ia32_lfence();
#else
  std::atomic_thread_fence(std::memory_order_seq_cst);
  const std::uint64_t ticks = detail::now_ticks();
  std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
  return ticks;
}

// The same of the processor's own counter. Where the ring has another clock, that one may go in
// steps that are longer than a call.
inline std::uint64_t fenced_counter() {
#if defined(__x86_64__)
  __builtin_ia32_lfence();
  const std::uint64_t ticks = __builtin_ia32_rdtsc();
  __builtin_ia32_lfence();
  return ticks;
#else
  return fenced_ticks();
#endif
}

// Returns when the stores before it have reached the cache.
inline void wait_for_stores() {
#if defined(__x86_64__)
  __builtin_ia32_mfence();
#else
  std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
}

// Ticks of a counter in a nanosecond, measured over 100 ms.
template <typename Read>
double measure_ticks_per_ns(const Read& read) {
  const std::uint64_t ticks = read();
  const double begin = monotonic_seconds();
  poll(nullptr, 0, 100);
  return static_cast<double>(read() - ticks) / ((monotonic_seconds() - begin) * 1e9);
}
// Of the ring's clock. Call it after start().
inline double measure_ticks_per_ns() {
  return measure_ticks_per_ns([] { return detail::now_ticks(); });
}

}  // namespace ringside::bench
