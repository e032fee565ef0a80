// One ring's follower in simulated time: when it looks, what it says, and when a ring ends.

#include <doctest/doctest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "shm/names.h"
#include "tests/support/process.h"
#include "tests/support/temp.h"
#include "tests/support/under.h"
#include "tests/unit/daemon/rings/looking.h"

using namespace ringside;
using namespace ringside::test;

TEST_CASE(
    "Follower: whether the server lives is looked at once a second, and at once for a new ring") {
  TempDir dir;
  RingFollower follower = follower_of(dir.file("ring"));
  FollowedRing first(dir.file("ring"));
  CHECK(follower.check(tenths(0), 0));
  first.crash();
  CHECK(look_at_ring(follower, tenths(5)).state == RingState::live);
  CHECK(look_at_ring(follower, tenths(10)).state == RingState::crashed);
  FollowedRing second(dir.file("ring"));
  CHECK(follower.check(tenths(11), 0));
  CHECK(look_at_ring(follower, tenths(12)).state == RingState::live);
  CHECK_FALSE(follower.check(tenths(13), 0));
  const RingView view = look_at_ring(follower, tenths(30));
  CHECK(view.state == RingState::live);
  CHECK(view.crashes_seen == 1);
  CHECK(view.instances_seen == 2);
}

TEST_CASE(
    "Follower: a living server's ring is read on when its file is removed or replaced, and says "
    "so") {
  TempDir dir;
  const std::string path = dir.file("ring");
  RingFollower follower = follower_of(path);
  FollowedRing first(path);
  look(follower, tenths(0));
  std::filesystem::remove(path);
  first.write(1);
  RingView view = look_at_ring(follower, tenths(1));
  CHECK(view.state == RingState::live);
  const std::string server = "its server (pid " + std::to_string(getpid()) + ")";
  CHECK(view.problem.starts_with(path + " was removed while " + server +
                                 " lives; reading on\n  next: "));
  CHECK(view.problem.find("RemoveIPC=no") != std::string::npos);
  CHECK(view.problem.find("/run/ringside") != std::string::npos);
  CHECK(view.books.read == 1);
  CHECK_FALSE(follower.gone());
  FollowedRing second(path);
  first.write(1);
  view = look_at_ring(follower, tenths(2));
  CHECK(view.state == RingState::live);
  CHECK(view.problem.starts_with(
      path + " was replaced while its server lives; reading the old one until it ends\n  next: "));
  CHECK(view.books.read == 2);
  CHECK(view.instances_seen == 1);
  // Its end is noticed at once, because another ring has the name.
  first.crash();
  view = look_at_ring(follower, tenths(3));
  CHECK(view.state == RingState::live);
  CHECK(view.problem.empty());
  CHECK(view.instances_seen == 2);
  CHECK(view.crashes_seen == 1);
}

// The kernel marks nobody, and /proc shows nothing.
TEST_CASE("Follower: where nobody can tell who lives, only another ring under its name ends one") {
  if (geteuid() != 0 || kEmulated) return;  // only root can hide /proc
  CHECK(run([] {
          TempDir dir;
          const std::string path = dir.file("ring");
          RingFollower follower = follower_of(path);
          FollowedRing first(path);
          first.ring->header().death_marked = 0;
          first.ring->processes()[0].start_time.store(5);
          if (unshare(CLONE_NEWNS) != 0 ||
              mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
              mount("none", "/proc", "tmpfs", 0, nullptr) != 0)
            return 0;  // not allowed here
          for (const int at : {0, 20}) {
            if (look_at_ring(follower, tenths(at)).state != RingState::live) return 1;
          }
          std::filesystem::remove(path);
          RingView view = look_at_ring(follower, tenths(21));
          if (view.state != RingState::live) return 2;
          if (!view.problem.starts_with(path + " was removed while its server (pid ")) return 3;
          FollowedRing second(path);
          view = look_at_ring(follower, tenths(22));
          return view.instances_seen == 2 && view.crashes_seen == 1 ? 0 : 4;
        }).exited(0));
}

TEST_CASE("Follower: that its name was removed is said of a ring as long as the name is gone") {
  TempDir dir;
  const std::string path = dir.file("ring");
  RingFollower follower = follower_of(path);
  FollowedRing ring(path);
  look(follower, tenths(0));
  std::filesystem::rename(path, dir.file("elsewhere"));
  for (const int at : {1, 12}) CHECK_FALSE(look_at_ring(follower, tenths(at)).problem.empty());
  std::filesystem::rename(dir.file("elsewhere"), path);
  CHECK(look_at_ring(follower, tenths(30)).problem.empty());
}

