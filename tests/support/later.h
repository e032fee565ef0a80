// Time for the daemon's core. The core never reads a clock: its caller passes the time in.
#pragma once

#include "shm/clock.h"

namespace ringside::test {

inline constexpr std::int64_t kSecond = 1'000'000'000;

// An instant of a simulation: `ns` nanoseconds after the machine's start. It agrees with the clock
// of a ring that use_nanoseconds() has changed.
inline Instant simulated(std::int64_t ns) { return {ns, ns + 1'700'000'000 * kSecond, 0}; }

// An instant that is `steps` times 2 s later than now, in every clock. 2 s is more than the
// interval of liveness checks and of looks at a ring's name.
inline Instant later(int steps) {
  static const double ticks_per_ns = [] {
    const Instant a = read_instant();
    Instant b = a;
    while (b.monotonic_ns - a.monotonic_ns < 5'000'000) b = read_instant();
    return static_cast<double>(b.ticks - a.ticks) /
           static_cast<double>(b.monotonic_ns - a.monotonic_ns);
  }();
  Instant now = read_instant();
  const std::int64_t ns = std::int64_t{steps} * 2'000'000'000;
  now.monotonic_ns += ns;
  now.realtime_ns += ns;
  now.ticks += static_cast<std::uint64_t>(static_cast<double>(ns) * ticks_per_ns);
  return now;
}

}  // namespace ringside::test
