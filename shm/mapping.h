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
  // Memory of no file, zeros. Null when there is none.
  static std::unique_ptr<Mapping> memory(std::uint64_t bytes);
  // Memory that somebody else has, and keeps for longer than this.
  static std::unique_ptr<Mapping> of(unsigned char* data, std::uint64_t bytes);
  // Keeps it to the process's end.
  static void keep(std::unique_ptr<Mapping> mapping);
  ~Mapping();
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  // In a forked child: from here on it writes into memory of its own, where the first `bytes` are
  // as they are now and the rest is zeros. False when there is none.
  bool part(std::uint64_t bytes);

  unsigned char* data() const { return data_; }
  std::uint64_t bytes() const { return bytes_; }
  // True once a page was found gone. What was read since may be zeros.
  bool broken() const { return broken_.load(std::memory_order_relaxed); }

 private:
  Mapping() = default;
  // False, with errno set, where the memory can't be had.
  bool get(int fd, std::uint64_t bytes, int protection, int flags);

  unsigned char* data_ = nullptr;
  std::uint64_t bytes_ = 0;
  bool unmaps_ = true;   // at the end
  std::atomic<bool> broken_{false};
  int guard_slot_ = -1;
  Mapping* next_kept_ = nullptr;

  friend struct MappingGuard;
};

}  // namespace ringside
