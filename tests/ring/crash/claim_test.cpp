// A process dies while it claims a lane or releases one. Nobody is kept out, and nothing is read
// twice.

#include "tests/ring/crash/victim.h"

using namespace ringside;
using namespace ringside::test;

namespace {

// The state of the lane when the victim claims it.
enum class Lane { fresh, released, dead_clean, dead_torn, dead_unpublished };

struct ClaimPoint {
  TestPoint point;
  Lane lane;
  bool overflow;
};

constexpr ClaimPoint kClaimPoints[] = {
    {TestPoint::claim_taken, Lane::fresh, false},
    {TestPoint::claim_allocated, Lane::fresh, false},
    {TestPoint::claim_ready, Lane::fresh, false},
    {TestPoint::claim_settled, Lane::fresh, false},
    {TestPoint::claim_taken, Lane::released, false},
    {TestPoint::claim_settled, Lane::released, false},
    {TestPoint::claim_taken, Lane::dead_clean, false},
    {TestPoint::claim_settled, Lane::dead_clean, false},
    {TestPoint::claim_taken, Lane::dead_torn, false},
    {TestPoint::claim_torn, Lane::dead_torn, false},
    {TestPoint::claim_settled, Lane::dead_torn, false},
    {TestPoint::claim_taken, Lane::dead_unpublished, false},
    {TestPoint::claim_settled, Lane::dead_unpublished, false},
    {TestPoint::claim_allocated, Lane::fresh, true},
    {TestPoint::claim_ready, Lane::fresh, true},
};

constexpr std::uint64_t kWholeRecords = 6;

Ended dies(const Setup& setup, TestPoint point, std::uint64_t from, std::uint64_t to,
           std::uint64_t nth = 1) {
  return run_victim(
      [&] {
        return traced_body(setup, [&](std::uint64_t anchor) {
          kill_at(point, nth);
          for (std::uint64_t n = from; n < to; ++n) trace(n, anchor);
          return 1;
        });
      },
      true);   // exit handlers release the lane and leave the ring
}

void claim_and_die(const ClaimPoint& what, bool attached_before) {
  CAPTURE(name_of(what.point));
  CAPTURE(static_cast<int>(what.lane));
  CAPTURE(what.overflow);
  CAPTURE(attached_before);
  TempDir dir;
  const std::string path = dir.file("ring");
  auto ring = make_shared_ring(path);
  if (what.overflow) claim(*ring);
  const Setup setup = victim_setup(path);
  const std::uint32_t lane = what.overflow ? 1 : 0;

  std::uint64_t written = 0;
  if (what.lane == Lane::released) {
    REQUIRE(traced_run(setup, 0, kWholeRecords).exited(0));
    written = kWholeRecords;
  } else if (what.lane != Lane::fresh) {
    const TestPoint end = what.lane == Lane::dead_clean  ? TestPoint::record_done
                          : what.lane == Lane::dead_torn ? TestPoint::words_half
                                                         : TestPoint::record_published;
    REQUIRE(dies(setup, end, 0, kWholeRecords, kWholeRecords).killed_by(SIGKILL));
    written = what.lane == Lane::dead_torn ? kWholeRecords - 1 : kWholeRecords;
  }
  const std::uint64_t in_head = what.lane == Lane::dead_unpublished ? written - 1 : written;
  std::unique_ptr<Reader> reader;
  std::unique_ptr<Daemon> daemon;
  const auto attach = [&] {
    reader = std::make_unique<Reader>(path);
    daemon = std::make_unique<Daemon>(path);
    daemon->tick();
  };
  if (attached_before) {
    attach();
    CHECK(reader->seen[lane] == numbers(0, in_head));
  }
  REQUIRE(dies(setup, what.point, 500, 501).killed_by(SIGKILL));
  if (!attached_before) attach();
  reader->read();
  daemon->settle();
  // The earlier records are there, and none of the victim's. An unpublished record appears when the
  // lane is settled.
  const bool settled = what.point == TestPoint::claim_settled;
  CHECK(reader->seen[lane] == numbers(0, settled ? written : in_head));
  const bool has_pages =
      what.lane != Lane::fresh || what.point == TestPoint::claim_ready || settled;
  CHECK(lane_readable(reader->header(lane)) == has_pages);
  CHECK(daemon->state() == RingState::live);
  CHECK(daemon->snapshot.books.read == reader->cursors[lane].read);

  // The next process gets the same lane, though its owner died in the middle of the claim.
  const std::uint32_t generation = reader->generation(lane);
  REQUIRE(traced_run(setup, 1000, 1005).exited(0));
  if (!what.overflow) {
    CHECK(reader->generation(lane) == generation + 1);
    CHECK(reader->life(lane) == LaneLife::released);
    CHECK_FALSE(lane_readable(reader->header(1)));   // nobody needed the overflow lane
  }
  reader->read();
  std::vector<std::uint64_t> expected = numbers(0, written);
  for (const std::uint64_t n : numbers(1000, 1005)) expected.push_back(n);
  CHECK(reader->seen[lane] == expected);
  CHECK(reader->cursors[lane].lost == 0);
  CHECK(reader->total(lane, &Totals::recorded) == expected.size());
  // The torn record is counted once, also where the claimer died between counting it and clearing
  // its slot.
  const std::uint64_t torn = what.lane == Lane::dead_torn ? 1 : 0;
  CHECK(reader->header(lane).torn.load() == torn);

  leave(*ring, true);
  daemon->settle();
  CHECK(daemon->state() == RingState::closed);
  CHECK(daemon->snapshot.books.read == expected.size());
  CHECK(daemon->snapshot.books.lost == 0);
  CHECK(daemon->snapshot.books.torn == torn);
  CHECK(daemon->unknown_to_the_books() == 0);
}

}  // namespace

