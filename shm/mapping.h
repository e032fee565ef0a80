// Maps a file so that nothing that happens to it afterwards can kill the reader.
//
// If a file is truncated under a mapping, every touch of its lost pages raises SIGBUS. The guard
// catches the signal for registered mappings, maps zero pages there, and marks the mapping broken.
// The interrupted load reads zeros, which no reader believes, and the reader leaves. Every other
// SIGBUS goes to the handler that was there before.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "shm/failure.h"

namespace ringside {

class Mapping {
 public:
  // Maps the first `bytes` of an open file, shared. Null and `failure` set when it can't be.
  static std::unique_ptr<Mapping> map(int fd, std::uint64_t bytes, bool writable,
                                      const std::string& path, Failure* failure);
  ~Mapping();
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  unsigned char* data() const { return data_; }
  std::uint64_t bytes() const { return bytes_; }
  // True once a page was found gone. What was read since may be zeros.
  bool broken() const { return broken_.load(std::memory_order_relaxed); }

 private:
  struct Region;  // Boost's mapped_region, kept out of this header
  Mapping() = default;
  std::unique_ptr<Region> region_;
  unsigned char* data_ = nullptr;
  std::uint64_t bytes_ = 0;
  std::atomic<bool> broken_{false};
  int guard_slot_ = -1;

  friend struct MappingGuard;
};

}  // namespace ringside
