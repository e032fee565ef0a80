// The least that a record can cost: a slot of 64 bytes with its sequence, as a record has it, and
// nothing else. No switch, no totals, no head, no thread-local state, no care for signal handlers.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "shm/lane.h"

namespace ringside::bench {

struct BareLane {
  std::vector<Slot> slots = std::vector<Slot>(kDefaultCapacity);
  std::uint64_t position = 0;

  void write(std::uint64_t start, std::uint64_t end) {
    constexpr std::uint64_t kMask = kDefaultCapacity - 1;
    Slot& slot = slots[position & kMask];
    prefetch_for_write(&slots[(position + kPrefetchAhead) & kMask]);
    slot.sequence.store(2 * position + 1, std::memory_order_relaxed);
    store_words(slot, {start, end - start, 0, 0, 0, 0, 0});
    slot.sequence.store(2 * ++position, std::memory_order_release);
  }

  // Reads every slot, as a reader does. For another thread.
  std::uint64_t read() const {
    std::uint64_t sum = 0;
    for (const Slot& slot : slots) {
      sum += slot.sequence.load(std::memory_order_acquire);
      for (const auto& word : slot.words) sum += word.load(std::memory_order_acquire);
    }
    return sum;
  }
};

}  // namespace ringside::bench
