// A reader's position and its books: what is read, lost, rejected and kept for later, to the
// record.
#include <doctest/doctest.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "tests/support/ring.h"
#include "tests/support/temp.h"

using namespace ringside;
using namespace ringside::test;

namespace {

using Positions = std::vector<std::uint64_t>;

Positions from_to(std::uint64_t first, std::uint64_t last) {
  Positions out;
  for (std::uint64_t position = first; position <= last; ++position) out.push_back(position);
  return out;
}

// A lane of 64 records. Every record has its position as its start.
struct ReaderBench {
  static constexpr std::uint32_t kRecords = 64;
  TempDir dir;
  std::unique_ptr<Segment> ring = make_ring(dir.file("ring"), {1, kRecords, kRecords});
  bool overflow;
  std::uint32_t lane;
  LaneWriter writer;
  LaneCursor cursor;
  Positions taken;
  Positions rejected;

  explicit ReaderBench(bool overflow_lane)
      : overflow(overflow_lane),
        lane(overflow_lane ? ring->overflow_lane() : 0),
        writer(overflow_lane ? claim_overflow(*ring).writer : claim(*ring)) {}

  void write(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t position = writer.header->head.load();
      if (overflow) {
        write_overflow(writer, operation(1, position, 1));
      } else {
        write_record(writer, operation(1, position, 1));
      }
    }
  }
  // A record that no reader believes.
  void write_bad() {
    Record record = operation(1, writer.header->head.load(), 1);
    record.kind = 9;
    if (overflow) {
      write_overflow(writer, record);
    } else {
      write_record(writer, record);
    }
  }
  Slot& slot(std::uint64_t position) { return writer.slots[position % kRecords]; }
  void reserve(std::uint64_t count) { writer.header->head.fetch_add(count); }

  std::uint64_t read(std::uint64_t limit = 1U << 20) {
    taken.clear();
    rejected.clear();
    const auto reject = [&](const RecordWords& words) { rejected.push_back(words.start); };
    const Slot* slots = ring->slots(lane);
    const LaneHeader& header = ring->lane_header(lane);
    if (overflow) {
      return read_overflow(
          slots, header, kRecords, cursor, limit,
          [&](const Record& record) { taken.push_back(record.start); }, reject);
    }
    return read_lane_words(
        slots, header, kRecords, cursor, limit,
        [&](const RecordWords& words, std::uint64_t position) {
          CHECK(words.start == position);
          taken.push_back(position);
        },
        reject);
  }
  void books(std::uint64_t position, std::uint64_t read_so_far, std::uint64_t lost,
             std::uint64_t rejected_so_far) {
    CHECK(cursor.position == position);
    CHECK(cursor.read == read_so_far);
    CHECK(cursor.lost == lost);
    CHECK(cursor.rejected == rejected_so_far);
    CHECK(cursor.written() == read_so_far + lost);
  }
};

}  // namespace

TEST_CASE("Reader: nobody has read anything at first") {
  const LaneCursor cursor;
  CHECK(cursor.position == 0);
  CHECK(cursor.read == 0);
  CHECK(cursor.lost == 0);
  CHECK(cursor.rejected == 0);
  const TotalsCopy totals;
  CHECK(totals.entries[0].recorded == 0);
  CHECK(totals.entries[0].skipped == 0);
  CHECK(totals.entries[0].errors == 0);
  CHECK(totals.entries[0].ticks == 0);
}

TEST_CASE("Reader: a lane may be read when it has memory, whoever owns it") {
  LaneHeader header{};
  for (const std::uint32_t word : {0U, 7U, OwnerLock::kDiedBit}) {
    header.owner.word.store(word);
    for (const std::uint32_t state : {std::uint32_t{kNever}, std::uint32_t{kReady}, 2U}) {
      header.state.store(state);
      CHECK(lane_readable(header) == (state == kReady));
    }
  }
}

TEST_CASE("Reader: a lane's life is what its state and its owner's lock say") {
  LaneHeader header{};
  const auto life = [&](std::uint32_t state, std::uint32_t word) {
    header.state.store(state);
    header.owner.word.store(word);
    return header.life();
  };
  CHECK(life(kNever, 0) == LaneLife::never);
  CHECK(life(kNever, 7) == LaneLife::claiming);
  CHECK(life(kNever, OwnerLock::kDiedBit) == LaneLife::never);
  CHECK(life(kReady, 0) == LaneLife::released);
  CHECK(life(kReady, 7) == LaneLife::owned);
  CHECK(life(kReady, OwnerLock::kDiedBit) == LaneLife::dead);
  CHECK(life(99, 0) == LaneLife::never);
}

