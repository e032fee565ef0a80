// What became of blocked addresses, compared with a count over all events in order.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>

#include "daemon/metrics/blocks.h"
#include "tests/support/random.h"

using namespace ringside;
using ringside::test::seed;
using Part = BlockTable::Part;

TEST_CASE("Blocks: attempts are counted from the latest block on, in whatever order the lanes are read") {
  std::mt19937_64 random(seed());
  struct Event {
    std::int64_t at;
    Part part;
    std::uint64_t address;
  };
  std::vector<Event> events;
  for (std::int64_t at = 1; at <= 5000; ++at) {
    const std::uint64_t kind = random() % 40;
    const Part part = kind == 0       ? Part::block
                      : kind % 4 == 0 ? Part::got_through
                                      : Part::turned_away;
    events.push_back({at, part, random() % 10});
  }
  std::map<std::uint64_t, BlockTable::Block> expected;
  for (const Event& event : events) {
    BlockTable::Block& block = expected[event.address];
    if (event.part == Part::block) block = {event.address, event.at, block.blocks + 1, 7, 0, 0};
    if (event.part == Part::turned_away) ++block.turned_away;
    if (event.part == Part::got_through) ++block.got_through;
  }
  BlockTable table;
  // Passes of up to 100 events. Each pass is read lane by lane, so its events and those of the pass
  // before are out of order.
  for (std::size_t begin = 0; begin < events.size();) {
    const std::size_t end = std::min(events.size(), begin + 1 + random() % 100);
    std::shuffle(events.begin() + static_cast<std::ptrdiff_t>(begin),
                 events.begin() + static_cast<std::ptrdiff_t>(end), random);
    for (std::size_t i = begin; i < end; ++i)
      table.add(events[i].part, events[i].address, events[i].at, 7);
    if (random() % 2 == 0 || end == events.size()) {
      std::int64_t latest = 0;
      for (std::size_t i = 0; i < end; ++i) latest = std::max(latest, events[i].at);
      table.settle(latest - static_cast<std::int64_t>(random() % 50));
    }
    begin = end;
  }
  const auto blocks = table.latest();
  std::size_t blocked = 0;
  for (const auto& [address, block] : expected) blocked += block.blocks > 0;
  REQUIRE(blocks.size() == blocked);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const BlockTable::Block& want = expected[blocks[i].address];
    CHECK(blocks[i].since_ns == want.since_ns);
    CHECK(blocks[i].blocks == want.blocks);
    CHECK(blocks[i].attempts_before == 7);
    CHECK(blocks[i].turned_away == want.turned_away);
    CHECK(blocks[i].got_through == want.got_through);
    if (i > 0) CHECK(blocks[i - 1].since_ns > blocks[i].since_ns);
  }
}

