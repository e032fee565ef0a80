// Leaving a ring: who closes it, and whose name is taken away.
#include <doctest/doctest.h>

#include <filesystem>

#include "shm/processes.h"
#include "tests/support/held.h"
#include "tests/support/under.h"
#include "tests/unit/shm/place.h"

using namespace ringside;
using namespace ringside::test;

TEST_CASE("Leave: a ring is left open while another process is in it, and closed by the last" *
          doctest::skip(kEmulated)) {
  Place place;
  const Created ring = place.create();
  ProcessPlace other;
  {
    Held another([&] { other = enter_process(*ring.segment, self_identity()); });
    leave_segment(*ring.segment, ring.place, false);
    CHECK(phase_in(ring.segment->processes()[0].standing.load()) == kPhaseLeft);
    CHECK(ring.segment->header().state.load() == kSegmentReady);
    CHECK(place.exists());
  }
  // A dead process does not keep it open.
  leave_segment(*ring.segment, ring.place, false);
  CHECK(ring.segment->header().state.load() == kSegmentClosed);
  CHECK_FALSE(place.exists());
}

TEST_CASE("Leave: a process whose first thread has ended is kept in by its lanes") {
  if (kEmulated) return;
  Place place;
  const Created ring = place.create();
  LaneOwner owner = test::owner();
  in_another_thread([&] { owner.place = enter_process(*ring.segment, self_identity()); });
  Held worker([&] { claim_lane(*ring.segment, owner); });
  leave_segment(*ring.segment, ring.place, false);
  CHECK(ring.segment->header().state.load() == kSegmentReady);
}

TEST_CASE("Leave: another thread than the one that entered may leave for its process") {
  Place place;
  const Created ring = place.create();
  in_another_thread([&] { leave_segment(*ring.segment, ring.place, false); });
  CHECK(ring.segment->header().state.load() == kSegmentClosed);
  CHECK_FALSE(place.exists());
}

TEST_CASE("Leave: who leaves takes away no name that is another ring's by now") {
  Place place;
  const Created old = place.create();
  std::filesystem::remove(place.options.path);
  const Created fresh = place.create();
  REQUIRE(fresh.segment != nullptr);
  leave_segment(*old.segment, old.place, false);
  CHECK(old.segment->header().state.load() == kSegmentClosed);
  CHECK(place.exists());
  CHECK(fresh.segment->header().state.load() == kSegmentReady);
  std::filesystem::remove(place.options.path);
  leave_segment(*fresh.segment, fresh.place, false);
  CHECK(fresh.segment->header().state.load() == kSegmentClosed);
}