TEST_CASE("Reader: a limit is kept to the record, in both kinds of lane") {
  for (const bool overflow : {false, true}) {
    CAPTURE(overflow);
    ReaderBench bench(overflow);
    bench.write(10);
    CHECK(bench.read(0) == 0);
    CHECK(bench.taken.empty());
    CHECK(bench.read(1) == 1);
    CHECK(bench.taken == from_to(0, 0));
    CHECK(bench.read(4) == 4);
    CHECK(bench.taken == from_to(1, 4));
    CHECK(bench.read(5) == 5);
    CHECK(bench.taken == from_to(5, 9));
    CHECK(bench.read(5) == 0);
    bench.books(10, 10, 0, 0);
  }
}

TEST_CASE("Reader: what is not believed is read, counted, handed to reject and to nobody else") {
  for (const bool overflow : {false, true}) {
    CAPTURE(overflow);
    ReaderBench bench(overflow);
    bench.write(2);
    bench.write_bad();
    bench.write(1);
    CHECK(bench.read() == 4);
    CHECK(bench.taken == Positions{0, 1, 3});
    CHECK(bench.rejected == Positions{2});
    bench.books(4, 4, 0, 1);
    bench.write_bad();
    bench.write_bad();
    CHECK(bench.read() == 2);
    CHECK(bench.rejected == Positions{4, 5});
    bench.books(6, 6, 0, 3);
  }
}

TEST_CASE("Reader: a lapped reader skips to the oldest safe record, each time it is lapped") {
  ReaderBench bench(false);
  bench.write(63);
  CHECK(bench.read() == 63);
  bench.books(63, 63, 0, 0);
  bench.write(63);  // one less than a lap behind
  CHECK(bench.read() == 63);
  bench.books(126, 126, 0, 0);
  // Exactly a lap: the slot of the oldest record is written next, so it is given up.
  bench.write(64);
  CHECK(bench.read() == 64);
  CHECK(bench.taken == from_to(127, 189));
  bench.books(190, 189, 1, 0);
  bench.write(200);
  CHECK(bench.read() == 200);
  CHECK(bench.taken == from_to(327, 389));
  bench.books(390, 252, 138, 0);
  CHECK(bench.read() == 0);
}

TEST_CASE("Reader: in the overflow lane the oldest safe record is the one a whole lap behind") {
  ReaderBench bench(true);
  bench.write(64);
  CHECK(bench.read() == 64);
  CHECK(bench.taken == from_to(0, 63));
  bench.books(64, 64, 0, 0);
  bench.write(65);
  CHECK(bench.read() == 65);
  CHECK(bench.taken == from_to(65, 128));
  bench.books(129, 128, 1, 0);
  bench.write(100);
  CHECK(bench.read() == 100);
  CHECK(bench.taken == from_to(165, 228));
  bench.books(229, 192, 37, 0);
}

TEST_CASE("Reader: a record that is not there although head says so is lost alone, and costs one") {
  ReaderBench bench(false);
  bench.write(10);
  bench.slot(3).sequence.store(0);
  bench.slot(4).sequence.store(0);
  CHECK(bench.read(6) == 6);
  CHECK(bench.taken == Positions{0, 1, 2, 5});
  bench.books(6, 4, 2, 0);
  CHECK(bench.read(2) == 2);
  CHECK(bench.taken == from_to(6, 7));
  bench.slot(8).sequence.store(0);
  CHECK(bench.read(1) == 1);
  CHECK(bench.taken.empty());
  bench.books(9, 6, 3, 0);
}

TEST_CASE("Reader: lapped while it reads, the reader looks at head again and goes on from there") {
  ReaderBench bench(false);
  bench.write(10);
  Positions taken;
  const std::uint64_t moved =
      read_lane_words(bench.ring->slots(0), bench.ring->lane_header(0), ReaderBench::kRecords,
                      bench.cursor, 100, [&](const RecordWords&, std::uint64_t position) {
                        taken.push_back(position);
                        if (position == 4) bench.write(130);  // two laps and more: head is 140
                      });
  Positions expected = from_to(0, 4);
  for (const std::uint64_t position : from_to(77, 139)) expected.push_back(position);
  CHECK(taken == expected);
  CHECK(moved == 140);
  bench.books(140, 68, 72, 0);
}

