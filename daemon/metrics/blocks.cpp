#include "daemon/metrics/blocks.h"

#include <algorithm>
#include <tuple>

#include "shm/clock.h"

namespace ringside {

void BlockTable::sort(std::vector<Event>& events) {
  std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
    return std::tie(a.end_ns, a.part, a.address, a.value) <
           std::tie(b.end_ns, b.part, b.address, b.value);
  });
}

void BlockTable::add(Part part, std::uint64_t address, std::int64_t end_ns, std::int64_t value) {
  waiting_.push_back({end_ns, address, value, part});
  if (waiting_.size() >= kMaxWaiting) settle(INT64_MAX);
}

void BlockTable::settle(std::int64_t before_ns) {
  sort(waiting_);
  const auto end = std::find_if(waiting_.begin(), waiting_.end(),
                                [&](const Event& event) { return event.end_ns >= before_ns; });
  std::for_each(waiting_.begin(), end, [&](const Event& event) { count(blocks_, event); });
  waiting_.erase(waiting_.begin(), end);
}

void BlockTable::count(Blocks& blocks, const Event& event) {
  if (event.part == Part::block) {
    if (blocks.size() >= kMaxBlocks && !blocks.contains(event.address)) {
      blocks.erase(std::min_element(blocks.begin(), blocks.end(), [](const auto& a, const auto& b) {
        return std::tie(a.second.since_ns, a.first) < std::tie(b.second.since_ns, b.first);
      }));
    }
    Block& block = blocks[event.address];
    const auto before = static_cast<std::uint64_t>(std::max<std::int64_t>(event.value, 0));
    block = {event.address, event.end_ns, block.blocks + 1, before, 0, 0};
    return;
  }
  const auto at = blocks.find(event.address);
  if (at == blocks.end() || event.end_ns < at->second.since_ns) return;
  ++(event.part == Part::turned_away ? at->second.turned_away : at->second.got_through);
}

std::vector<BlockTable::Block> BlockTable::latest() const {
  Blocks blocks = blocks_;
  std::vector<Event> waiting = waiting_;
  sort(waiting);
  for (const Event& event : waiting) count(blocks, event);
  std::vector<Block> out;
  out.reserve(blocks.size());
  for (const auto& [address, block] : blocks) out.push_back(block);
  std::sort(out.begin(), out.end(), [](const Block& a, const Block& b) {
    return std::tie(a.since_ns, a.address) > std::tie(b.since_ns, b.address);
  });
  return out;
}

std::size_t BlockTable::bytes() const {
  return blocks_.size() * (sizeof(Blocks::value_type) + 2 * sizeof(void*)) +
         waiting_.capacity() * sizeof(Event);
}

void BlockTable::encode(Encoder& out) const {
  const std::vector<Block> blocks = latest();
  out.u64(blocks.size());
  for (const Block& block : blocks) {
    out.u64(block.address);
    out.i64(block.since_ns);
    for (const std::uint64_t n :
         {block.blocks, block.attempts_before, block.turned_away, block.got_through})
      out.u64(n);
  }
}

void BlockTable::decode(Decoder& in, std::int64_t shift_ns) {
  const std::uint64_t count = in.count(6, kMaxBlocks);
  for (std::uint64_t n = 0; n < count && in.good(); ++n) {
    Block block{};
    block.address = in.u64();
    block.since_ns = add_ns(in.i64(), shift_ns);
    for (std::uint64_t* figure :
         {&block.blocks, &block.attempts_before, &block.turned_away, &block.got_through}) {
      *figure = in.u64();
    }
    if (in.good()) blocks_[block.address] = block;
  }
}

}  // namespace ringside
