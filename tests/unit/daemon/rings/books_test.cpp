// The books of one lane. The numbers that are expected are counted by hand.

#include "daemon/rings/lane_books.h"

#include <doctest/doctest.h>

#include <vector>

#include "tests/support/ring.h"
#include "tests/support/temp.h"
#include "tests/unit/daemon/rings/looking.h"

using namespace ringside;
using namespace ringside::test;

namespace {

constexpr std::int64_t kBooksNow = 1'000 * kSliceNs;

// One lane of a ring, and its reader. A lane has 64 slots, of which a late reader gets 63.
struct ReadLane {
  TempDir dir;
  std::unique_ptr<Segment> ring = make_ring(dir.file("ring"), {1, 64, 64});
  std::uint32_t lane;
  LaneWriter writer;
  RingMetrics metrics{{100, 20}};
  LaneBooks books;
  std::unique_ptr<TotalsCopy> spare = std::make_unique<TotalsCopy>();

  explicit ReadLane(bool overflow = false) : lane(overflow ? 1 : 0) {
    writer = overflow ? claim_overflow(*ring).writer : claim(*ring);
    metrics.set_time(TickScale(ClockKind::monotonic, 0, 0, 0), kBooksNow, 1);
  }
  Record record(std::uint16_t id, std::uint8_t outcome = 0) const {
    Record out = operation(id, static_cast<std::uint64_t>(kBooksNow), 10);
    if (id >= kFirstEvent) out.kind = static_cast<std::uint8_t>(Kind::event);
    out.outcome = outcome;
    return out;
  }
  void write(std::uint16_t id, int count, std::uint8_t outcome = 0) {
    for (int i = 0; i < count; ++i) {
      if (lane == 0) {
        write_record(writer, record(id, outcome));
      } else {
        write_overflow(writer, record(id, outcome));
      }
    }
  }
  // Makes the latest record claim another id than the one it was counted under.
  void spoil(std::uint16_t claimed) {
    std::atomic<std::uint64_t>& word = writer.slots[(writer.position - 1) & writer.mask].words[2];
    word.store((word.load() & ~std::uint64_t{0xffff}) | claimed);
  }
  void drain() {
    std::vector<LaneToDrain> lanes{books.to_drain(*ring, lane)};
    ringside::drain(lanes, metrics);
  }
  void settle(Writers writers = Writers::at_work) {
    books.settle(*ring, lane, writers, metrics, spare);
  }
  BookFigures all() const { return figures(books.books(ring.get(), lane)); }
  RingMetrics::Living of(std::uint16_t id) const {
    RingMetrics::LivingById living(kIdCount);
    books.add_to(living);
    return living[id];
  }
  BookFigures figures_of(std::uint16_t id) const { return figures(of(id).books); }
  Snapshot show() {
    Snapshot out;
    metrics.show("ring", RingMetrics::LivingById(kIdCount), {kBooksNow, 0, 0, 0}, out);
    return out;
  }
};

}  // namespace

TEST_CASE("LaneBooks: what the totals know and the reader has not read was lost, by operation") {
  ReadLane lane;
  lane.write(0, 40);
  lane.write(200, 55);
  lane.write(200, 5, static_cast<std::uint8_t>(Outcome::error));
  lane.drain();
  CHECK(lane.all() == BookFigures{100, 63, 37, 0, 0});
  CHECK(lane.books.settled_lost() == 0);
  lane.settle();
  CHECK(lane.books.settled_lost() == 37);
  CHECK(lane.of(0).count == 40);
  CHECK(lane.figures_of(0) == BookFigures{40, 3, 37, 0, 0});
  CHECK(lane.of(200).count == 60);
  CHECK(lane.of(200).errors == 5);
  CHECK(lane.figures_of(200) == BookFigures{60, 60, 0, 0, 0});
  CHECK(lane.figures_of(1) == BookFigures{});
}

TEST_CASE(
    "LaneBooks: while the writer is ahead of the reader, counts are known and losses are not") {
  ReadLane lane;
  lane.write(3, 100);
  lane.drain();
  lane.write(3, 1);
  lane.settle();
  CHECK(lane.of(3).count == 101);
  CHECK(lane.books.settled_lost() == 0);
  lane.drain();
  lane.settle();
  CHECK(lane.books.settled_lost() == 37);
  // In the middle of a record.
  ReadLane half;
  half.write(3, 100);
  half.drain();
  half.writer.slots[half.writer.position & half.writer.mask].sequence.store(
      2 * half.writer.position + 1);
  half.settle();
  CHECK(half.of(3).count == 100);
  CHECK(half.books.settled_lost() == 0);
  half.settle(Writers::gone);
  CHECK(half.books.settled_lost() == 37);
}

