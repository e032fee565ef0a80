// What a machine says of its clocks, and what follows from it. Apart from clock.cpp, so that a test
// can give the answers of another machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "shm/clock.h"

namespace ringside {

// The registers in which the processor answers one question of the CPUID instruction.
struct CpuidAnswer {
  unsigned eax, ebx, ecx, edx;
};
using Cpuid = CpuidAnswer (*)(unsigned leaf);

// Whether the time stamp counter ticks at one rate, whatever the processor's own frequency is.
bool invariant_tsc(Cpuid ask);

// The time stamp counter's frequency in Hz: Intel's leaf 0x15, or the leaf that hypervisors share
// (0x40000010: kHz). 0 when the processor states neither.
std::uint64_t hz_from_cpuid(Cpuid ask);

// The clock of an x86 machine. `source` is the kernel's own clock source. The rate is what the
// processor states; 0 where it states none, and readers measure. The kernel's own figure was
// rejected: perf_event_open() ends a server whose filter does not allow it.
ClockChoice choose_x86_clock(Cpuid ask, const std::string& source);

// The kernel's clock source, e.g. "tsc"; empty where it can't be read, as in a chroot without /sys.
std::string clock_source();

// What one read of CLOCK_MONOTONIC takes: the median of 64. Some 20 to 50 ns, and 1 us or more
// where the kernel must read hpet or acpi_pm.
std::int64_t monotonic_cost_ns();
// From here on a clock is too slow to be read twice by every operation.
inline constexpr std::int64_t kSlowClockNs = 500;

// The rate of a ring's clock whose header states none, in Hz; 0 unknown. The rate of today's best
// clock helps only if it is the ring's clock. Under kvm-clock the best clock is CLOCK_MONOTONIC at
// 1 GHz: the time stamp counter must not be read at that.
std::uint64_t rate_today(ClockKind clock, const ClockChoice& today);

// One try at reading all clocks at once.
struct ClockReads {
  std::uint64_t before;
  std::int64_t monotonic_ns;
  std::uint64_t middle;
  std::int64_t realtime_ns;
  std::uint64_t after;
};
// The instant of the fastest try; the first one of equally fast ones.
Instant fastest(const ClockReads* tries, std::size_t count);

}  // namespace ringside
