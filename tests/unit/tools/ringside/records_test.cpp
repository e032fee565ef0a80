// The stream of a ring's records: their order, and what is counted.
#include <algorithm>
#include <array>
#include <atomic>
#include <random>
#include <thread>

#include "tests/support/random.h"
#include "tests/unit/tools/ringside/tool_ring.h"

namespace ringside::tool {
namespace {

std::uint64_t written(const RecordCounts& counts) {
  return counts.earlier + counts.read + counts.lost;
}

TEST_CASE("Records: they come in the order of their ends, over all lanes") {
  const std::uint64_t seed = test::seed();
  INFO("seed ", seed);
  std::mt19937_64 random(seed);
  ToolRing ring;
  for (int i = 0; i < 200; ++i) {
    const auto at = static_cast<std::int64_t>(random() % 1'000'000);
    ring.write(static_cast<std::uint32_t>(random() % 4), kSend, at * 1000, 5 * kMs);
  }
  const Source source = ring.open();
  const std::vector<Seen> records = ToolRing::all(source);
  CHECK(records.size() == source.records->counts().read);
  CHECK(std::is_sorted(records.begin(), records.end(), [](const Seen& a, const Seen& b) {
    return a.record.end() < b.record.end();
  }));
  for (const Seen& seen : records) CHECK(seen.record.sequence == 2 * (seen.position + 1));
  CHECK(written(source.records->counts()) == 200);
}

TEST_CASE("Records: ends keep their order where the clock wraps") {
  const std::uint64_t now = 100;  // 200 ticks after the first
  std::vector<Seen> records(3);
  records[0].record.start = 50;
  records[1].record.start = UINT64_MAX - 99;
  records[2].record.start = UINT64_MAX - 9;
  sort_by_end(records, now);
  CHECK(records[0].record.end() == UINT64_MAX - 99);
  CHECK(records[1].record.end() == UINT64_MAX - 9);
  CHECK(records[2].record.end() == 50);
}

TEST_CASE("Records: what was overwritten before the tool came is no loss, and later it is") {
  ToolRing ring;
  for (int i = 0; i < 100; ++i) ring.write(0, kSend, i * kMs, 1);
  const Source source = ring.open();
  std::vector<Seen> records = ToolRing::all(source);
  CHECK(records.size() == 63);
  CHECK(records.front().position == 37);
  CHECK(source.records->counts().earlier == 37);
  CHECK(source.records->counts().lost == 0);
  for (int i = 0; i < 100; ++i) ring.write(0, kSend, (100 + i) * kMs, 1);
  records = ToolRing::all(source);
  CHECK(records.size() == 63);
  CHECK(source.records->counts().lost == 37);
  CHECK(source.records->fullest() > 1);
  CHECK(written(source.records->counts()) == 200);
  CHECK(ToolRing::all(source).empty());
  CHECK(source.records->fullest() == 0);
}

TEST_CASE("Records: a record that ended just now waits for those of other lanes") {
  ToolRing ring;
  const Source source = ring.open();
  const auto now = [&] { return clock_ns(CLOCK_MONOTONIC) - ring.begin; };
  ring.write(0, kSend, now() + 3600'000 * kMs, 1);  // in an hour: does not wait
  ring.write(0, kSend, 0, 1);
  std::vector<Seen> records;
  source.records->read(records, false);
  CHECK(records.size() == 2);
  records.clear();
  // Until one is read while it is younger than a millisecond.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (records.empty()) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    ring.write(1, kSend, now() - 10, 10);
    std::vector<Seen> at_once;
    source.records->read(at_once, false);
    if (at_once.empty()) source.records->read(records, true);
  }
  CHECK(records.size() == 1);
}

TEST_CASE("Records: from now on, also of lanes that are new") {
  ToolRing ring;
  for (int i = 0; i < 10; ++i) ring.write(0, kSend, i, 1);
  Failure failure;
  const auto file = RingFile::open(ring.path, &failure);
  REQUIRE(file != nullptr);
  SegmentRecords records(file->segment(), file->facts().clock, file->scale().ticks_per_second());
  records.skip_to_now();
  CHECK(records.counts().earlier == 10);
  ring.write(0, kSend, 20, 1);
  for (int i = 0; i < 5; ++i) ring.write(1, kSend, 30 + i, 1);
  std::vector<Seen> seen;
  records.read(seen, true);
  CHECK(seen.size() == 6);
  CHECK(written(records.counts()) == 16);
  ring.write(0, kSend, 40, 1);
  records.skip_to_now();
  CHECK(written(records.counts()) == 17);
}

TEST_CASE("Records: of threads at full speed each record is read, or counted as lost") {
  constexpr int kRecords = 300'000;
  ToolRing ring({4, 1024, 64});
  const Source source = ring.open();
  std::atomic<int> writing{3};
  std::vector<std::thread> writers;
  for (std::uint32_t i = 0; i < 3; ++i) {
    writers.emplace_back([&, lane = ring.lane(i)]() mutable {
      for (int n = 0; n < kRecords; ++n)
        write_record(lane, test::operation(kSend, static_cast<std::uint64_t>(n), 1));
      --writing;
    });
  }
  std::vector<Seen> seen;
  std::array<std::uint64_t, 3> next{};
  std::uint64_t handed_over = 0;
  bool in_order = true;
  const auto look = [&](bool all) {
    seen.clear();
    source.records->read(seen, all);
    handed_over += seen.size();
    for (const Seen& one : seen) {
      in_order = in_order && one.position >= next[one.lane] && one.record.start == one.position;
      next[one.lane] = one.position + 1;
    }
  };
  while (writing > 0) look(false);
  for (std::thread& writer : writers) writer.join();
  look(true);
  const RecordCounts& counts = source.records->counts();
  CHECK(in_order);
  CHECK(handed_over == counts.read);
  CHECK(written(counts) == 3 * kRecords);
}

TEST_CASE("Records: damaged ones are counted and not handed over") {
  ToolRing ring;
  ring.write(0, kSend, 0, 1);
  Record damaged = test::operation(kSend, ring.ticks(5), 1);
  damaged.kind = 9;
  ring.write(0, damaged);
  const Source source = ring.open();
  CHECK(ToolRing::all(source).size() == 1);
  CHECK(source.records->counts().read == 2);
  CHECK(source.records->counts().rejected == 1);
}

}  // namespace
}  // namespace ringside::tool
