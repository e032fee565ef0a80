#include "tests/ring/fuzz/memory_ring.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "tests/ring/fuzz/input.h"

namespace ringside::fuzz {

// Mappings stay to the process's end: rings are made once.
MemoryRing::MemoryRing(std::uint64_t bytes, std::uint64_t room)
    : bytes_(bytes), room_((std::max(bytes, room) + kPage - 1) / kPage * kPage) {
  const int fd = memfd_create("ring", MFD_CLOEXEC);
  FUZZ_REQUIRE(fd >= 0 && ftruncate(fd, static_cast<off_t>(room_)) == 0);
  void* written = mmap(nullptr, room_, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  FUZZ_REQUIRE(written != MAP_FAILED);
  void* fence = mmap(nullptr, room_ + 2 * kPage, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  FUZZ_REQUIRE(fence != MAP_FAILED);
  readers_ = static_cast<unsigned char*>(fence) + kPage;
  FUZZ_REQUIRE(mmap(readers_, room_, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) == readers_);
  close(fd);
  data_ = static_cast<unsigned char*>(written);
  place_.assign(room_ / kPage, kZeros);
  touched_.assign(room_ / kPage, false);
}

void MemoryRing::touch(const void* begin, std::uint64_t bytes) {
  if (bytes == 0) return;
  const auto offset = static_cast<std::uint64_t>(static_cast<const unsigned char*>(begin) - data_);
  FUZZ_REQUIRE(offset < room_ && bytes <= room_ - offset);
  const std::uint64_t last = (offset + bytes - 1) / kPage;
  for (std::uint64_t page = offset / kPage; page <= last; ++page) {
    if (touched_[page]) continue;
    touched_[page] = true;
    to_restore_.push_back(static_cast<std::uint32_t>(page));
  }
}

void MemoryRing::keep(std::uint64_t hole_begin, std::uint64_t hole_end) {
  for (std::uint64_t page = 0; page * kPage < bytes_; ++page) {
    const bool in_hole = page * kPage >= hole_begin && (page + 1) * kPage <= hole_end;
    if (in_hole && !touched_[page]) continue;
    place_[page] = static_cast<std::uint32_t>(kept_.size() / kPage);
    kept_.insert(kept_.end(), data_ + page * kPage, data_ + (page + 1) * kPage);
  }
  for (const std::uint32_t page : to_restore_) touched_[page] = false;
  to_restore_.clear();
}

void MemoryRing::restore() {
  for (const std::uint32_t page : to_restore_) {
    unsigned char* to = data_ + page * kPage;
    if (place_[page] == kZeros) {
      std::memset(to, 0, kPage);
    } else {
      std::memcpy(to, &kept_[place_[page] * kPage], kPage);
    }
    touched_[page] = false;
  }
  to_restore_.clear();
}

bool MemoryRing::restored() const {
  for (std::uint64_t page = 0; page < place_.size(); ++page) {
    if (place_[page] != kZeros &&
        std::memcmp(data_ + page * kPage, &kept_[place_[page] * kPage], kPage) != 0) {
      return false;
    }
  }
  return true;
}

}  // namespace ringside::fuzz