TEST_CASE("Reader: a head that went back gives nothing and loses nothing") {
  for (const bool overflow : {false, true}) {
    CAPTURE(overflow);
    ReaderBench bench(overflow);
    bench.write(20);
    bench.read();
    bench.writer.header->head.store(5);
    CHECK(bench.read() == 0);
    bench.books(20, 20, 0, 0);
    bench.writer.header->head.store(20);
    CHECK(bench.read() == 0);
  }
}

TEST_CASE("Reader: holes stay until they are filled, lapped, or a lap behind") {
  ReaderBench bench(true);
  bench.reserve(3);  // 0, 1 and 2 are reserved by writers that sleep
  bench.write(2);
  CHECK(bench.read() == 5);
  CHECK(bench.taken == from_to(3, 4));
  CHECK(bench.cursor.holes == from_to(0, 2));
  bench.books(5, 2, 0, 0);
  // The writer of 1 wakes up.
  store_words(bench.slot(1), words_of(operation(1, 1, 1)));
  bench.slot(1).sequence.store(4);
  CHECK(bench.read() == 0);
  CHECK(bench.taken == Positions{1});
  CHECK(bench.cursor.holes == Positions{0, 2});
  bench.books(5, 3, 0, 0);
  // 63 positions after hole 0: the last moment at which it is kept.
  bench.reserve(58);
  CHECK(bench.read() == 58);
  CHECK(bench.cursor.holes.size() == 60);
  CHECK(bench.cursor.lost == 0);
  bench.reserve(1);
  CHECK(bench.read() == 1);
  CHECK(bench.cursor.holes.front() == 2);
  CHECK(bench.cursor.lost == 1);
  // Hole 2 is overwritten by the next lap.
  bench.slot(2).sequence.store(2 * (66 + 1));
  CHECK(bench.read() == 0);
  CHECK(bench.cursor.holes.front() == 5);
  bench.books(64, 3, 2, 0);
}

TEST_CASE("Reader: a hole that is filled with what nobody believes is rejected") {
  ReaderBench bench(true);
  bench.reserve(1);
  CHECK(bench.read() == 1);
  Record bad = operation(1, 0, 1);
  bad.kind = 9;
  store_words(bench.slot(0), words_of(bad));
  bench.slot(0).sequence.store(2);
  CHECK(bench.read() == 0);
  CHECK(bench.rejected == Positions{0});
  CHECK(bench.taken.empty());
  bench.books(1, 1, 0, 1);
}

TEST_CASE("Reader: a slot of a later lap is lost at once, and is no hole") {
  ReaderBench bench(true);
  bench.write(4);
  bench.slot(2).sequence.store(2 * (66 + 1));
  CHECK(bench.read() == 4);
  CHECK(bench.taken == Positions{0, 1, 3});
  CHECK(bench.cursor.holes.empty());
  bench.books(4, 3, 1, 0);
}

TEST_CASE("Reader: a hole stays a hole where head has gone back behind it") {
  ReaderBench bench(true);
  bench.reserve(2);
  bench.read();
  bench.writer.header->head.store(0);
  CHECK(bench.read() == 0);
  CHECK(bench.cursor.holes == from_to(0, 1));
  CHECK(bench.cursor.lost == 0);
}

TEST_CASE("Reader: of too many holes the oldest are given up, one for one") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {1, 64, 4096});
  const std::uint32_t lane = ring->overflow_lane();
  const LaneWriter writer = claim_overflow(*ring).writer;
  LaneCursor cursor;
  const auto read = [&] {
    return read_overflow(ring->slots(lane), ring->lane_header(lane), 4096, cursor, 1U << 20,
                         [](const Record&) {});
  };
  writer.header->head.store(1024);
  CHECK(read() == 1024);
  CHECK(cursor.holes.size() == 1024);
  CHECK(cursor.lost == 0);
  writer.header->head.store(1027);
  CHECK(read() == 3);
  CHECK(cursor.holes == from_to(3, 1026));
  CHECK(cursor.lost == 3);
}