TEST_CASE(
    "LaneBooks: what was counted without a record is added once, and only to ids that exist") {
  ReadLane lane;
  for (int i = 0; i < 3; ++i) count_only(lane.writer, 7);
  lane.settle();
  for (int i = 0; i < 5; ++i) count_only(lane.writer, 7);
  count_only(lane.writer, kFirstEvent + kMaxEvents);  // garbage: no event has this id
  lane.settle();
  lane.settle();
  CHECK(lane.of(7).count == 8);
  CHECK(lane.of(kFirstEvent + kMaxEvents).count == 0);
  const Snapshot shown = lane.show();
  CHECK(shown.events.empty());
  REQUIRE(shown.operations.size() == 1);
  CHECK(shown.operations[0].name == "operation-7");
  CHECK(shown.operations[0].window(Window::since_start).skipped == 8);
}

TEST_CASE(
    "LaneBooks: a record that was counted and never published is torn, and not another one's "
    "loss") {
  ReadLane lane;
  lane.write(5, 100);
  bump(lane.writer.totals[0].recorded, 1);
  lane.drain();
  lane.settle();
  CHECK(lane.of(0).count == 1);
  CHECK(lane.figures_of(0) == BookFigures{});
  CHECK(lane.figures_of(5) == BookFigures{100, 63, 37, 0, 0});
  ReadLane alone;
  alone.write(5, 10);
  bump(alone.writer.totals[5].recorded, 1);
  alone.drain();
  alone.settle();
  CHECK(alone.of(5).count == 11);
  CHECK(alone.figures_of(5) == BookFigures{10, 10, 0, 0, 0});
}

TEST_CASE(
    "LaneBooks: rejected records are those of the id that they claim, as far as it was counted") {
  ReadLane lane;
  lane.write(0, 50);
  lane.write(4, 30);
  lane.write(4, 5, 99);
  lane.drain();
  lane.settle();
  CHECK(lane.all() == BookFigures{85, 63, 22, 0, 5});
  CHECK(lane.figures_of(0) == BookFigures{50, 28, 22, 0, 0});
  CHECK(lane.figures_of(4) == BookFigures{35, 35, 0, 0, 5});
  ReadLane spoilt;
  spoilt.write(4, 5);
  spoilt.write(4, 1, 99);
  spoilt.write(6, 1, 99);
  spoilt.spoil(4);  // two claim to be of 4, where one more than the five was counted
  spoilt.write(6, 1, 99);
  spoilt.spoil(9);  // nothing was counted of 9
  spoilt.drain();
  spoilt.settle();
  CHECK(spoilt.all() == BookFigures{8, 8, 0, 0, 3});
  CHECK(spoilt.figures_of(4) == BookFigures{6, 6, 0, 0, 1});
  CHECK(spoilt.figures_of(9) == BookFigures{});
}

TEST_CASE(
    "LaneBooks: with holes only the losses beyond them are certain, and they never become fewer") {
  ReadLane lane(true);
  const auto reserve = [&] {
    lane.writer.totals[9].recorded.fetch_add(1);
    return lane.writer.header->head.fetch_add(1);
  };
  const auto publish = [&](std::uint64_t position) {
    Slot& slot = lane.writer.slots[position & lane.writer.mask];
    store_words(slot, words_of(lane.record(9)));
    slot.sequence.store(2 * (position + 1), std::memory_order_release);
  };
  lane.write(0, 20);
  lane.write(7, 20);
  lane.write(9, 59);
  lane.write(11, 1, 99);
  lane.drain();  // the first 36 are overwritten
  CHECK(lane.all() == BookFigures{100, 64, 36, 0, 1});
  const std::uint64_t first = reserve();
  lane.settle();  // the reader is behind
  CHECK(lane.books.settled_lost() == 0);
  lane.drain();
  lane.settle();
  // One hole and one rejected record may be of any id: two of each may not be lost.
  CHECK(lane.figures_of(0) == BookFigures{18, 0, 18, 0, 0});
  CHECK(lane.figures_of(7) == BookFigures{18, 4, 14, 0, 0});
  CHECK(lane.figures_of(9)[2] == 0);
  CHECK(lane.books.settled_lost() == 32);
  const std::uint64_t second = reserve();
  lane.drain();
  lane.settle();
  CHECK(lane.books.cursor().holes.size() == 2);
  CHECK(lane.books.settled_lost() == 32);
  publish(first);
  publish(second);
  lane.drain();
  lane.settle();
  CHECK(lane.figures_of(0) == BookFigures{20, 0, 20, 0, 0});
  CHECK(lane.figures_of(7) == BookFigures{20, 4, 16, 0, 0});
  CHECK(lane.figures_of(9) == BookFigures{61, 61, 0, 0, 0});
  CHECK(lane.figures_of(11) == BookFigures{1, 1, 0, 0, 1});
}

