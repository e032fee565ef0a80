#include <doctest/doctest.h>

#include <thread>
#include <vector>

#include "tests/support/random.h"
#include "tests/support/ring.h"
#include "tests/support/temp.h"

using namespace ringside;
using namespace ringside::test;

namespace {

constexpr std::uint32_t kCapacity = 64;

struct Bench {
  TempDir dir;
  std::unique_ptr<Segment> ring = make_ring(dir.file("ring"), {2, kCapacity, kCapacity});
  LaneWriter writer = claim(*ring);
  LaneCursor cursor;
  std::vector<Record> seen;

  std::uint64_t read(std::uint64_t limit = 1U << 20) {
    return read_lane(ring->slots(0), ring->lane_header(0), kCapacity, cursor, limit,
                     [&](const Record& record) { seen.push_back(record); });
  }
  void write(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      Record record = operation(static_cast<std::uint16_t>(i % 19), 1000 + writer.position, 7);
      record.actor = writer.position;
      write_record(writer, record);
    }
  }
};

// Every word of this record follows from n, so a mixture of two records is recognised.
Record checked(std::uint64_t n) {
  Record record =
      operation(static_cast<std::uint16_t>(n % 19), n * 3, static_cast<std::int64_t>(n * 5));
  record.actor = n * 7;
  record.subject = n * 11;
  record.error = static_cast<std::uint16_t>(n);
  for (unsigned i = 0; i < kStageCount; ++i)
    record.set_stage(i, static_cast<StageTicks>(n * 13 + i) & kStageMask);
  return record;
}
bool whole(const Record& record) {
  const std::uint64_t n = record.start / 3;
  Record expected = checked(n);
  expected.sequence = record.sequence;
  expected.flags = record.flags;
  return std::memcmp(&expected, &record, sizeof record) == 0;
}

}  // namespace

TEST_CASE("Lane: what is written is read, in order and whole") {
  Bench bench;
  for (std::uint64_t n = 0; n < 40; ++n) write_record(bench.writer, checked(n));
  CHECK(bench.read() == 40);
  REQUIRE(bench.seen.size() == 40);
  for (std::uint64_t n = 0; n < 40; ++n) {
    CHECK(bench.seen[n].start == 3 * n);
    CHECK(bench.seen[n].sequence == 2 * (n + 1));
    CHECK(whole(bench.seen[n]));
  }
  CHECK(bench.read() == 0);
  CHECK(bench.cursor.read == 40);
  CHECK(bench.cursor.lost == 0);
}

TEST_CASE("Lane: totals are exact per operation, errors included") {
  Bench bench;
  for (int i = 0; i < 10; ++i)
    write_record(bench.writer, operation(4, 0, 100, i < 3 ? Outcome::timeout : Outcome::ok));
  write_record(bench.writer, operation(5, 0, 1, Outcome::rejected));
  count_only(bench.writer, 5);
  TotalsCopy totals;
  REQUIRE(copy_totals_at(bench.ring->slots(0), bench.ring->lane_header(0), bench.ring->totals(0),
                         kCapacity, 11, totals));
  CHECK(totals.entries[4].recorded == 10);
  CHECK(totals.entries[4].errors == 3);
  CHECK(totals.entries[4].ticks == 1000);
  CHECK(totals.entries[5].recorded == 1);
  CHECK(totals.entries[5].errors == 0);
  CHECK(totals.entries[5].skipped == 1);
}

TEST_CASE("LaneWrap: a reader that keeps up loses nothing over many laps") {
  Bench bench;
  for (int lap = 0; lap < 50; ++lap) {
    bench.write(kCapacity - 1);
    bench.read();
  }
  CHECK(bench.cursor.lost == 0);
  CHECK(bench.cursor.read == 50 * (kCapacity - 1));
}

TEST_CASE("LaneWrap: positions close to the end of 64 bits of sequence are read like any others") {
  Bench bench;
  const std::uint64_t start = (std::uint64_t{1} << 62) - 10;
  bench.writer.position = start;
  bench.writer.header->head.store(start);
  bench.cursor.position = start;
  bench.write(40);
  CHECK(bench.read() == 40);
  CHECK(bench.cursor.read == 40);
  CHECK(bench.seen.back().actor == start + 39);
}

TEST_CASE("Lane: a reader takes no more records at once than it asks for, lapped or not") {
  Bench bench;
  bench.write(20);
  CHECK(bench.read(7) == 7);
  CHECK(bench.seen.size() == 7);
  CHECK(bench.read(7) == 7);
  CHECK(bench.read(7) == 6);
  CHECK(bench.read(7) == 0);
  bench.write(3 * kCapacity);
  bench.seen.clear();
  bench.read(7);
  CHECK(bench.seen.size() == 7);
}

TEST_CASE("LaneOverrun: a lapped reader resumes at the oldest safe record and counts the rest") {
  Bench bench;
  bench.write(10);
  bench.read();
  bench.write(3 * kCapacity);
  bench.seen.clear();
  bench.read();
  // The writer uses the slot of head - capacity next, so the oldest safe record is the one after
  // it.
  CHECK(bench.seen.size() == kCapacity - 1);
  CHECK(bench.seen.front().actor == 10 + 3 * kCapacity - kCapacity + 1);
  CHECK(bench.cursor.lost == 2 * kCapacity + 1);
  CHECK(bench.cursor.read + bench.cursor.lost == bench.writer.position);
}

