// Checks every slot, the books and the tables of a ring against what its format promises.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/ringside/source/ring_file.h"

namespace ringside::tool {

struct Verified {
  std::uint64_t lanes = 0;
  std::uint64_t slots = 0;          // looked at
  std::uint64_t records = 0;        // readable and believable among them
  std::uint64_t begun = 0;          // half-written: by a writer of this moment, or by one that died
  std::vector<std::uint32_t> busy;  // lanes whose books could not be checked: they were written on
  // What is wrong, one sentence each, at most kMostFaults.
  std::vector<std::string> faults;
  std::uint64_t more_faults = 0;  // beyond those

  bool good() const { return faults.empty(); }
};

inline constexpr std::size_t kMostFaults = 50;

// Also of a ring that is written on meanwhile. A slot is at fault where no writer of the format can
// have left it so.
Verified verify(const RingFile& file);

}  // namespace ringside::tool