TEST_CASE("Follower: a ring that was cut off and removed is said to be, and is no crash") {
  TempDir dir;
  const std::string path = dir.file("ring");
  RingFollower follower = follower_of(path);
  FollowedRing ring(path);
  ring.write(3);
  look(follower, tenths(0));
  disown(*ring.ring);
  REQUIRE(truncate(path.c_str(), 0) == 0);
  std::filesystem::remove(path);
  look(follower, tenths(1));
  const RingView view = look_at_ring(follower, tenths(2));
  CHECK(view.state == RingState::crashed);
  CHECK(view.problem == path + " was cut off under the reader; what is left of it can't be read");
  CHECK(view.crashes_seen == 0);
  CHECK(figures(view.books) == BookFigures{3, 3, 0, 0, 0});
}

TEST_CASE(
    "Follower: a ring whose clock's rate is not known yet is read when it is, or ends after two "
    "seconds") {
  const bool tsc = choose_clock().kind == ClockKind::tsc;
  const auto give_other_clock = [&](Segment& ring) {
    ring.header().clock_kind = static_cast<std::uint32_t>(tsc ? ClockKind::cntvct : ClockKind::tsc);
    ring.header().ticks_per_second = 0;
    ring.header().anchor_ticks = 1'000'000;
  };
  // Two ticks a nanosecond.
  const auto at = [](std::int64_t ns) {
    Instant now = simulated(kFollowBegin + ns);
    now.ticks = 1'000'000 + 2 * static_cast<std::uint64_t>(ns);
    return now;
  };
  TempDir dir;
  FollowedRing ring(dir.file("ring"));
  give_other_clock(*ring.ring);
  ring.write(1);
  RingFollower follower = follower_of(dir.file("ring"));
  RingView view = look_at_ring(follower, at(0));
  CHECK(view.state == RingState::live);
  CHECK(view.ticks_per_second == 0);
  CHECK(view.books.read == 0);
  view = look_at_ring(follower, at(2'000'000));
  CHECK(view.ticks_per_second == 2e9);
  CHECK(view.books.read == 1);
  // A clock that does not move: garbage, or a machine that is no more.
  FollowedRing stopped(dir.file("stopped"));
  give_other_clock(*stopped.ring);
  stopped.close();
  RingFollower other = follower_of(dir.file("stopped"));
  const auto without_ticks = [](std::int64_t ns) {
    Instant now = simulated(kFollowBegin + ns);
    now.ticks = 1'000'000;
    return now;
  };
  CHECK(look_at_ring(other, without_ticks(0)).state == RingState::live);
  CHECK(look_at_ring(other, without_ticks(2 * kSecond - 1)).state == RingState::live);
  CHECK(look_at_ring(other, without_ticks(2 * kSecond)).state == RingState::closed);
}

TEST_CASE("Follower: each ring has its own names, and those of its errors and unused operations") {
  TempDir dir;
  const std::string path = dir.file("ring");
  RingFollower follower = follower_of(path);
  {
    FollowedRing ring(path);
    enter_name(*ring.ring, 0, {"FIRST", {}, {}});
    ring.write(3);
    look(follower, tenths(0));
    ring.close();
  }
  look(follower, tenths(1));
  FollowedRing ring(path);
  // This ring is met, and ended before the next look.
  follower.check(tenths(2), 0);
  enter_name(*ring.ring, 0, {"SECOND", {}, {}});
  enter_name(*ring.ring, 200, {"UNUSED", {}, {}});
  enter_name(*ring.ring, kFirstEvent + kMaxEvents - 1, {"NEVER", {}, {}});
  enter_error_name(*ring.ring, 5001, "wrong");
  enter_error_name(*ring.ring, 5002, "worse");
  Name& beyond = ring.ring->names()[kFirstEvent + kMaxEvents];  // garbage: no such id
  beyond.name[0] = 'X';
  beyond.state.store(kNameReady);
  ring.write(1);
  for (const std::uint16_t code : {std::uint16_t{5001}, std::uint16_t{5002}}) {
    Record failed = operation(0, static_cast<std::uint64_t>(kFollowBegin), 10, Outcome::error);
    failed.error = code;
    write_record(ring.lane, failed);
  }
  ring.close();
  const Snapshot shown = look(follower, tenths(3));
  REQUIRE(shown.operations.size() == 3);
  CHECK(shown.operations[0].name == "FIRST");
  CHECK(shown.operations[0].window(Window::since_start).recorded == 3);
  CHECK(shown.operations[1].name == "SECOND");
  CHECK(shown.operations[1].window(Window::since_start).recorded == 3);
  CHECK(shown.operations[2].name == "UNUSED");
  REQUIRE(shown.events.size() == 1);
  CHECK(shown.events[0].name == "NEVER");
  REQUIRE(shown.errors.size() == 2);
  for (const ErrorStats& error : shown.errors)
    CHECK(error.name == (error.code == 5001 ? "wrong" : "worse"));
}

