#include <doctest/doctest.h>

#include "daemon/rings/drain.h"
#include "tests/support/ring.h"
#include "tests/support/temp.h"

using namespace ringside;
using namespace ringside::test;

namespace {

constexpr std::int64_t kNow = 1'000 * kSliceNs;

struct Drained {
  RingMetrics metrics{{100, 20}};
  LaneCursor cursor;
  RingMetrics::Counts read_of{};

  Drained() { metrics.set_time(TickScale(ClockKind::monotonic, 0, 0, 0), kNow, 1); }
  void drain(const Segment& segment, std::uint32_t lane) {
    std::vector<LaneToDrain> lanes{LaneToDrain::of(segment, lane, cursor, read_of)};
    ringside::drain(lanes, metrics);
  }
  Snapshot show() {
    Snapshot out;
    metrics.show("ring", RingMetrics::LivingById(kIdCount), {kNow, 0, 0, 0}, out);
    return out;
  }
};

}  // namespace

TEST_CASE(
    "Drain: holes that are filled all at once come on top of a piece, and the sums of their stages "
    "are exact") {
  TempDir dir;
  constexpr std::uint32_t kCapacity = 2048;
  auto ring = make_ring(dir.file("ring"), {1, 64, kCapacity});
  const std::uint32_t lane = ring->overflow_lane();
  LaneWriter writer = claim_overflow(*ring).writer;
  Record record = operation(0, static_cast<std::uint64_t>(kNow), 50);
  record.flags = kFlagStages | kFlagOverflow;
  // The most that a plain record may have.
  constexpr StageTicks kMost = pack_stage_ticks((1U << 24) - 1);
  for (const unsigned stage : {0U, 1U, 5U}) record.set_stage(stage, kMost);
  Drained drained;
  const auto write = [&](int count) {
    for (int i = 0; i < count; ++i) write_overflow(writer, record);
  };
  write(3);
  drained.drain(*ring, lane);
  // 900 writers have reserved their positions and have not published yet.
  constexpr std::uint64_t kSleepers = 900;
  const std::uint64_t first = writer.header->head.fetch_add(kSleepers);
  drained.drain(*ring, lane);
  CHECK(drained.cursor.holes.size() == kSleepers);
  for (std::uint64_t position = first; position < first + kSleepers; ++position) {
    Slot& slot = writer.slots[position & writer.mask];
    store_words(slot, words_of(record));
    slot.sequence.store(2 * (position + 1), std::memory_order_release);
  }
  write(500);
  drained.drain(*ring, lane);
  constexpr std::uint64_t kAll = 3 + kSleepers + 500;
  CHECK(drained.read_of[0] == kAll);
  CHECK(drained.cursor.holes.empty());
  const Snapshot shown = drained.show();
  REQUIRE(shown.operations.size() == 1);
  const WindowStats& minute = shown.operations[0].windows[static_cast<std::size_t>(Window::minute)];
  CHECK(minute.recorded == kAll);
  for (const std::size_t stage : {0U, 1U, 5U}) {
    CHECK(minute.stages[stage].count == kAll);
    CHECK(minute.stages[stage].sum_ns == kAll * unpack_stage_ticks(kMost));
  }
}

TEST_CASE("Drain: failures of an id that gets its name later are counted under that name from then on") {
  Drained drained;
  const auto fail = [&](std::uint64_t n) {
    Record record = operation(17, static_cast<std::uint64_t>(kNow) - 100 + n, 5, Outcome::error);
    record.error = 5001;
    record.sequence = 2 * (n + 1);
    drained.metrics.add_alone(record, 0, drained.read_of);
  };
  fail(0);
  NameEntry name;
  name.name = "LATE";
  drained.metrics.set_name(17, name);
  for (std::uint64_t n = 1; n < 10; ++n) fail(n);
  const Snapshot shown = drained.show();
  std::map<std::string, std::uint64_t> errors;
  for (const ErrorStats& row : shown.errors) errors[row.operation] += row.count[0];
  CHECK(errors == std::map<std::string, std::uint64_t>{{"LATE", 9}, {"operation-17", 1}});
}

