// Parts of wholes. The share of nothing is 0.
#pragma once

#include <cstdint>

namespace ringside {

inline double share_of(double part, double whole) { return whole > 0 ? part / whole : 0; }
inline double share_of(std::uint64_t part, std::uint64_t whole) {
  return share_of(static_cast<double>(part), static_cast<double>(whole));
}

}  // namespace ringside
