// What became of each address that the server blocked: how often it was turned away since then, and
// how often it got through all the same.
//
// Events are read lane by lane, not in the order in which they happened. So the events of one pass
// wait until the next pass begins, and are then counted in their order. An attempt counts for a
// block if it did not end before the block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "daemon/storage/codec.h"

namespace ringside {

class BlockTable {
 public:
  // What an event says about a block. `none`: nothing.
  enum class Part : std::uint8_t { none, block, turned_away, got_through };
  struct Block {
    std::uint64_t address;
    std::int64_t since_ns;            // CLOCK_MONOTONIC, of its latest block
    std::uint64_t blocks;             // how often it was blocked
    std::uint64_t attempts_before;    // as the server counted them when it blocked it
    std::uint64_t turned_away;        // since its latest block
    std::uint64_t got_through;        // failed logins, rejected tokens; since its latest block
  };
  // With more addresses than this, those that were blocked latest are kept.
  static constexpr std::size_t kMaxBlocks = 1024;

  void add(Part part, std::uint64_t address, std::int64_t end_ns, std::int64_t value);
  // Counts the events that ended before that instant. By then all of them have been read.
  void settle(std::int64_t before_ns);

  // The latest block first. Events that still wait are counted too.
  std::vector<Block> latest() const;
  std::size_t bytes() const;

  void encode(Encoder& out) const;
  void decode(Decoder& in, std::int64_t shift_ns);

 private:
  struct Event {
    std::int64_t end_ns;
    std::uint64_t address;
    std::int64_t value;
    Part part;
  };
  static constexpr std::size_t kMaxWaiting = 65536;
  using Blocks = std::unordered_map<std::uint64_t, Block>;
  static void count(Blocks& blocks, const Event& event);
  // Sorts events in the order in which they ended. A block comes before an attempt that ended at
  // the same instant.
  static void sort(std::vector<Event>& events);

  Blocks blocks_;
  std::vector<Event> waiting_;
};

}  // namespace ringside