TEST_CASE("Drain: the longest stage is known, and stages of any length add up") {
  Drained drained;
  // Other operations are the slowest, so these records are plain except for their stages.
  for (std::uint64_t i = 0; i < 40; ++i) {
    Record slow = operation(1, static_cast<std::uint64_t>(kNow), 100'000);
    slow.sequence = 2 * (i + 1);
    drained.metrics.add_alone(slow, 0, drained.read_of);
  }
  std::uint64_t sum = 0, longest = 0, n = 0;
  // In turns: shorter, longer, and far above what the sums of plain records hold.
  for (const std::uint64_t ticks : {500ULL, 100ULL, 700ULL, 600ULL, 40'000'000ULL, 90ULL,
                                    41'000'000ULL, 30'000'000ULL, 701ULL}) {
    Record record = operation(0, static_cast<std::uint64_t>(kNow) + n, 50);
    record.flags = kFlagStages;
    record.set_stage(2, pack_stage_ticks(ticks));
    record.sequence = 2 * ++n;
    drained.metrics.add_alone(record, 0, drained.read_of);
    const std::uint64_t kept = unpack_stage_ticks(pack_stage_ticks(ticks));
    sum += kept;
    longest = std::max(longest, kept);
    const Snapshot shown = drained.show();
    REQUIRE(shown.operations.at(0).name == "operation-0");
    const StageStats& stage =
        shown.operations.at(0).windows[static_cast<std::size_t>(Window::minute)].stages[2];
    CHECK(stage.count == n);
    CHECK(stage.sum_ns == sum);
    CHECK(stage.max_ns == longest);
  }
}

TEST_CASE(
    "Drain: of records that ended at the same tick as the earliest of a full list, the larger "
    "lane's are kept") {
  Drained drained;
  const auto take = [&](std::uint32_t lane, std::uint64_t position) {
    Record record = operation(0, static_cast<std::uint64_t>(kNow), 50);
    record.sequence = 2 * (position + 1);
    drained.metrics.add_alone(record, lane, drained.read_of);
  };
  for (std::uint64_t n = 0; n < 100; ++n) take(1, n);
  for (std::uint64_t n = 0; n < 30; ++n) take(2, n);
  for (std::uint64_t n = 0; n < 30; ++n) take(0, n);
  std::map<std::uint32_t, int> of_lane;
  const Snapshot shown = drained.show();
  for (const RecordView& one : shown.operations.at(0).last) ++of_lane[one.lane];
  CHECK(of_lane == std::map<std::uint32_t, int>{{1, 70}, {2, 30}});
}

TEST_CASE("Drain: records of the overflow lane keep their places, and rejected ones their ids") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {1, 64, 64});
  Drained drained;
  RingMetrics::Counts rejected_of{};
  const auto drain_lane = [&](std::uint32_t lane) {
    std::vector<LaneToDrain> lanes{
        LaneToDrain::of(*ring, lane, drained.cursor, drained.read_of, &rejected_of)};
    ringside::drain(lanes, drained.metrics);
    return lanes[0].moved;
  };
  LaneWriter overflow = claim_overflow(*ring).writer;
  const auto now = static_cast<std::uint64_t>(kNow);
  for (std::uint64_t n = 0; n < 70; ++n) write_overflow(overflow, operation(0, now + n, 0));
  Record bad = operation(300, now, 0);
  bad.outcome = 99;
  write_overflow(overflow, bad);
  bad.operation = 511;
  write_overflow(overflow, bad);
  CHECK(drain_lane(1) == 72);
  const Snapshot shown = drained.show();
  const std::vector<RecordView>& last = shown.operations.at(0).last;
  REQUIRE(last.size() == 62);
  for (std::uint64_t i = 0; i < 62; ++i) {
    CHECK(last[i].position == 69 - i);
    CHECK(last[i].lane == 1);
  }
  // An ordinary lane rejects in the same way.
  drained.cursor = {};
  LaneWriter lane = claim(*ring);
  bad.operation = 300;
  write_record(lane, bad);
  bad.operation = 1;
  write_record(lane, bad);
  write_record(lane, operation(1, now, 0));
  bad.kind = 0;
  write_record(lane, bad);
  CHECK(drain_lane(0) == 4);
  RingMetrics::Counts expected{};
  expected[1] = 2;
  expected[300] = 2;
  expected[511] = 1;
  CHECK(rejected_of == expected);
}

TEST_CASE("Drain: a writer that goes on is followed for two laps, and the others have their turn") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {1, 64, 64});
  LaneWriter lane = claim(*ring);
  const auto write_next = [&] {
    write_record(lane, operation(static_cast<std::uint16_t>(lane.position),
                                 static_cast<std::uint64_t>(kNow), 10));
  };
  Drained drained;
  // Each record is of a new id, and when its name is asked for, the next record is written.
  drained.metrics.ask_names_of([&](std::uint16_t) {
    if (lane.position < 250) write_next();
  });
  for (int i = 0; i < 32; ++i) write_next();
  std::vector<LaneToDrain> lanes{LaneToDrain::of(*ring, 0, drained.cursor, drained.read_of)};
  ringside::drain(lanes, drained.metrics);
  CHECK(lanes[0].moved == 128);
  CHECK(drained.cursor.position == 128);
  CHECK(drained.cursor.read == 128);
  CHECK(lane.position == 160);
}
