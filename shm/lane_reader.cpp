#include "shm/lane_reader.h"

namespace ringside {

void copy_totals(const Totals* totals, TotalsCopy& out) {
  TotalsCopy::Entry* const entries = out.entries.data();
  for (std::uint32_t id = 0; id < kIdCount; ++id) {
    // ORDER totals -> check.
    entries[id].recorded = totals[id].recorded.load(std::memory_order_acquire);
    entries[id].skipped = totals[id].skipped.load(std::memory_order_acquire);
    entries[id].errors = totals[id].errors.load(std::memory_order_acquire);
    entries[id].ticks = totals[id].ticks.load(std::memory_order_acquire);
  }
}

bool copy_totals_at(const Slot* slots, const LaneHeader& header, const Totals* totals,
                    std::uint64_t capacity, std::uint64_t position, TotalsCopy& out) {
  if (header.head.load(std::memory_order_acquire) != position) return false;
  copy_totals(totals, out);
  // The writer's first step of record `position` is to make this slot odd. If we saw any total of
  // that record, we also see the odd sequence.
  return slots[position & (capacity - 1)].sequence.load(std::memory_order_relaxed) <
         2 * position + 1;
}

Remainder lane_remainder(const Slot* slots, const LaneHeader& header, std::uint64_t capacity) {
  const std::uint64_t head = header.head.load(std::memory_order_acquire);
  const Slot& slot = slots[head & (capacity - 1)];
  const std::uint64_t sequence = slot.sequence.load(std::memory_order_acquire);
  if (sequence == kSettling) {
    // The next owner died, too, before or after it counted the record.
    const bool counted = header.torn.load(std::memory_order_relaxed) ==
                         slot.words[0].load(std::memory_order_relaxed);
    return counted ? Remainder::clean : Remainder::torn;
  }
  if (sequence == 2 * (head + 1)) return Remainder::unpublished_head;
  return sequence == 2 * head + 1 ? Remainder::torn : Remainder::clean;
}

}  // namespace ringside