TEST_CASE("CrashClaim: a lane whose claimer died half-way is claimed by the next, and what it held is read once") {
  for (const ClaimPoint& what : kClaimPoints) {
    for (const bool attached_before : {true, false}) claim_and_die(what, attached_before);
  }
}

TEST_CASE("CrashClaim: claimers that die one after the other at every point leave a lane that works") {
  TempDir dir;
  const std::string path = dir.file("ring");
  auto ring = make_shared_ring(path);
  const Setup setup = victim_setup(path);
  REQUIRE(dies(setup, TestPoint::words_half, 0, 3, 3).killed_by(SIGKILL));
  Reader reader(path);
  std::uint32_t generation = reader.generation(0);
  for (int round = 0; round < 3; ++round) {
    for (const TestPoint point : {TestPoint::claim_taken, TestPoint::claim_settled}) {
      REQUIRE(dies(setup, point, 500, 501).killed_by(SIGKILL));
      // Who dies before it is entered in the header is no owner that anybody saw.
      if (point == TestPoint::claim_settled) ++generation;
      CHECK(reader.generation(0) == generation);
    }
  }
  CHECK(reader.header(0).torn.load() == 1);   // once, though six claimers died here
  REQUIRE(traced_run(setup, 10, 20).exited(0));
  reader.read();
  CHECK(reader.cursors[0].read == 2 + 10);
  CHECK(reader.cursors[0].lost == 0);
}

TEST_CASE("CrashRelease: a process that died while it gave its lane back has given it back") {
  for (const TestPoint point : {TestPoint::release_begun, TestPoint::release_done}) {
    for (const bool attached_before : {true, false}) {
      CAPTURE(name_of(point));
      CAPTURE(attached_before);
      TempDir dir;
      const std::string path = dir.file("ring");
      auto ring = make_shared_ring(path);
      const Setup setup = victim_setup(path);
      std::unique_ptr<Reader> reader;
      std::unique_ptr<Daemon> daemon;
      const auto attach = [&] {
        reader = std::make_unique<Reader>(path);
        daemon = std::make_unique<Daemon>(path);
        daemon->tick();
      };
      if (attached_before) attach();
      REQUIRE(dies(setup, point, 0, kWholeRecords).killed_by(SIGKILL));
      if (!attached_before) attach();
      reader->read();
      daemon->settle();
      CHECK(reader->seen[0] == numbers(0, kWholeRecords));
      CHECK(reader->totals_at_cursor(0));
      CHECK(reader->life(0) ==
            (point == TestPoint::release_begun ? LaneLife::dead : LaneLife::released));
      CHECK(daemon->snapshot.books.read == kWholeRecords);
      const std::uint32_t generation = reader->generation(0);
      REQUIRE(traced_run(setup, 1000, 1005).exited(0));
      CHECK(reader->generation(0) == generation + 1);
      reader->read();
      CHECK(reader->cursors[0].read == kWholeRecords + 5);
      CHECK(reader->header(0).torn.load() == 0);
      daemon->tick();
      CHECK(daemon->snapshot.books.read == kWholeRecords + 5);
      CHECK(daemon->snapshot.unattributed_lost == 0);
    }
  }
}
