// A follower that goes on where another one was, and what it finds under the name.

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temp.h"
#include "tests/unit/daemon/rings/looking.h"

using namespace ringside;
using namespace ringside::test;

namespace {

std::string state_of(RingFollower& follower, const Instant& now) {
  Encoder out;
  follower.encode(out, now);
  return out.take();
}

void take_state(RingFollower& follower, const std::string& state, const Instant& now) {
  Decoder in(state);
  follower.decode(in, now, 0);
  REQUIRE(in.at_end());
}

constexpr const char* kGoneNote =
    "the ring that was read last is gone; records written after the saved positions are lost";

// A ring of which five records were read when the state was saved, and two more written since then.
struct ResumedRing {
  TempDir dir;
  std::string path = dir.file("ring");
  FollowedRing ring{path};
  std::string saved;
  RingFollower next{{path, path, {}}, {{100, 20}}};

  ResumedRing() {
    ring.write(5);
    RingFollower before = follower_of(path);
    look(before, tenths(0));
    saved = state_of(before, tenths(0));
    ring.write(2);
    take_state(next, saved, tenths(10));
  }
};

}  // namespace

TEST_CASE("Resume: a ring that can't be opened for the moment is waited for") {
  ResumedRing world;
  std::filesystem::rename(world.path, world.dir.file("elsewhere"));
  std::ofstream(world.path) << "for the moment something else";
  RingView view = look_at_ring(world.next, tenths(10));
  CHECK(view.state == RingState::refused);
  CHECK(view.problem.starts_with(world.path + ": is no ring"));
  CHECK(view.books.read == 5);
  CHECK_FALSE(world.next.gone());
  std::filesystem::rename(world.dir.file("elsewhere"), world.path);
  view = look_at_ring(world.next, tenths(20));
  CHECK(view.state == RingState::live);
  CHECK(view.problem.empty());
  CHECK(view.instances_seen == 1);
  CHECK(figures(view.books) == BookFigures{7, 7, 0, 0, 0});
}

TEST_CASE(
    "Resume: a ring that was moved aside is read to its end, and then the one under the name") {
  ResumedRing world;
  world.ring.crash();
  FollowedRing second(world.path);
  second.write(3);
  CHECK(world.next.check(tenths(10), 0));
  const RingView view = look_at_ring(world.next, tenths(10));
  CHECK(view.state == RingState::live);
  CHECK(view.problem.empty());
  CHECK(view.instances_seen == 2);
  CHECK(view.crashes_seen == 1);
  CHECK(view.books.read == 7 + 3);
}

TEST_CASE("Resume: one look reads the ring that stands aside and the closed one under the name") {
  ResumedRing world;
  world.ring.crash();
  FollowedRing second(world.path);
  second.write(3);
  second.close();
  CHECK(world.next.check(tenths(10), 0));
  Snapshot shown;
  world.next.tick(tenths(10), shown);
  CHECK(shown.rings.at(0).state == RingState::closed);
  CHECK(shown.books.read == 7 + 3);
}

TEST_CASE(
    "Resume: with another ring under the name, something that is no ring aside is in nobody's "
    "way") {
  ResumedRing world;
  std::filesystem::remove(world.path);
  std::ofstream(previous_path(world.path)) << "somebody's file";
  FollowedRing second(world.path);
  second.write(3);
  const RingView view = look_at_ring(world.next, tenths(10));
  CHECK(view.state == RingState::live);
  CHECK(view.problem == kGoneNote);
  CHECK(view.instances_seen == 2);
  CHECK(figures(view.books) == BookFigures{8, 8, 0, 0, 0});
}

TEST_CASE(
    "Resume: the note that a ring is gone stays when one that was moved aside is read first") {
  ResumedRing world;
  std::filesystem::remove(world.path);
  {
    FollowedRing crashed(previous_path(world.path));
    crashed.write(1);
    crashed.crash();
  }
  FollowedRing second(world.path);
  const RingView view = look_at_ring(world.next, tenths(10));
  CHECK(view.state == RingState::live);
  CHECK(view.problem == kGoneNote);
  CHECK(view.instances_seen == 3);
  CHECK(view.books.read == 5 + 1);
}

TEST_CASE("Resume: a ring that was given up is not read when it comes back") {
  ResumedRing world;
  std::filesystem::rename(world.path, world.dir.file("elsewhere"));
  CHECK(look_at_ring(world.next, tenths(10)).problem.starts_with(kGoneNote));
  CHECK(world.next.gone());
  std::filesystem::rename(world.dir.file("elsewhere"), world.path);
  const RingView view = look_at_ring(world.next, tenths(20));
  CHECK(view.instances_seen == 1);
  CHECK(figures(view.books) == BookFigures{5, 5, 0, 0, 0});
  CHECK(view.problem.starts_with(kGoneNote));
}

