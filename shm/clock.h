// The ring's clock: raw ticks for writers, nanoseconds for readers.
//
// A writer stores what the counter says and converts nothing. A reader converts with a TickScale,
// which it keeps in step with the system's clocks. The time stamp counter is used only where CPU
// (invariant TSC) and kernel (its own clock source is tsc) guarantee it; CLOCK_MONOTONIC elsewhere.
#pragma once

#include <cstdint>
#include <ctime>

#include "shm/export.h"
#include "shm/layout.h"

namespace ringside {

inline std::int64_t clock_ns(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

// The machine's own counter, where there is one that user space may read.
inline std::uint64_t hardware_ticks() {
#if defined(__x86_64__)
  // Not __rdtsc(): its header takes longer to compile than all of ours.
  return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
  std::uint64_t ticks;
  asm volatile("mrs %0, cntvct_el0" : "=r"(ticks));
  return ticks;
#else
  return static_cast<std::uint64_t>(clock_ns(CLOCK_MONOTONIC));
#endif
}

// CLOCK_MONOTONIC in nanoseconds, as ticks. Out of line, so that the code that is inlined around it
// stays small.
[[gnu::cold]] RINGSIDE_API std::uint64_t monotonic_ticks();

inline std::uint64_t read_ticks(ClockKind kind) {
  if (__builtin_expect(kind == ClockKind::monotonic, 0)) return monotonic_ticks();
  return hardware_ticks();
}

// The best clock that this machine guarantees, and its frequency in Hz as the processor states it
// (0: it states none).
struct ClockChoice {
  ClockKind kind = ClockKind::monotonic;
  std::uint64_t ticks_per_second = 1'000'000'000;
};
ClockChoice choose_clock();

// Measures the hardware counter's frequency in Hz over 20 ms, and waits that long. Good to a few
// parts in a million. Use it only for a ring whose own clock has ended, because nothing better will
// come for that ring.
double measure_ticks_per_second();

const char* clock_name(ClockKind kind);
bool clock_known(std::uint32_t kind);

// Add and subtract times that may be garbage. The results saturate.
inline std::int64_t add_ns(std::int64_t a, std::int64_t b) {
  std::int64_t sum;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b < 0 ? INT64_MIN : INT64_MAX;
}
inline std::int64_t subtract_ns(std::int64_t a, std::int64_t b) {
  std::int64_t difference;
  if (!__builtin_sub_overflow(a, b, &difference)) return difference;
  return b < 0 ? INT64_MAX : INT64_MIN;
}

// One instant in every clock at once. Deterministic code is given it and reads no clock.
struct Instant {
  std::int64_t monotonic_ns = 0;  // CLOCK_MONOTONIC
  std::int64_t realtime_ns = 0;   // CLOCK_REALTIME
  std::uint64_t ticks = 0;        // hardware_ticks(), for rings whose clock it is
};

// Reads all clocks together. The fastest of several tries is taken. So the values belong together
// within about the time of three clock reads, even when the thread is interrupted between two of
// them.
Instant read_instant();

// Converts a ring's ticks. Keeps one straight line from ticks to CLOCK_MONOTONIC, anchored anew at
// each sync(). The slope is the stated figure at first. After 100 ms a measurement since the ring's
// birth is better (a few parts in a million) and replaces it. Where no figure is stated, a
// measurement over 1 ms must do at first.
//
// If the two clocks part between two syncs (one of them went on while the machine was suspended),
// the measurement begins anew. A baseline with such a gap in it would make every span too short or
// too long.
class TickScale {
 public:
  TickScale() = default;
  // From the header's anchor; `ticks_per_second` 0 when the kernel stated none.
  TickScale(ClockKind kind, std::uint64_t ticks_per_second, std::uint64_t anchor_ticks,
            std::int64_t anchor_monotonic_ns);

  // For a clock that no longer runs, because its machine was rebooted: keep the ring's own anchor
  // and rate. Today's counter began at another value and would give a wrong rate.
  void freeze() { frozen_ = true; }

  void sync(const Instant& now);

  // Ticks of this ring's clock at that instant.
  std::uint64_t ticks_at(const Instant& now) const {
    return kind_ == ClockKind::monotonic ? static_cast<std::uint64_t>(now.monotonic_ns) : now.ticks;
  }
  // CLOCK_MONOTONIC at those ticks, in ns. Takes any value; far-off ones saturate.
  std::int64_t monotonic_ns(std::uint64_t ticks) const;
  // A span in ns, signed.
  std::int64_t span_ns(std::int64_t ticks) const;
  // Ticks at a CLOCK_MONOTONIC instant; the inverse of monotonic_ns().
  std::uint64_t ticks_from_ns(std::int64_t monotonic_ns) const;
  double ticks_per_second() const { return ticks_per_second_; }
  bool known() const { return ticks_per_second_ > 0; }

 private:
  ClockKind kind_ = ClockKind::monotonic;
  double ticks_per_second_ = 1e9;
  double stated_ = 1e9;              // by the kernel; 0 if it states none
  std::uint64_t birth_ticks_ = 0;
  std::int64_t birth_ns_ = 0;
  std::uint64_t anchor_ticks_ = 0;
  std::int64_t anchor_ns_ = 0;
  bool frozen_ = false;
};

}  // namespace ringside