TEST_CASE("LaneBooks: a record that its dead writer left half-written is torn") {
  ReadLane lane;
  lane.write(0, 7);
  lane.drain();
  const std::uint64_t head = lane.writer.position;
  lane.writer.slots[head & lane.writer.mask].sequence.store(2 * head + 1);
  const auto take = [&](bool crashed) {
    lane.books.take_remainder(*lane.ring, lane.lane, crashed, lane.metrics);
    return lane.all()[3];
  };
  CHECK(take(false) == 0);  // its owner, this process, lives
  CHECK(take(true) == 1);
  lane.ring->lane_header(0).owner.word.store(OwnerLock::kDiedBit);
  CHECK(take(false) == 2);  // its owner is dead
  lane.ring->lane_header(0).torn.store(5);
  CHECK(lane.all() == BookFigures{7, 7, 0, 7, 0});
  CHECK(figures(lane.books.books(nullptr, 0)) == BookFigures{7, 7, 0, 2, 0});
}

TEST_CASE("LaneBooks: a record that was published and not counted in head is read at the end") {
  const auto end_with = [](ReadLane& lane, std::uint8_t outcome) {
    lane.write(7, 1, outcome);
    lane.writer.header->head.store(7);
    lane.books.take_remainder(*lane.ring, lane.lane, true, lane.metrics);
    lane.settle(Writers::gone);
  };
  ReadLane lane;
  lane.write(0, 7);
  lane.drain();
  end_with(lane, 0);
  CHECK(lane.all() == BookFigures{8, 8, 0, 0, 0});
  CHECK(lane.figures_of(7) == BookFigures{1, 1, 0, 0, 0});
  CHECK(lane.show().operations.size() == 2);
  ReadLane bad;
  bad.write(0, 7);
  bad.drain();
  end_with(bad, 99);
  CHECK(bad.all() == BookFigures{8, 8, 0, 0, 1});
  CHECK(bad.figures_of(7) == BookFigures{1, 1, 0, 0, 1});
  CHECK(bad.show().operations.size() == 1);
  // A reader that has not come so far leaves it.
  ReadLane behind;
  behind.write(0, 7);
  end_with(behind, 0);
  CHECK(behind.all() == BookFigures{});
}

TEST_CASE("LaneBooks: at the end a hole is lost if the totals count it, and torn if not") {
  ReadLane lane(true);
  const auto end_with = [&](std::uint64_t holes, std::uint64_t counted) {
    lane.writer.header->head.fetch_add(holes);
    lane.writer.totals[3].recorded.fetch_add(counted);
    lane.drain();
    lane.books.close_holes(*lane.ring, lane.lane);
    CHECK(lane.books.cursor().holes.empty());
    return lane.all();
  };
  lane.write(3, 10);
  CHECK(end_with(3, 1) == BookFigures{11, 10, 1, 2, 0});
  // A second time: the two are holes again, and one comes on top.
  CHECK(end_with(1, 0) == BookFigures{11, 10, 1, 5, 0});
  ReadLane counted(true);
  counted.write(3, 10);
  counted.writer.header->head.fetch_add(3);
  counted.writer.totals[3].recorded.fetch_add(3);
  counted.drain();
  counted.books.close_holes(*counted.ring, counted.lane);
  CHECK(counted.all() == BookFigures{13, 10, 3, 0, 0});
}