TEST_CASE("Resume: where no ring has the name, the note says how to see who still has the ring") {
  ResumedRing world;
  const std::string inode = std::to_string(world.ring.ring->inode());
  std::filesystem::remove(world.path);
  const std::string problem = look_at_ring(world.next, tenths(10)).problem;
  CHECK(problem.starts_with(kGoneNote));
  CHECK(problem.find("\n  next: start its server; if that runs, somebody removed the ring's ") !=
        std::string::npos);
  CHECK(problem.find("sudo grep ' " + inode + " .*(deleted)' /proc/*/maps") != std::string::npos);
}

TEST_CASE("Resume: a ring that was closed while nobody was there has ended at the first look") {
  ResumedRing world;
  world.ring.close();
  CHECK_FALSE(world.next.check(tenths(10), 0));
  const RingView view = look_at_ring(world.next, tenths(10));
  CHECK(view.state == RingState::closed);
  CHECK(figures(view.books) == BookFigures{7, 7, 0, 0, 0});
  CHECK(view.crashes_seen == 0);
}

TEST_CASE("Resume: positions of a ring with another number of lanes are not used") {
  ResumedRing world;
  std::filesystem::remove(world.path);
  auto other = make_ring(world.path, {3, 64, 64});
  use_nanoseconds(*other, kFollowBegin);
  const RingInstance instance = world.ring.instance();
  other->header().instance[0] = instance[0];
  other->header().instance[1] = instance[1];
  LaneWriter lane = claim(*other);
  for (int i = 0; i < 9; ++i)
    write_record(lane, operation(0, static_cast<std::uint64_t>(kFollowBegin), 10));
  const RingView view = look_at_ring(world.next, tenths(10));
  CHECK(view.state == RingState::live);
  CHECK(view.problem == kGoneNote);
  CHECK(view.instances_seen == 2);
  CHECK(figures(view.books) == BookFigures{14, 14, 0, 0, 0});
}

TEST_CASE("Resume: where no ring was being read, none is missed") {
  TempDir dir;
  RingFollower none = follower_of(dir.file("ring"));
  look(none, tenths(0));
  RingFollower next = follower_of(dir.file("ring"));
  take_state(next, state_of(none, tenths(0)), tenths(1));
  CHECK(look_at_ring(next, tenths(1)).problem.empty());
  CHECK(next.gone());
  RingFollower reader = follower_of(dir.file("ring"));
  {
    FollowedRing ring(dir.file("ring"));
    ring.write(2);
    look(reader, tenths(0));
    ring.close();
    look(reader, tenths(1));
  }
  std::filesystem::remove(dir.file("ring"));
  RingFollower after = follower_of(dir.file("ring"));
  take_state(after, state_of(reader, tenths(1)), tenths(2));
  const RingView view = look_at_ring(after, tenths(2));
  CHECK(view.problem.empty());
  CHECK(view.books.read == 2);
  CHECK(after.gone());
}

TEST_CASE("Resume: a ring that was read before and stands there again is shown, and not read") {
  TempDir dir;
  const std::string path = dir.file("ring");
  RingFollower reader = follower_of(path);
  FollowedRing first(path);
  first.write(2);
  look(reader, tenths(0));
  first.close();
  look(reader, tenths(1));
  std::filesystem::rename(path, dir.file("first"));
  FollowedRing second(path);
  look(reader, tenths(2));
  second.close();
  const std::string shown = look_at_ring(reader, tenths(3)).instance;
  const std::string state = state_of(reader, tenths(3));
  std::filesystem::rename(dir.file("first"), path);
  RingFollower next = follower_of(path);
  take_state(next, state, tenths(4));
  const RingView view = look_at_ring(next, tenths(4));
  CHECK(view.state == RingState::closed);
  CHECK_FALSE(view.instance.empty());
  CHECK(view.instance != shown);
  CHECK(view.program == "test");
  CHECK(view.instances_seen == 2);
  CHECK(view.books.read == 2);
}

