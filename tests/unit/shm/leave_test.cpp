// Leaving a ring: who closes it, and whose name is taken away.
#include <doctest/doctest.h>

#include <filesystem>

#include "tests/unit/shm/place.h"

using namespace ringside;
using namespace ringside::test;

TEST_CASE("Leave: a ring is left open while another process is in it, and closed by the last") {
  Place place;
  const Created ring = place.create();
  ProcessSlot* places = ring.segment->header().processes;
  places[5].start_time.store(init().start_time);
  places[5].pid.store(init().pid);
  leave_segment(*ring.segment, self_identity(), false);
  CHECK(places[0].pid.load() == 0);
  CHECK(places[5].pid.load() == init().pid);
  CHECK(ring.segment->header().state.load() == kSegmentReady);
  CHECK(place.exists());
  // A dead process does not keep it open.
  places[5].pid.store(nobody().pid);
  leave_segment(*ring.segment, self_identity(), false);
  CHECK(ring.segment->header().state.load() == kSegmentClosed);
  CHECK_FALSE(place.exists());
}

TEST_CASE("Leave: pid 1 keeps a ring open") {
  Place place;
  const Created ring = place.create();
  ring.segment->header().processes[5].pid.store(1);
  leave_segment(*ring.segment, self_identity(), false);
  CHECK(ring.segment->header().state.load() == kSegmentReady);
}

TEST_CASE("Leave: who leaves takes away no name that is another ring's by now") {
  Place place;
  const Created old = place.create();
  std::filesystem::remove(place.options.path);
  const Created fresh = place.create();
  REQUIRE(fresh.segment != nullptr);
  leave_segment(*old.segment, self_identity(), false);
  CHECK(old.segment->header().state.load() == kSegmentClosed);
  CHECK(place.exists());
  CHECK(fresh.segment->header().state.load() == kSegmentReady);
  std::filesystem::remove(place.options.path);
  leave_segment(*fresh.segment, self_identity(), false);
  CHECK(fresh.segment->header().state.load() == kSegmentClosed);
}
