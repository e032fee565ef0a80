// Waits, with a deadline, until another thread has done something.
#pragma once

#include <doctest/doctest.h>
#include <poll.h>

#include <chrono>
#include <functional>

namespace ringside::test {

inline void until(const std::function<bool()>& happened) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!happened()) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    poll(nullptr, 0, 2);
  }
}

}  // namespace ringside::test
