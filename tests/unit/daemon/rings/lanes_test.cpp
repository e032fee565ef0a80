// All lanes of one ring together.

#include "daemon/rings/ring_lanes.h"

#include <doctest/doctest.h>
#include <signal.h>

#include <cstdio>

#include "tests/support/process.h"
#include "tests/support/ring.h"
#include "tests/support/temp.h"
#include "tests/unit/daemon/rings/looking.h"

using namespace ringside;
using namespace ringside::test;

namespace {

// Two lanes and the overflow lane, of 64 slots each. Ticks are nanoseconds.
struct ReadRing {
  TempDir dir;
  std::unique_ptr<Segment> ring = make_ring(dir.file("ring"), {2, 64, 64});
  TickScale scale{ClockKind::monotonic, 0, 0, 0};
  LaneWriter writers[3] = {claim(*ring, 1), claim(*ring, 2), claim_overflow(*ring).writer};
  RingMetrics metrics{{100, 20}};
  RingLanes lanes;

  ReadRing() {
    metrics.set_time(scale, 1'000 * kSliceNs, 1);
    lanes.reset(3);
  }
  // Records that end at `first` ns, and 1 ns later each.
  void write(std::size_t lane, int count, std::uint64_t first, std::uint8_t outcome = 0) {
    for (int i = 0; i < count; ++i) {
      Record record = operation(4, first + static_cast<std::uint64_t>(i) - 10, 10);
      record.outcome = outcome;
      if (lane < 2) {
        write_record(writers[lane], record);
      } else {
        write_overflow(writers[lane], record);
      }
    }
  }
  std::optional<std::int64_t> complete() const { return lanes.complete_since(*ring, scale); }
  std::optional<std::int64_t> newest() const { return lanes.newest(*ring, scale); }
  PassResult drain() { return lanes.drain(*ring, metrics); }
  BookFigures all() const { return figures(lanes.books(ring.get())); }
};

}  // namespace

TEST_CASE("RingLanes: a ring is complete since the oldest record that is left of the latest lane") {
  ReadRing world;
  CHECK_FALSE(world.complete());
  world.write(0, 63, 1000);
  CHECK_FALSE(world.complete());
  world.write(0, 1, 1063);  // the slot of the first record may be written at any moment
  CHECK(world.complete() == 1001);
  world.write(1, 70, 5000);
  CHECK(world.complete() == 5007);
  world.write(0, 64, 9000);
  CHECK(world.complete() == 9001);
  world.write(2, 64, 20'000);
  CHECK(world.complete() == 20'001);
  world.drain();
  CHECK_FALSE(world.complete());
  world.write(1, 63, 30'000);
  CHECK_FALSE(world.complete());
  world.write(1, 2, 30'063);
  CHECK(world.complete() == 30'002);
  world.ring->lane_header(1).head.store(5);  // garbage: it went back
  CHECK_FALSE(world.complete());
}

TEST_CASE(
    "RingLanes: where the oldest record can't be read or believed, nothing older than now is "
    "complete") {
  ReadRing world;
  world.write(1, 1, 5000);
  world.write(1, 1, 5001, 99);
  world.write(1, 62, 5002);
  CHECK(world.complete() == INT64_MAX);
  ReadRing torn;
  torn.write(0, 64, 1000);
  torn.ring->slots(0)[1].sequence.store(2 * 65 + 1);  // it is being overwritten
  CHECK(torn.complete() == INT64_MAX);
}

TEST_CASE("RingLanes: the newest record is the latest one of any lane") {
  ReadRing world;
  CHECK_FALSE(world.newest());
  world.write(0, 1, 1000);
  CHECK(world.newest() == 1000);
  world.write(1, 66, 5000);
  CHECK(world.newest() == 5065);
  world.write(0, 1, 3000);
  CHECK(world.newest() == 5065);
  world.write(0, 1, 6000);
  CHECK(world.newest() == 6000);
  world.write(2, 3, 8000);
  CHECK(world.newest() == 8002);
  world.write(2, 1, 9000, 99);  // not believed
  CHECK(world.newest() == 6000);
  // Garbage in a slot that was never written is no record.
  ReadRing empty;
  store_words(empty.ring->slots(0)[63], words_of(operation(4, 7000, 10)));
  CHECK_FALSE(empty.newest());
}

TEST_CASE("RingLanes: a pass says what it read and lost, and how full the fullest lane was") {
  ReadRing world;
  const auto pass = [&](std::uint64_t records, std::uint64_t lost, double fullest) {
    const PassResult result = world.drain();
    CHECK(result.records == records);
    CHECK(result.lost == lost);
    CHECK(result.fullest == fullest);
    CHECK_FALSE(result.attached);
  };
  pass(0, 0, 0);
  world.write(0, 16, 1000);
  pass(16, 0, 0.25);
  world.write(0, 8, 2000);
  world.write(1, 200, 2000);
  pass(8 + 63, 137, 1);
  world.write(0, 32, 3000);
  world.write(1, 16, 3000);
  world.write(2, 8, 3000);
  pass(56, 0, 0.5);
  world.write(2, 48, 4000);
  pass(48, 0, 0.75);
  pass(0, 0, 0);
  CHECK(world.all() == BookFigures{16 + 8 + 200 + 56 + 48, 328 - 137, 137, 0, 0});
}

TEST_CASE("RingLanes: results of several rings add up, and the fullest lane of all counts") {
  PassResult sum;
  CHECK(sum.records == 0);
  CHECK(sum.lost == 0);
  CHECK(sum.fullest == 0);
  CHECK_FALSE(sum.attached);
  sum += PassResult{3, 1, 0.5, false};
  CHECK_FALSE(sum.attached);
  sum += PassResult{4, 2, 0.25, true};
  CHECK(sum.fullest == 0.5);
  sum += PassResult{5, 3, 0.75, false};
  CHECK(sum.records == 12);
  CHECK(sum.lost == 6);
  CHECK(sum.fullest == 0.75);
  CHECK(sum.attached);
}

TEST_CASE(
    "RingLanes: at the end every lane's remainder is taken in, and the overflow lane's holes are "
    "closed") {
  ReadRing world;
  world.write(0, 3, 1000);
  world.write(1, 70, 1000);
  world.write(2, 5, 1000);
  world.ring->lane_header(2).head.fetch_add(2);
  world.drain();
  // A half-written record in lane 0. Garbage that looks like one in the overflow lane.
  world.ring->slots(0)[3].sequence.store(2 * 3 + 1);
  world.ring->slots(2)[7].sequence.store(2 * 7 + 1);
  world.write(1, 1, 2000);
  world.ring->lane_header(1).head.store(70);  // published, and not yet counted in head
  CHECK(world.lanes.settled_lost() == 0);
  world.lanes.close(*world.ring, true, world.metrics);
  CHECK(world.all() == BookFigures{3 + 71 + 5, 3 + 64 + 5, 7, 1 + 2, 0});
  CHECK(world.lanes.settled_lost() == 7);
  CHECK(figures(world.lanes.living()[4].books) == BookFigures{79, 72, 7, 0, 0});
  // The next ring's lanes begin with nothing.
  world.lanes.reset(3);
  CHECK(world.lanes.at(0) == nullptr);
  CHECK(world.all() == BookFigures{});
  // Lanes that nobody has read yet have no remainder.
  ReadRing unread;
  unread.write(0, 3, 1000);
  unread.lanes.close(*unread.ring, true, unread.metrics);
  CHECK(unread.all() == BookFigures{});
}

TEST_CASE(
    "RingLanes: lanes that were never used are saved as such, and as many as a ring may have") {
  ReadRing world;
  TempDir dir;
  auto other = make_ring(dir.file("ring"), {3, 64, 64});
  LaneWriter writer = claim(*other);
  write_record(writer, operation(4, 1000, 10));
  RingLanes lanes;
  lanes.reset(4);
  lanes.drain(*other, world.metrics);
  CHECK(lanes.at(0) != nullptr);
  CHECK(lanes.at(1) == nullptr);
  Encoder out;
  lanes.encode(out);
  const std::string saved = out.take();
  RingLanes back;
  Decoder in(saved);
  back.decode(in);
  CHECK(in.at_end());
  REQUIRE(back.size() == 4);
  CHECK(back.at(0) != nullptr);
  CHECK(back.at(3) == nullptr);
  CHECK(figures(back.books(nullptr)) == BookFigures{1, 1, 0, 0, 0});
  CHECK(back.settled_lost() == 0);
  const auto decodes = [](std::uint64_t count) {
    Encoder none;
    none.u64(count);
    for (std::uint64_t i = 0; i < count; ++i) none.flag(false);
    const std::string bytes = none.take();
    Decoder decoder(bytes);
    RingLanes of;
    of.decode(decoder);
    return decoder.at_end() && of.size() == count;
  };
  CHECK(decodes(0));
  CHECK(decodes(kMaxLanes + 1));
  CHECK_FALSE(decodes(kMaxLanes + 2));
}

TEST_CASE("RingLanes: holes are saved for the overflow lane, which is the last") {
  ReadRing world;
  world.write(0, 1, 1000);
  world.write(2, 2, 1000);
  world.ring->lane_header(2).head.fetch_add(1);
  world.drain();
  Encoder out;
  world.lanes.encode(out);
  const std::string saved = out.take();
  RingLanes back;
  Decoder in(saved);
  back.decode(in);
  CHECK(in.at_end());
  REQUIRE(back.size() == 3);
  CHECK(back.at(2)->cursor().holes == std::vector<std::uint64_t>{2});
}

#ifdef RINGSIDE_ASSERTS

TEST_CASE("RingLanes: the lanes of another ring end the program") {
  ReadRing world;
  world.write(0, 1, 1000);
  const auto dies = [&](std::size_t lanes) {
    return run([&] {
             signal(SIGABRT, SIG_DFL);  // doctest has its own handler
             if (std::freopen("/dev/null", "w", stderr) == nullptr) return 1;
             world.lanes.reset(lanes);
             world.drain();
             return 0;
           })
        .killed_by(SIGABRT);
  };
  CHECK_FALSE(dies(3));
  CHECK(dies(2));
  CHECK(dies(4));
}

#endif