TEST_CASE("Resume: what was counted without records while nobody was there is in no window") {
  TempDir dir;
  FollowedRing ring(dir.file("ring"));
  ring.write(4);
  std::string state;
  {
    RingFollower before = follower_of(dir.file("ring"));
    look(before, tenths(10));
    state = state_of(before, tenths(10));
  }
  for (int i = 0; i < 100; ++i) count_only(ring.lane, 0);
  RingFollower next = follower_of(dir.file("ring"));
  const Instant half_hour = tenths(18'000);  // half an hour later
  take_state(next, state, half_hour);
  Snapshot shown = look(next, half_hour);
  CHECK(shown.operations.at(0).window(Window::since_start).skipped == 100);
  CHECK(shown.operations.at(0).window(Window::minute).count() == 0);
  CHECK(shown.operations.at(0).window(Window::hour).recorded == 4);
  for (int i = 0; i < 7; ++i) count_only(ring.lane, 0);
  shown = look(next, half_hour);
  CHECK(shown.operations.at(0).window(Window::since_start).skipped == 107);
  CHECK(shown.operations.at(0).window(Window::minute).skipped == 7);
}

TEST_CASE("Resume: what was counted in a short absence is in the last minute") {
  TempDir dir;
  FollowedRing ring(dir.file("ring"));
  std::string state;
  {
    RingFollower before = follower_of(dir.file("ring"));
    look(before, tenths(18'000));
    state = state_of(before, tenths(18'000));
  }
  for (int i = 0; i < 100; ++i) count_only(ring.lane, 0);
  RingFollower next = follower_of(dir.file("ring"));
  take_state(next, state, tenths(18'010));
  CHECK(look(next, tenths(18'010)).operations.at(0).window(Window::minute).skipped == 100);
  // The next ring has counted since long ago, and nobody knows when.
  ring.close();
  look(next, tenths(18'020));
  FollowedRing second(dir.file("ring"));
  for (int i = 0; i < 50; ++i) count_only(second.lane, 0);
  const Snapshot shown = look(next, tenths(18'030));
  CHECK(shown.operations.at(0).window(Window::minute).skipped == 100);
  CHECK(shown.operations[0].window(Window::since_start).skipped == 150);
}

TEST_CASE("Resume: where nobody looked between two rings, the second is observed since its birth") {
  TempDir dir;
  RingFollower follower = follower_of(dir.file("ring"));
  {
    FollowedRing ring(dir.file("ring"));
    look(follower, tenths(0));
    ring.close();
    follower.check(tenths(10), 0);
  }
  FollowedRing second(dir.file("ring"));
  use_nanoseconds(*second.ring, tenths(200).monotonic_ns);
  follower.check(tenths(210), 0);
  const RingTimes times = follower.times(tenths(210));
  CHECK(times.observed_since_ns == tenths(200).monotonic_ns);
  CHECK(times.observed_before_ns == kSecond);
}

TEST_CASE("Resume: once it reads again, observing goes on through restarts of the server") {
  ResumedRing world;
  look(world.next, tenths(100));
  world.ring.crash();
  {
    // The second server comes and crashes, and the third has moved its ring aside.
    std::filesystem::remove(world.path);
    FollowedRing second(previous_path(world.path));
    second.write(1);
    second.crash();
  }
  auto third = make_ring(world.path, {1, 64, 64});
  use_nanoseconds(*third, tenths(105).monotonic_ns);
  look(world.next, tenths(110));
  CHECK(look_at_ring(world.next, tenths(111)).instances_seen == 3);
  const RingTimes times = world.next.times(tenths(111));
  CHECK(times.observed_since_ns == kFollowBegin);
  CHECK(times.observed_before_ns == 0);
}

TEST_CASE(
    "Resume: impossible books of rings that are over are refused, and so are too many rings") {
  const auto taken = [](const BookFigures& over, std::size_t known) {
    Encoder out;
    for (int i = 0; i < 3; ++i) out.u64(0);  // instance, inode
    out.u64(known);
    for (std::size_t i = 0; i < 2 * known; ++i) out.u64(i);
    out.u64(0);  // instances
    out.flag(false);
    for (int i = 0; i < 6; ++i) out.u64(0);  // crashes and other counts
    for (const std::uint64_t n : over) out.u64(n);
    out.u64(0);  // lanes
    RingMetrics({100, 20}).encode(out, 0);
    const std::string bytes = out.take();
    RingFollower follower = follower_of("/none/ring");
    Decoder in(bytes);
    follower.decode(in, tenths(0), 0);
    return in.at_end() && figures(follower.books()) == over &&
           (known == 0 || follower.reads({2 * known - 2, 2 * known - 1}));
  };
  CHECK(taken({5, 3, 2, 1, 3}, 0));
  CHECK(taken({5, 3, 2, 1, 3}, kMostKnown));
  CHECK_FALSE(taken({5, 3, 2, 1, 3}, kMostKnown + 1));
  CHECK_FALSE(taken({5, 3, 1, 0, 0}, 0));
  CHECK_FALSE(taken({5, 3, 2, 0, 4}, 0));
}
