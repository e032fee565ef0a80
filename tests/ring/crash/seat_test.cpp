// A process dies in a slot of the overflow lane. Who frees the slot, and what if nobody can?
#include "tests/ring/crash/victim.h"

using namespace ringside;
using namespace ringside::test;

TEST_CASE("CrashSeat: a slot whose writer died in it is freed by a thread that has a seat already") {
  const LanelessRing ring;
  const Setup& setup = ring.setup;
  Gate gate;
  const pid_t seated = spawn_victim(
      [&] {
        return traced_body(setup, [&](std::uint64_t anchor) {
          trace(0, anchor);
          gate.pass();
          for (std::uint64_t n = 1; n <= kSeatCount; ++n) trace(n, anchor);
          return 0;
        });
      },
      true);
  REQUIRE(gate.reached());
  REQUIRE(dies_at(TestPoint::overflow_taken, setup, 1000, 1001));
  CHECK(held_slots(*ring, 1) == 1);
  gate.open();
  REQUIRE(wait_for(seated).exited(0));
  CHECK(held_slots(*ring, 1) == 0);
}

TEST_CASE("CrashSeat: who frees a dead writer's slot may die in the middle, and the next one does it") {
  for (const TestPoint point : {TestPoint::seat_taken, TestPoint::claim_freed}) {
    CAPTURE(name_of(point));
    const LanelessRing ring;
    const Setup& setup = ring.setup;
    REQUIRE(dies_at(TestPoint::overflow_unpublished, setup, 0, 10));
    CHECK(held_slots(*ring, 1) == 1);
    REQUIRE(dies_at(point, setup, 0, 10));
    CHECK(held_slots(*ring, 1) == (point == TestPoint::seat_taken ? 1 : 0));
    REQUIRE(traced_run(setup, 100, 110).exited(0));
    CHECK(held_slots(*ring, 1) == 0);
    Reader reader(setup.ring);
    CHECK(reader.seen[1] == numbers(100, 110));
    CHECK(reader.cursors[1].lost == 1);
    CHECK(reader.cursors[1].holes.empty());
    CHECK(reader.header(1).dropped.load() == 0);
  }
}

TEST_CASE("CrashSeat: a lane's owner who died in a signal handler's overflow record leaves no slot held") {
  TempDir dir;
  const std::string path = dir.file("ring");
  auto ring = make_shared_ring(path);
  const Setup setup = victim_setup(path);
  static std::uint64_t anchor_of_ring;
  REQUIRE(run_victim([&] {
            return traced_body(setup, [&](std::uint64_t anchor) {
              anchor_of_ring = anchor;
              trace(0, anchor);
              g_test_point_hook.store([](TestPoint point) {
                if (point != TestPoint::words_half) return;
                kill_at(TestPoint::overflow_taken);
                trace(2, anchor_of_ring);
              });
              trace(1, anchor);
              return 1;
            });
          }).killed_by(SIGKILL));
  CHECK(held_slots(*ring, 1) == 1);
  REQUIRE(traced_run(setup, 100, 110).exited(0));
  CHECK(held_slots(*ring, 1) == 0);
  Reader reader(path);
  CHECK(reader.header(0).torn.load() == 1);
  CHECK(reader.cursors[1].lost == 1);
}

TEST_CASE("CrashSeat: a slot whose writer had no seat costs one record in each lap, and it is counted") {
  const LanelessRing ring;
  const Setup& setup = ring.setup;
  std::uint32_t seats = 0;
  while (claim_seat(*ring, 0, owner()).seat != kSeatCount) ++seats;
  CHECK(seats == kSeatCount);
  REQUIRE(dies_at(TestPoint::overflow_taken, setup, 0, 1));
  Reader reader(setup.ring);
  for (std::uint64_t lap = 0; lap < 3; ++lap) {
    REQUIRE(traced_run(setup, 1000 * lap, 1000 * lap + kCapacity).exited(0));
    reader.read();
  }
  CHECK(held_slots(*ring, 1) == 1);
  CHECK(reader.header(1).dropped.load() == 3);
  CHECK(reader.seen[1].size() == 3 * kCapacity - 3);
}