TEST_CASE(
    "LaneBooks: an id is shown when it was lost, counted or read but once, and lanes add up") {
  ReadLane lane;
  lane.write(3, 1);
  lane.write(5, 61);
  lane.write(kFirstEvent + kMaxEvents - 1, 1);
  lane.write(12, 1);
  lane.writer.totals[12].recorded.store(0);  // garbage: it was read
  count_only(lane.writer, 8);
  lane.drain();
  lane.settle();
  CHECK(lane.of(3).count == 1);
  CHECK(lane.figures_of(3) == BookFigures{1, 0, 1, 0, 0});
  CHECK(lane.of(8).count == 1);
  CHECK(lane.of(12).count == 0);
  CHECK(lane.figures_of(12) == BookFigures{1, 1, 0, 0, 0});
  CHECK(lane.figures_of(kFirstEvent + kMaxEvents - 1) == BookFigures{1, 1, 0, 0, 0});
  ReadLane other;
  other.write(3, 70);
  other.write(3, 2, static_cast<std::uint8_t>(Outcome::timeout));
  other.write(3, 3, 99);
  count_only(other.writer, 3);
  other.drain();
  other.settle();
  RingMetrics::LivingById living(kIdCount);
  other.books.add_to(living);
  CHECK(figures(living[3].books) == BookFigures{75, 63, 12, 0, 3});
  other.books.add_to(living);
  lane.books.add_to(living);
  CHECK(living[3].count == 2 * 76 + 1);
  CHECK(living[3].errors == 4);
  CHECK(figures(living[3].books) == BookFigures{151, 126, 25, 0, 6});
}

TEST_CASE("LaneBooks: what is saved comes back with every figure") {
  ReadLane lane(true);
  lane.write(0, 50);
  lane.write(9, 50);
  lane.write(kFirstEvent + kMaxEvents - 1, 2, 99);
  lane.writer.header->head.fetch_add(1);
  lane.drain();
  lane.books.close_holes(*lane.ring, lane.lane);
  lane.writer.header->head.fetch_add(2);
  count_only(lane.writer, 1);
  lane.drain();
  lane.settle(Writers::gone);
  REQUIRE(lane.books.cursor().holes.size() == 3);
  Encoder out;
  lane.books.encode(out);
  const std::string saved = out.take();
  LaneBooks back;
  Decoder in(saved);
  back.decode(in, true);
  CHECK(in.at_end());
  CHECK(back.cursor().holes == lane.books.cursor().holes);
  CHECK(back.cursor().position == lane.books.cursor().position);
  CHECK(figures(back.books(nullptr, 1)) == figures(lane.books.books(nullptr, 1)));
  CHECK(back.books(nullptr, 1).torn > 0);
  Encoder again;
  back.encode(again);
  CHECK(again.take() == saved);
}

TEST_CASE("LaneBooks: impossible books are refused") {
  const auto taken = [](std::uint64_t position, std::uint64_t read, std::uint64_t lost,
                        std::uint64_t rejected, const std::vector<std::uint64_t>& holes,
                        bool overflow = true) {
    Encoder out;
    for (const std::uint64_t n : {position, read, lost, rejected}) out.u64(n);
    out.u64(holes.size());
    for (const std::uint64_t hole : holes) out.u64(hole);
    for (std::uint32_t i = 0; i < 1 + 6 * (kFirstEvent + kMaxEvents); ++i) out.u64(0);
    const std::string bytes = out.take();
    Decoder in(bytes);
    LaneBooks books;
    books.decode(in, overflow);
    return in.at_end();
  };
  CHECK(taken(0, 0, 0, 0, {}));
  CHECK(taken(9, 5, 4, 5, {}, false));
  CHECK(taken(9, 5, 1, 0, {2, 4, 8}));
  CHECK(taken(2, 0, 0, 0, {0, 1}));
  CHECK_FALSE(taken(9, 5, 3, 0, {}));  // written is not read and lost
  CHECK_FALSE(taken(9, 5, 4, 0, {3}));
  CHECK_FALSE(taken(9, 5, 4, 6, {}));                // more rejected than read
  CHECK_FALSE(taken(9, 5, 1, 0, {2, 4, 8}, false));  // holes where there can be none
  CHECK_FALSE(taken(9, 5, 1, 0, {2, 8, 4}));         // not ascending
  CHECK_FALSE(taken(9, 5, 1, 0, {2, 4, 9}));         // not before the position
  CHECK_FALSE(taken(1, UINT64_MAX, 0, 0, {0, 0}));   // more than there are positions
}
