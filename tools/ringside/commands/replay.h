// Writes a recording into a new ring, as if its server ran now.
#pragma once

#include <cstdint>
#include <string>

namespace ringside::tool {

struct ReplayOptions {
  std::string source;  // a recording, a copy of a ring, or the ring of a server that is gone
  std::string ring;    // the new one
  double speed = 1;    // 0: as fast as readers can follow
  std::int64_t wait_ns = 1'000'000'000;  // for readers to find the new ring
};
// Returns the exit code.
int replay(const ReplayOptions& options);

}  // namespace ringside::tool