TEST_CASE("Blocks: thousands of attempts are counted, and saved with the rest") {
  BlockTable table;
  table.add(Part::turned_away, 5, 10, 0);   // before any block: it counts for none
  table.add(Part::block, 5, 20, 12);
  for (std::int64_t at = 21; at < 100'021; ++at) table.add(Part::turned_away, 5, at, 0);
  table.add(Part::got_through, 5, 200'000, 0);
  table.add(Part::got_through, 6, 200'000, 0);
  REQUIRE(table.latest().size() == 1);
  CHECK(table.latest()[0].turned_away == 100'000);
  CHECK(table.latest()[0].got_through == 1);
  CHECK(table.latest()[0].attempts_before == 12);
  Encoder out;
  table.encode(out);
  const std::string bytes = out.take();
  Decoder in(bytes);
  BlockTable other;
  other.decode(in, 1000);
  CHECK(in.at_end());
  REQUIRE(other.latest().size() == 1);
  CHECK(other.latest()[0].turned_away == 100'000);
  CHECK(other.latest()[0].since_ns == 1020);
}

TEST_CASE("Blocks: of more addresses than there is room for the latest blocked are kept") {
  BlockTable table;
  for (std::uint64_t address = 0; address < BlockTable::kMaxBlocks + 100; ++address) {
    table.add(Part::block, address, static_cast<std::int64_t>(address), 1);
  }
  const auto blocks = table.latest();
  CHECK(blocks.size() == BlockTable::kMaxBlocks);
  CHECK(blocks.back().address == 100);
  CHECK(blocks.front().address == BlockTable::kMaxBlocks + 99);
}

TEST_CASE("Blocks: at one instant the block comes first, whichever was read first") {
  BlockTable table;
  table.add(Part::turned_away, 5, 10, 0);
  table.settle(10);  // it ended at that instant, not before
  table.add(Part::block, 5, 10, 1);
  REQUIRE(table.latest().size() == 1);
  CHECK(table.latest()[0].turned_away == 1);
  table.settle(11);
  table.add(Part::turned_away, 5, 10, 0);  // read late
  table.add(Part::got_through, 5, 9, 0);   // and before the block
  CHECK(table.latest()[0].turned_away == 2);
  CHECK(table.latest()[0].got_through == 0);
}

TEST_CASE("Blocks: what the server counted before a block is at least nothing") {
  BlockTable table;
  for (const std::int64_t value : {-5, 0, 1}) {
    table.add(Part::block, 5, 10 + value, value);
    CHECK(table.latest().at(0).attempts_before == static_cast<std::uint64_t>(value > 0));
  }
}

TEST_CASE("Blocks: 65536 events that wait are counted at once") {
  for (const std::uint64_t attempts : {65'535, 65'536}) {
    BlockTable table;
    for (std::uint64_t i = 0; i < attempts; ++i) table.add(Part::turned_away, 5, 100, 0);
    // Their block is read later than they were. Those that still waited count for it.
    table.add(Part::block, 5, 50, 1);
    CHECK(table.latest().at(0).turned_away == (attempts == 65'535 ? attempts : 0));
  }
}

TEST_CASE("Blocks: in a full table a known address takes no other's place, a new one that of the earliest") {
  BlockTable table;
  // The larger the address, the earlier it was blocked. The last two at one instant.
  for (std::uint64_t address = 0; address < BlockTable::kMaxBlocks; ++address)
    table.add(Part::block, 5000 - address, 10 + static_cast<std::int64_t>(address / 2), 1);
  table.add(Part::block, 4500, 2000, 1);
  auto blocks = table.latest();
  REQUIRE(blocks.size() == BlockTable::kMaxBlocks);
  CHECK(blocks.front().address == 4500);
  CHECK(blocks.front().blocks == 2);
  CHECK(blocks.back().address == 4999);
  CHECK(blocks[1022].address == 5000);
  table.add(Part::block, 1, 3000, 1);
  blocks = table.latest();
  REQUIRE(blocks.size() == BlockTable::kMaxBlocks);
  CHECK(blocks.front().address == 1);
  CHECK(blocks.back().address == 5000);
}

TEST_CASE("Blocks: a table has these bytes, others are refused, and it knows its memory") {
  BlockTable table;
  CHECK(table.bytes() == 0);
  table.add(Part::block, 3, 5, 9);
  CHECK(table.bytes() == 32);  // one event
  table.add(Part::block, 2, 4, 8);
  table.add(Part::turned_away, 3, 6, 0);
  Encoder out;
  table.encode(out);
  const std::string bytes = out.take();
  // Two blocks, the latest first: address, when (as a zigzag), blocks, attempts before, turned
  // away, got through.
  CHECK(bytes == std::string("\2\3\xa\1\x9\1\0\2\x8\1\x8\0\0", 13));
  for (std::size_t length = 0; length <= bytes.size(); ++length) {
    Decoder in(std::string_view(bytes).substr(0, length));
    BlockTable other;
    other.decode(in, 0);
    CHECK(in.at_end() == (length == bytes.size()));
    if (length < bytes.size()) continue;
    // A node holds 8 bytes of the key, the block of 48, and two words.
    CHECK(other.bytes() == 2 * (56 + 16));
    CHECK(other.latest().at(1).address == 2);
    CHECK(other.latest().at(1).since_ns == 4);
    CHECK(other.latest().at(1).attempts_before == 8);
  }
  for (const std::size_t size : {BlockTable::kMaxBlocks, BlockTable::kMaxBlocks + 1}) {
    Encoder many;
    many.u64(size);
    for (std::size_t i = 0; i < size; ++i) {
      many.u64(i);
      for (int n = 0; n < 5; ++n) many.u64(0);
    }
    const std::string of_many = many.take();
    Decoder in(of_many);
    BlockTable other;
    other.decode(in, 0);
    CHECK(in.at_end() == (size == BlockTable::kMaxBlocks));
  }
}
