// A file under a ring's name, spoilt by an input. Two targets open it: open_segment reads it with
// shm's own functions, shown_ring shows it.
//
//   byte 0   which ring is spoilt (kContents), or 255: the rest is the whole file
//   byte 1   flags: 1 sizes that fit the counts (else the header may contradict itself),
//            2 another length of the file; the rest is the target's own
//   2..5     the length, with flag 2
//   then     patches: area, offset in it (4), bytes (1), the bytes
#pragma once

#include <memory>

#include "tests/ring/fuzz/input.h"
#include "tests/ring/fuzz/rings.h"

namespace ringside::fuzz {

class SpoiltFile {
 public:
  // All rings are made beforehand: an execution must not pay for that.
  static void make_all();

  SpoiltFile(const std::uint8_t* data, std::size_t size);
  ~SpoiltFile();
  SpoiltFile(const SpoiltFile&) = delete;
  SpoiltFile& operator=(const SpoiltFile&) = delete;

  unsigned flags() const { return flags_; }
  const MemoryFile& file() const { return file_; }

 private:
  void spoil(Input& in);

  SpoiltRing* ring_ = nullptr;  // null: a whole file of the input
  unsigned flags_ = 0;
  MemoryFile file_;
};

}  // namespace ringside::fuzz
