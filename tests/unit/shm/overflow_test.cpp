#include <doctest/doctest.h>

#include <set>
#include <thread>
#include <vector>

#include "tests/support/ring.h"
#include "tests/support/temp.h"

using namespace ringside;
using namespace ringside::test;

namespace {

constexpr std::uint32_t kOverflowCapacity = 64;

struct OverflowBench {
  TempDir dir;
  std::unique_ptr<Segment> ring = make_ring(dir.file("ring"), {1, 64, kOverflowCapacity});
  std::uint32_t lane = ring->overflow_lane();
  LaneWriter writer = claim_overflow(*ring).writer;
  LaneCursor cursor;
  std::vector<Record> seen;

  void read() {
    read_overflow(ring->slots(lane), ring->lane_header(lane), kOverflowCapacity, cursor, 1U << 20,
                  [&](const Record& record) { seen.push_back(record); });
  }
  LaneHeader& header() { return ring->lane_header(lane); }
};

}  // namespace

TEST_CASE(
    "Overflow: many threads share it, nothing is mixed, and every reserved position is accounted "
    "for") {
  OverflowBench bench;
  constexpr std::uint64_t kPerThread = 20'000;
  constexpr unsigned kThreads = 4;
  std::atomic<unsigned> running{kThreads};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint64_t n = 0; n < kPerThread; ++n) {
        const std::uint64_t token = t * kPerThread + n;
        Record record =
            operation(static_cast<std::uint16_t>(t), token, static_cast<std::int64_t>(token));
        record.actor = record.subject = token;
        write_overflow(bench.writer, record);
      }
      --running;
    });
  }
  while (running.load() > 0) bench.read();
  for (std::thread& thread : threads) thread.join();
  bench.read();
  std::set<std::uint64_t> tokens;
  for (const Record& record : bench.seen) {
    CHECK((record.start == record.actor && record.actor == record.subject));
    tokens.insert(record.actor);
  }
  CHECK(tokens.size() == bench.seen.size());   // none came twice
  CHECK(bench.cursor.position == kThreads * kPerThread);
  CHECK(bench.cursor.read + bench.cursor.lost + bench.cursor.holes.size() == bench.cursor.position);
  TotalsCopy totals;
  copy_totals(bench.ring->totals(bench.lane), totals);
  for (unsigned t = 0; t < kThreads; ++t) CHECK(totals.entries[t].recorded == kPerThread);
}

TEST_CASE(
    "Overflow: a writer that sleeps in mid-record holds up nobody, and its record is read when it "
    "comes") {
  OverflowBench bench;
  write_overflow(bench.writer, operation(1, 100, 1));
  // A second writer reserves its position, begins, and is interrupted.
  const std::uint64_t position = bench.header().head.fetch_add(1);
  Slot& slot = bench.ring->slots(bench.lane)[position % kOverflowCapacity];
  slot.sequence.store(2 * position + 1);
  write_overflow(bench.writer, operation(1, 300, 1));
  bench.read();
  CHECK(bench.seen.size() == 2);
  CHECK(bench.cursor.holes.size() == 1);
  CHECK(bench.cursor.written() == 2);
  store_words(slot, words_of(operation(1, 200, 1)));
  slot.sequence.store(2 * (position + 1), std::memory_order_release);
  bench.read();
  REQUIRE(bench.seen.size() == 3);
  CHECK(bench.seen.back().start == 200);
  CHECK(bench.cursor.holes.empty());
  CHECK(bench.cursor.lost == 0);
}

TEST_CASE("Overflow: a slot that a dead writer left half-written costs one record a lap, counted") {
  OverflowBench bench;
  const std::uint64_t position = bench.header().head.fetch_add(1);
  bench.ring->slots(bench.lane)[position % kOverflowCapacity].sequence.store(2 * position + 1);
  for (std::uint64_t n = 0; n < 4 * kOverflowCapacity; ++n) {
    write_overflow(bench.writer, operation(1, n, 1));
    bench.read();
  }
  CHECK(bench.header().dropped.load() == 4);
  // The dead writer's position and the four dropped ones are missing. Each is a hole until the lane
  // has gone round, and lost after that.
  CHECK(bench.cursor.read == 4 * kOverflowCapacity - 4);
  CHECK(bench.cursor.lost + bench.cursor.holes.size() == 5);
  CHECK(bench.cursor.read + bench.cursor.lost + bench.cursor.holes.size() == bench.cursor.position);
}

TEST_CASE("Overflow: a lapped reader resumes at the oldest record and counts the rest") {
  OverflowBench bench;
  for (std::uint64_t n = 0; n < 5 * kOverflowCapacity; ++n)
    write_overflow(bench.writer, operation(1, n, 1));
  bench.read();
  CHECK(bench.seen.size() == kOverflowCapacity);
  CHECK(bench.seen.front().start == 4 * kOverflowCapacity);
  CHECK(bench.cursor.lost == 4 * kOverflowCapacity);
}

TEST_CASE("Overflow: holes are bounded, whatever is written") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {1, 64, 4096});
  const std::uint32_t lane = ring->overflow_lane();
  const LaneWriter writer = claim_overflow(*ring).writer;
  writer.header->head.store(4000);   // reserved, and nothing is published
  LaneCursor cursor;
  read_overflow(ring->slots(lane), ring->lane_header(lane), 4096, cursor, 1U << 20,
                [](const Record&) {});
  CHECK(cursor.holes.size() == kMaxHoles);
  CHECK(cursor.lost == 4000 - kMaxHoles);
}
