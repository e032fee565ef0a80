// Random tests print their seed and take it back: RINGSIDE_SEED=123 repeats a run.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>

namespace ringside::test {

inline std::uint64_t seed() {
  static const std::uint64_t value = [] {
    const char* given = std::getenv("RINGSIDE_SEED");
    const std::uint64_t chosen = given != nullptr ? std::stoull(given) : std::random_device{}();
    MESSAGE("RINGSIDE_SEED=" << chosen);
    return chosen;
  }();
  return value;
}

}  // namespace ringside::test
