#include <doctest/doctest.h>

#include "daemon/drain.h"
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
    metrics.show("ring", {}, kNow, 0, 0, out);
    return out;
  }
};

}  // namespace

TEST_CASE("Drain: holes that are filled all at once come on top of a piece, and the sums of their stages are exact") {
  TempDir dir;
  constexpr std::uint32_t kCapacity = 2048;
  auto ring = make_ring(dir.file("ring"), {1, 64, kCapacity});
  const std::uint32_t lane = ring->overflow_lane();
  LaneWriter writer = claim_overflow(*ring).writer;
  Record record = operation(0, static_cast<std::uint64_t>(kNow), 50);
  record.flags = kFlagStages | kFlagOverflow;
  record.stages[0] = record.stages[1] = (1U << 24) - 1;   // just what a plain record may have
  Drained drained;
  const auto write = [&](int count) {
    for (int i = 0; i < count; ++i) write_overflow(writer, record);
  };
  write(3);
  drained.drain(*ring, lane);
  // 900 writers have reserved their places and sleep before they publish.
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
  for (const std::size_t stage : {0U, 1U}) {
    CHECK(minute.stages[stage].count == kAll);
    CHECK(minute.stages[stage].sum_ns == kAll * ((1U << 24) - 1));
  }
}

TEST_CASE("Drain: failures of an id that gets its name later are counted under that name from then on") {
  Drained drained;
  const auto fail = [&](std::uint64_t n) {
    Record record = operation(17, static_cast<std::uint64_t>(kNow) - 100 + n, 5, Outcome::error);
    record.error = 5001;
    record.sequence = 2 * (n + 1);
    drained.metrics.take(record, 0, drained.read_of);
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
