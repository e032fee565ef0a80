// What a follower makes of rings that stand aside, of an earlier boot and of garbage. What ends the
// program.

#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "daemon/rings/watch.h"
#include "tests/support/process.h"
#include "tests/support/temp.h"
#include "tests/unit/daemon/rings/looking.h"

using namespace ringside;
using namespace ringside::test;

TEST_CASE(
    "Follower: a ring that was moved aside and had closed in order is read, and is no crash") {
  TempDir dir;
  FollowedRing ring(previous_path(dir.file("ring")));
  ring.write(5);
  ring.close();
  RingFollower follower = follower_of(dir.file("ring"));
  const RingView view = look_at_ring(follower, tenths(0));
  CHECK(view.books.read == 5);
  CHECK(view.crashes_seen == 0);
  CHECK(view.state == RingState::waiting);
}

TEST_CASE(
    "Follower: a living ring that stands aside is passed over for good, unless it gets the name "
    "back") {
  TempDir dir;
  const std::string path = dir.file("ring");
  FollowedRing ring(previous_path(path));
  ring.write(5);
  RingFollower follower = follower_of(path);
  CHECK(look_at_ring(follower, tenths(0)).books.read == 0);
  CHECK(follower.reads(ring.instance()));
  ring.crash();
  CHECK(look_at_ring(follower, tenths(20)).books.read == 0);
  std::filesystem::rename(previous_path(path), path);
  const RingView view = look_at_ring(follower, tenths(40));
  CHECK(view.books.read == 5);
  CHECK(view.crashes_seen == 1);
}

TEST_CASE("Follower: a ring that stands aside and is named itself is read once") {
  TempDir dir;
  const std::string path = dir.file("ring");
  FollowedRing ring(previous_path(path));
  ring.write(5);
  ring.crash();
  for (const auto& names : {std::vector<std::string>{previous_path(path), path},
                            std::vector<std::string>{path, previous_path(path)}}) {
    Watch watch({names, 100, 20, false});
    watch.tick(tenths(0));
    CHECK(watch.tick(tenths(10)).books.read == 5);
  }
}

TEST_CASE("Follower: a ring that was read and away for a moment has no problem when it is back") {
  TempDir dir;
  const std::string path = dir.file("ring");
  FollowedRing ring(path);
  RingFollower follower = follower_of(path);
  look(follower, tenths(0));
  ring.close();
  CHECK(look_at_ring(follower, tenths(1)).state == RingState::closed);
  std::filesystem::rename(path, dir.file("elsewhere"));
  std::filesystem::create_directory(path);
  CHECK(look_at_ring(follower, tenths(2)).state == RingState::refused);
  std::filesystem::remove(path);
  std::filesystem::rename(dir.file("elsewhere"), path);
  const RingView view = look_at_ring(follower, tenths(3));
  CHECK(view.state == RingState::closed);
  CHECK(view.problem.empty());
}

TEST_CASE("Follower: the wall times of a ring that is over do not step with the clock") {
  TempDir dir;
  FollowedRing ring(dir.file("ring"));
  ring.write(1);
  RingFollower follower = follower_of(dir.file("ring"));
  look(follower, tenths(0));
  ring.close();
  look(follower, tenths(1));
  Instant now = tenths(2);
  now.realtime_ns -= 3600 * kSecond;
  const Snapshot shown = look(follower, now);
  CHECK(shown.operations.at(0).last.at(0).start_wall_ns == simulated(kFollowBegin).realtime_ns);
}

TEST_CASE(
    "Follower: a ring of an earlier boot has crashed, and was made when its wall clock said so") {
  TempDir dir;
  FollowedRing ring(dir.file("ring"));
  ring.ring->header().boot_id[0] ^= 1;
  ring.ring->header().anchor_realtime_ns = 1'600'000'000 * kSecond;
  RingFollower follower = follower_of(dir.file("ring"));
  look(follower, tenths(0));
  RingView view = look_at_ring(follower, tenths(1));
  CHECK(view.state == RingState::crashed);
  CHECK(view.created_wall_ns == 1'600'000'000 * kSecond);
  Encoder out;
  follower.encode(out, tenths(1));
  const std::string saved = out.take();
  RingFollower next = follower_of(dir.file("ring"));
  Decoder in(saved);
  next.decode(in, tenths(2), 0);
  view = look_at_ring(next, tenths(2));
  CHECK(view.state == RingState::crashed);
  CHECK(view.created_wall_ns == 1'600'000'000 * kSecond);
  CHECK(view.instances_seen == 1);
}

TEST_CASE(
    "Follower: processes are those of living rings, once for each ring, also where no namespace is "
    "known") {
  TempDir dir;
  FollowedRing a(dir.file("a"));
  FollowedRing b(dir.file("b"));
  b.ring->header().pid_namespace = 0;
  Watch watch({{dir.file("a"), dir.file("b")}, 100, 20, false});
  CHECK(watch.processes().empty());
  watch.pass(tenths(0));
  const std::vector<RingProcess> processes = watch.processes();
  REQUIRE(processes.size() == 2);
  CHECK(processes[0].ring == dir.file("a"));
  CHECK(processes[1].ring == dir.file("b"));
  for (const RingProcess& process : processes)
    CHECK(process.pid == static_cast<std::uint32_t>(getpid()));
  a.close();
  watch.pass(tenths(10));
  CHECK(watch.processes().size() == 1);
  disown(*b.ring);
  REQUIRE(truncate(dir.file("b").c_str(), 0) == 0);
  watch.pass(tenths(10));
  CHECK(watch.processes().empty());
}

TEST_CASE("Follower: an anchor that is garbage does not make the observed time overflow") {
  TempDir dir;
  FollowedRing ring(dir.file("ring"));
  ring.ring->header().anchor_monotonic_ns = INT64_MIN;
  RingFollower follower = follower_of(dir.file("ring"));
  follower.check(tenths(0), 0);
  CHECK(follower.times(tenths(0)).observed_since_ns == INT64_MIN / 2);
}

#ifdef RINGSIDE_ASSERTS

TEST_CASE(
    "Follower: a follower of another file, and a state that comes too late, end the program") {
  TempDir dir;
  FollowedRing ring(dir.file("ring"));
  const auto dies = [&](const auto& mistake) {
    return run([&] {
             signal(SIGABRT, SIG_DFL);  // doctest has its own handler
             if (std::freopen("/dev/null", "w", stderr) == nullptr) return 1;
             RingFollower follower = follower_of(dir.file("ring"));
             follower.check(tenths(0), 0);
             mistake(follower);
             return 0;
           })
        .killed_by(SIGABRT);
  };
  CHECK_FALSE(dies([&](RingFollower& follower) {
    follower.reconfigure({"name", dir.file("ring"), {}}, {{100, 20}});
  }));
  CHECK(dies([&](RingFollower& follower) {
    follower.reconfigure({"name", dir.file("other"), {}}, {{100, 20}});
  }));
  const auto take_over = [](RingFollower& follower) {
    Encoder out;
    follower.encode(out, tenths(0));
    const std::string bytes = out.take();
    Decoder in(bytes);
    follower.decode(in, tenths(0), 0);
  };
  CHECK(dies(take_over));
  CHECK(dies([&](RingFollower& follower) {
    ring.close();
    follower.check(tenths(1), 0);  // no ring is open now
    take_over(follower);
  }));
}

#endif
