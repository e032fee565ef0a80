// What became of blocked addresses, compared with a count over all events in order.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>

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
