// Time for the daemon's core, which takes it from outside.
#pragma once

#include "shm/clock.h"

namespace ringside::test {

inline constexpr std::int64_t kSecond = 1'000'000'000;

// An instant of a simulation: so many nanoseconds after the machine's start. What a ring made with
// use_nanoseconds() says of its clock agrees with it.
inline Instant simulated(std::int64_t ns) { return {ns, ns + 1'700'000'000 * kSecond, 0}; }

// Later than now by that many steps of 2 s, which is more than the interval of looks at the name
// and of liveness checks, in every clock.
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
