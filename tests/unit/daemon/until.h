// Waits, with a deadline, until another thread has done something. The deadline only ends a test
// that hangs. A machine that does other things meanwhile must not reach it, so it is long.
#pragma once

#include <doctest/doctest.h>
#include <poll.h>

#include <chrono>
#include <functional>

namespace ringside::test {

#if defined(RINGSIDE_UNDER_ADDRESS) || defined(RINGSIDE_UNDER_THREAD)
inline constexpr std::chrono::seconds kUntil(240);
#else
inline constexpr std::chrono::seconds kUntil(50);
#endif

inline void until(const std::function<bool()>& happened) {
  const auto deadline = std::chrono::steady_clock::now() + kUntil;
  while (!happened()) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    poll(nullptr, 0, 2);
  }
}

}  // namespace ringside::test
