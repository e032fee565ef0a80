// A machine that is the same in every run, so that an input always does the same. It replaces this
// machine's clock, counter frequency, boot, pid namespace and processes. fixed_world.cpp has the
// replacements, and the linker's --wrap puts them in.
#pragma once

#include <cstdint>

#include "daemon/config/units.h"
#include "shm/clock.h"
#include "shm/identity.h"

namespace ringside::fuzz {

// CLOCK_MONOTONIC. In the middle of a slice of the metrics, so that what the rings begin with is of
// the present one.
inline constexpr std::int64_t kStartNs = 5'002 * kSecond;
// CLOCK_REALTIME less CLOCK_MONOTONIC.
inline constexpr std::int64_t kWallNs = 1'700'000'000 * kSecond;
inline constexpr std::uint64_t kTicksPerSecond = 2'600'000'000;
inline constexpr BootId kBoot{{0x1111, 0x2222}};
inline constexpr std::uint64_t kPidNamespace = 4026531836;
inline constexpr std::uint32_t kLivingProcess = 1;  // it, and its thread of that number, alone

// The instant at `monotonic_ns`, in every clock.
inline Instant instant_at(std::int64_t monotonic_ns) {
  const auto ns = static_cast<std::uint64_t>(monotonic_ns);
  return {monotonic_ns, add_ns(monotonic_ns, kWallNs), ns / 5 * 13 + ns % 5 * 13 / 5};
}

}  // namespace ringside::fuzz
