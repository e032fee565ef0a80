// Rings whose servers died, kept as files. A core dump leaves a shared mapping out, and the ring's
// own file goes when the server was started twice. A kept file is a copy with holes. Every command
// of `ringside` that takes a ring takes it.
//
//   <directory>/chat-20241123T091555Z.ring
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "shm/failure.h"
#include "shm/segment.h"

namespace ringside {

struct DeadRing {
  std::string name;          // of the ring
  std::int64_t wall_ns = 0;  // when its end was found
  std::unique_ptr<Segment> segment;
};

struct DeadRingFiles {
  std::string directory;         // made where it is missing
  std::uint64_t keep = 0;        // files, the newest by name; 0: none is kept, none is removed
  std::uint64_t most_bytes = 0;  // of all files together, as far as they have memory
};

// Writes the ring's file whole or not at all, mode 0600, and removes the oldest ones until all fit.
// One that is larger than `most_bytes` by itself is not written, which is a failure. `written`
// becomes its path.
std::optional<Failure> keep_dead_ring(const DeadRingFiles& files, const DeadRing& ring,
                                      std::string* written);

}  // namespace ringside