TEST_CASE("LaneOverrun: lapped by exactly the capacity, and by multiples of it") {
  for (const std::uint64_t laps : {1, 2, 7}) {
    Bench bench;
    bench.write(5);
    bench.read();
    bench.write(laps * kCapacity);
    bench.read();
    CHECK(bench.cursor.read + bench.cursor.lost == 5 + laps * kCapacity);
    CHECK(bench.seen.back().actor == 4 + laps * kCapacity);
    for (std::size_t i = 1; i < bench.seen.size(); ++i)
      CHECK(bench.seen[i].actor > bench.seen[i - 1].actor);
  }
}

TEST_CASE("LaneOverrun: lapped during the copy, the copy is thrown away") {
  Bench bench;
  bench.write(1);
  Record out;
  CHECK(read_slot(bench.ring->slots(0)[0], 0, out) == Poll::record);
  // The writer has begun the next lap in this slot: the sequence is odd, the words are still old.
  bench.ring->slots(0)[0].sequence.store(2 * std::uint64_t{kCapacity} + 1);
  CHECK(read_slot(bench.ring->slots(0)[0], 0, out) == Poll::lapped);
  CHECK(read_slot(bench.ring->slots(0)[0], kCapacity, out) == Poll::not_yet);
}

TEST_CASE(
    "LaneOrder: a record is never mixed, and what is not read is counted, while the writer laps") {
  Bench bench;
  constexpr std::uint64_t kRecords = 400'000;
  std::thread thread([&] {
    for (std::uint64_t n = 0; n < kRecords; ++n) write_record(bench.writer, checked(n));
  });
  std::uint64_t mixed = 0;
  std::uint64_t previous = 0;
  bool ordered = true;
  while (bench.cursor.position < kRecords) {
    read_lane(bench.ring->slots(0), bench.ring->lane_header(0), kCapacity, bench.cursor, 1000,
              [&](const Record& r) {
                mixed += !whole(r);
                ordered = ordered && r.sequence > previous;
                previous = r.sequence;
              });
  }
  thread.join();
  CHECK(mixed == 0);
  CHECK(ordered);
  CHECK(bench.cursor.rejected == 0);
  CHECK(bench.cursor.read + bench.cursor.lost == kRecords);
}

TEST_CASE(
    "LaneOrder: totals that are said to stand at head add up to head, while the writer writes") {
  Bench bench;
  std::atomic<bool> stop{false};
  std::thread thread([&] {
    for (std::uint64_t n = 0; !stop.load(); ++n) {
      write_record(bench.writer, checked(n));
      // A pause now and then lets the reader find the lane quiet, as it would in a server.
      for (int i = 0; i < 200; ++i) std::atomic_signal_fence(std::memory_order_seq_cst);
    }
  });
  std::uint64_t exact = 0;
  TotalsCopy totals;
  for (std::uint64_t tries = 0; tries < 2'000'000 && exact < 50; ++tries) {
    const std::uint64_t head = bench.ring->lane_header(0).head.load(std::memory_order_acquire);
    if (!copy_totals_at(bench.ring->slots(0), bench.ring->lane_header(0), bench.ring->totals(0),
                        kCapacity, head, totals)) {
      continue;
    }
    ++exact;
    std::uint64_t sum = 0;
    for (const auto& entry : totals.entries) sum += entry.recorded;
    CHECK(sum == head);
  }
  stop.store(true);
  thread.join();
  MESSAGE("found quiet " << exact << " times");
}

TEST_CASE("LaneHostile: records that no writer writes are counted as rejected and go no further") {
  Bench bench;
  Record bad = operation(4, 0, 1);
  bad.kind = 9;
  write_record(bench.writer, bad);
  bad = operation(4, 0, 1);
  bad.outcome = 7;
  write_record(bench.writer, bad);
  bad = operation(300, 0, 1);
  write_record(bench.writer, bad);
  bad = operation(4, 0, 1);
  bad.flags = 0x8000;
  write_record(bench.writer, bad);
  bad = operation(4, 0, 1);
  bad.kind = static_cast<std::uint8_t>(Kind::event);
  write_record(bench.writer, bad);
  bench.write(1);
  bench.read();
  CHECK(bench.cursor.rejected == 5);
  CHECK(bench.cursor.read == 6);
  CHECK(bench.seen.size() == 1);
}

TEST_CASE("LaneHostile: a head that lies is worked off, not waited for") {
  Bench bench;
  bench.write(3);
  bench.ring->lane_header(0).head.store(~std::uint64_t{0} - 5);
  std::uint64_t rounds = 0;
  while (bench.read() > 0) REQUIRE(++rounds < 100);
  CHECK(bench.cursor.read + bench.cursor.lost == bench.cursor.position);
  bench.ring->lane_header(0).head.store(1);
  CHECK(bench.read() == 0);
}

TEST_CASE("LaneHostile: random bytes in every slot never crash the reader, and the books hold") {
  Bench bench;
  std::mt19937_64 random(seed());
  for (int round = 0; round < 200; ++round) {
    for (std::uint32_t i = 0; i < kCapacity; ++i) {
      Slot& slot = bench.ring->slots(0)[i];
      const std::uint64_t near = 2 * (bench.cursor.position + random() % (2 * kCapacity));
      slot.sequence.store(random() % 4 == 0 ? random() : near);
      for (auto& word : slot.words) word.store(random());
    }
    bench.ring->lane_header(0).head.store(bench.cursor.position + random() % (3 * kCapacity));
    bench.read();
    CHECK(bench.cursor.read + bench.cursor.lost == bench.cursor.position);
  }
}
