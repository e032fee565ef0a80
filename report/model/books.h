// How far the figures can be believed.
#pragma once

#include <cstdint>

namespace ringside {

// written = read + lost at all times. Rejected records are among the read.
struct Books {
  std::uint64_t written = 0;
  std::uint64_t read = 0;
  std::uint64_t lost = 0;
  std::uint64_t torn = 0;       // half-written when their thread died; not among the written
  std::uint64_t rejected = 0;   // read, but not believable

  bool balance() const { return written == read + lost; }
  Books& operator+=(const Books& other) {
    written += other.written;
    read += other.read;
    lost += other.lost;
    torn += other.torn;
    rejected += other.rejected;
    return *this;
  }
};

}  // namespace ringside
