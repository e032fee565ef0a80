// A ring's file in memory, which both ends may see and each execution restores.
//
//   data()      where writers write, and where an input spoils the ring
//   readers()   the same pages, read-only and between two pages without access: a reader that
//               writes, or leaves the file by one byte, ends the process
//
// Restoring costs what was touched: whoever changes bytes says so before, by touch().
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ringside::fuzz {

class MemoryRing {
 public:
  // The file is `bytes` long, and may be given any length up to `room`.
  explicit MemoryRing(std::uint64_t bytes, std::uint64_t room = 0);
  MemoryRing(const MemoryRing&) = delete;
  MemoryRing& operator=(const MemoryRing&) = delete;

  unsigned char* data() const { return data_; }
  unsigned char* readers() const { return readers_; }
  std::uint64_t bytes() const { return bytes_; }

  void touch(const void* begin, std::uint64_t bytes);
  // From now on restore() leads back to what is there now. Bytes in the hole are zeros then, and
  // are no memory before an input touches them, except for pages that are touched already.
  void keep(std::uint64_t hole_begin, std::uint64_t hole_end);
  void restore();
  // Whether every byte is as it was kept. Slow.
  bool restored() const;

 private:
  static constexpr std::uint64_t kPage = 4096;
  // Where the kept page stands in kept_. kZeros: in the hole, or behind the end.
  static constexpr std::uint32_t kZeros = ~0U;

  std::uint64_t bytes_;
  std::uint64_t room_;
  unsigned char* data_ = nullptr;
  unsigned char* readers_ = nullptr;
  std::vector<unsigned char> kept_;
  std::vector<std::uint32_t> place_;  // by page
  std::vector<bool> touched_;         // by page
  std::vector<std::uint32_t> to_restore_;
};

}  // namespace ringside::fuzz