TEST_CASE("Follower: a name is asked for when the first record of its operation comes") {
  TempDir dir;
  RingFollower follower = follower_of(dir.file("ring"));
  FollowedRing ring(dir.file("ring"));
  look(follower, tenths(0));
  enter_name(*ring.ring, 5, {"LATE", {}, {}});
  ring.write(2, 5);
  const Snapshot shown = look(follower, tenths(1));
  REQUIRE(shown.operations.size() == 1);
  CHECK(shown.operations[0].name == "LATE");
  CHECK(shown.operations[0].window(Window::since_start).recorded == 2);
}

TEST_CASE("Follower: a ring that ends is read to its end, though its reader was far behind") {
  TempDir dir;
  FollowedRing ring(dir.file("ring"), 512);
  ring.write(5000);
  ring.close();
  RingFollower follower = follower_of(dir.file("ring"));
  CHECK(follower.check(tenths(0), 0));
  CHECK(figures(follower.books()) == BookFigures{5000, 511, 5000 - 511, 0, 0});
}

TEST_CASE("Follower: the last sixteen rings are known again, and no more") {
  TempDir dir;
  RingFollower follower = follower_of(dir.file("ring"));
  std::vector<RingInstance> instances;
  for (int i = 0; i < 17; ++i) {
    FollowedRing ring(dir.file("ring"));
    instances.push_back(ring.instance());
    CHECK(follower.check(tenths(i), 0));
    CHECK(follower.reads(instances.back()));
    ring.close();
    follower.check(tenths(i), 0);
  }
  CHECK_FALSE(follower.reads(instances[0]));
  for (int i = 1; i < 17; ++i) CHECK(follower.reads(instances[static_cast<std::size_t>(i)]));
}

TEST_CASE("Follower: name, length of lists and trusted owners follow the configuration") {
  TempDir dir;
  const std::string path = dir.file("ring");
  FollowedRing ring(path);
  ring.write(9);
  // Only root can give a file away.
  const bool root = geteuid() == 0 && chown(path.c_str(), 4711, 4711) == 0;
  RingFollower follower = follower_of(path);
  CHECK(look_at_ring(follower, tenths(0)).state == (root ? RingState::refused : RingState::live));
  follower.reconfigure({"other", path, {}}, {{4, 20}, true});
  CHECK(follower.name() == "other");
  const Snapshot shown = look(follower, tenths(1));
  CHECK(shown.rings.at(0).state == RingState::live);
  CHECK(shown.rings[0].name == "other");
  CHECK(shown.rings[0].problem.empty());
  CHECK(shown.operations.at(0).last.size() == 4);
}

TEST_CASE("Follower: what was overwritten before a ring's first look is told from later losses") {
  TempDir dir;
  RingFollower follower = follower_of(dir.file("ring"));
  {
    FollowedRing ring(dir.file("ring"));
    ring.write(64);
    const RingView view = look_at_ring(follower, tenths(0));
    CHECK(view.losses.before_attach == 1);
    CHECK(view.losses.while_observed[0] == 0);
    ring.write(64);
    CHECK(look_at_ring(follower, tenths(1)).losses.while_observed[0] == 1);
    ring.close();
  }
  look(follower, tenths(2));
  FollowedRing ring(dir.file("ring"));
  ring.write(66);
  RingView view = look_at_ring(follower, tenths(3));
  CHECK(view.losses.before_attach == 1 + 3);
  CHECK(view.losses.while_observed[0] == 1);
  ring.write(65);
  view = look_at_ring(follower, tenths(4));
  CHECK(view.losses.before_attach == 4);
  CHECK(view.losses.while_observed[0] == 3);
  CHECK(figures(view.books) == BookFigures{128 + 131, 128 + 131 - 7, 7, 0, 0});
  CHECK(look(follower, tenths(4)).unattributed_lost == 0);
}
