// Since when a ring is observed. Its rates are divided by the observed time.

#include <doctest/doctest.h>

#include "daemon/rings/ring_follower.h"
#include "tests/support/later.h"
#include "tests/support/ring.h"
#include "tests/support/temp.h"

using namespace ringside;
using namespace ringside::test;

namespace {

constexpr std::int64_t kBorn = 100'000 * kSecond;

// A ring of one lane with 64 slots, made at kBorn. It gets one record a second from then on.
struct World {
  TempDir dir;
  std::string path = dir.file("ring");
  std::unique_ptr<Segment> ring = make_ring(path, {1, 64, 64});
  LaneWriter lane;
  std::int64_t now = kBorn;

  World() {
    use_nanoseconds(*ring, kBorn);
    lane = claim(*ring);
  }
  void run(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      now += kSecond;
      write_record(lane, operation(0, static_cast<std::uint64_t>(now), 0));
    }
  }
  RingFollower follower() const { return RingFollower({path, path, {}}, {{100, 20}}); }
  RingTimes attach(RingFollower& ring_follower) const {
    CHECK(ring_follower.check(simulated(now), 0));
    ring_follower.drain(simulated(now));
    return ring_follower.times(simulated(now));
  }
};

}  // namespace

TEST_CASE(
    "Observed: a ring that has overwritten nothing is observed since it was made, however late we "
    "come") {
  World world;
  world.run(63);
  RingFollower follower = world.follower();
  const RingTimes times = world.attach(follower);
  CHECK(times.observed_since_ns == kBorn);
  CHECK(times.observed_before_ns == 0);
}

TEST_CASE(
    "Observed: a ring that has overwritten records is observed since the oldest one that is left") {
  World world;
  world.run(86'400);
  RingFollower follower = world.follower();
  const RingTimes times = world.attach(follower);
  // 63 records are left, and the newest ends now.
  CHECK(times.observed_since_ns == world.now - 62 * kSecond);
}

TEST_CASE("Observed: a ring that is not there yet is observed from now on") {
  TempDir dir;
  RingFollower follower({dir.file("ring"), dir.file("ring"), {}}, {{100, 20}});
  CHECK_FALSE(follower.check(simulated(kBorn), 0));
  CHECK(follower.times(simulated(kBorn)).observed_since_ns == kBorn);
}

TEST_CASE(
    "Observed: the time in which no daemon was there counts only if nothing was overwritten in "
    "it") {
  for (const int absence : {30, 3600}) {
    CAPTURE(absence);
    World world;
    world.run(10);
    std::string saved;
    {
      RingFollower follower = world.follower();
      world.attach(follower);
      Encoder out;
      follower.encode(out, simulated(world.now));
      saved = out.take();
    }
    world.run(absence);
    RingFollower follower = world.follower();
    Decoder in(saved);
    follower.decode(in, simulated(world.now), 0);
    REQUIRE(in.at_end());
    follower.check(simulated(world.now), 0);
    follower.drain(simulated(world.now));
    const RingTimes times = follower.times(simulated(world.now));
    if (absence == 30) {
      CHECK(times.observed_since_ns == kBorn);
      CHECK(times.observed_before_ns == 0);
    } else {
      CHECK(times.observed_since_ns == world.now - 62 * kSecond);
      CHECK(times.observed_before_ns == 10 * kSecond);
    }
    CHECK(follower.books().read + follower.books().lost ==
          static_cast<std::uint64_t>(10 + absence));
  }
}

TEST_CASE(
    "Observed: what a ring that was moved aside covers counts, and the time between it and us does "
    "not") {
  World world;
  world.run(20);
  crash(*world.ring);
  std::filesystem::rename(world.path, previous_path(world.path));
  const std::int64_t born = kBorn + 86'400 * kSecond;
  world.ring = make_ring(world.path, {1, 64, 64});
  use_nanoseconds(*world.ring, born);
  world.lane = claim(*world.ring);
  world.now = born;
  world.run(5);
  RingFollower follower = world.follower();
  const RingTimes times = world.attach(follower);
  CHECK(follower.books().read == 25);
  CHECK(times.observed_before_ns == 20 * kSecond);
  CHECK(times.observed_since_ns == born);
}
