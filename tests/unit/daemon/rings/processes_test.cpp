// Who of a ring's processes died, left or became another program, as its follower tells it.

#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <vector>

#include "shm/processes.h"
#include "tests/support/process.h"
#include "tests/support/replaced.h"
#include "tests/support/temp.h"
#include "tests/support/under.h"
#include "tests/unit/daemon/rings/looking.h"

using namespace ringside;
using namespace ringside::test;

namespace {

using Pids = std::vector<std::uint32_t>;

Pids pids_of(const RingView& view) {
  Pids pids;
  for (const ProcessDeath& death : view.deaths) pids.push_back(death.pid);
  return pids;
}

// A ring of this process, which other processes join.
struct JoinedRing {
  TempDir dir;
  std::string path = dir.file("ring");
  FollowedRing ring{path};
  RingFollower follower = follower_of(path);

  RingView at(int tenth) { return look_at_ring(follower, tenths(tenth)); }
  ProcessPlace join() const { return enter_process(*ring.ring, self_identity()); }
  // The pid of a process that joined, and was killed then.
  std::uint32_t killed() const {
    const pid_t pid = spawn([&] {
      if (join().somewhere()) raise(SIGKILL);
      return 1;
    });
    CHECK(wait_for(pid).killed_by(SIGKILL));
    return static_cast<std::uint32_t>(pid);
  }
};

// A process that has joined a ring and lives until it is killed.
class Member {
 public:
  explicit Member(const JoinedRing& world) {
    int up[2];
    REQUIRE(pipe(up) == 0);
    pid_ = spawn([&] {
      const char in = world.join().somewhere() ? 'y' : 'n';
      if (write(up[1], &in, 1) == 1) pause();
      return 1;
    });
    close(up[1]);
    char in = 0;
    const bool joined = read(up[0], &in, 1) == 1 && in == 'y';
    close(up[0]);
    REQUIRE(joined);
  }
  ~Member() { kill_now(); }
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;
  std::uint32_t pid() const { return static_cast<std::uint32_t>(pid_); }
  void kill_now() {
    if (killed_) return;
    killed_ = true;
    kill(pid_, SIGKILL);
    wait_for(pid_);
  }

 private:
  pid_t pid_ = 0;
  bool killed_ = false;
};

void check_counts(const ProcessCounts& is, const std::vector<std::uint64_t>& must_be) {
  CHECK(std::vector<std::uint64_t>{is.alive, is.entered, is.left, is.restarted, is.died} ==
        must_be);
}

}  // namespace

TEST_CASE("RingProcesses: each death is told once, with its pid, and who leaves has not died" *
          doctest::skip(kEmulated)) {
  JoinedRing world;
  check_counts(world.at(0).processes, {1, 1, 0, 0, 0});
  const std::uint32_t first = world.killed();
  RingView view = world.at(1);
  check_counts(view.processes, {1, 2, 0, 0, 1});
  CHECK(view.state == RingState::live);
  CHECK(pids_of(view) == Pids{first});
  CHECK(view.deaths[0].number == 1);
  CHECK(run([&] {
          leave_process(*world.ring.ring, world.join());
          return 0;
        }).exited(0));
  view = world.at(2);
  check_counts(view.processes, {1, 3, 1, 0, 1});
  CHECK(pids_of(view) == Pids{first});
  // The first one's entry was taken by him who left, and is taken again.
  const std::uint32_t second = world.killed();
  for (const int at : {3, 20, 40}) {
    view = world.at(at);
    check_counts(view.processes, {1, 4, 1, 0, 2});
    CHECK(pids_of(view) == Pids{first, second});
    CHECK(view.deaths_seen == 2);
  }
}

TEST_CASE("RingProcesses: who died unseen is counted, and named if he was seen alive before" *
          doctest::skip(kEmulated)) {
  JoinedRing world;
  world.at(0);
  // Nobody looks until the second has the first one's entry.
  world.killed();
  const std::uint32_t second = world.killed();
  RingView view = world.at(1);
  check_counts(view.processes, {1, 3, 0, 0, 2});
  CHECK(pids_of(view) == Pids{second, 0});
  // Seen alive, then killed; its entry has another's pid by the next look.
  Member seen(world);
  check_counts(world.at(2).processes, {2, 4, 0, 0, 2});
  seen.kill_now();
  const Member next(world);
  view = world.at(3);
  check_counts(view.processes, {2, 5, 0, 0, 3});
  CHECK(pids_of(view) == Pids{second, 0, seen.pid()});
  CHECK(view.deaths_seen == 3);
}

TEST_CASE("RingProcesses: of many deaths the latest are told one by one" *
          doctest::skip(kEmulated)) {
  JoinedRing world;
  world.at(0);
  for (int i = 0; i < 20; ++i) world.killed();
  const RingView view = world.at(1);
  CHECK(view.processes.died == 20);
  CHECK(view.deaths_seen == 20);
  REQUIRE(view.deaths.size() == kMostDeaths);
  for (std::size_t i = 0; i < kMostDeaths; ++i) CHECK(view.deaths[i].number == 5 + i);
}

TEST_CASE("RingProcesses: a daemon that comes back tells the deaths of meanwhile, and no others" *
          doctest::skip(kEmulated)) {
  JoinedRing world;
  world.at(0);
  world.killed();
  world.at(1);
  const auto take_over = [](RingFollower& from, RingFollower& to) {
    Encoder out;
    from.encode(out, tenths(10));
    const std::string saved = out.take();
    Decoder in(saved);
    to.decode(in, tenths(10), 0);
    REQUIRE(in.at_end());
  };
  RingFollower second = follower_of(world.path);
  take_over(world.follower, second);
  RingView view = look_at_ring(second, tenths(11));
  CHECK(view.processes.died == 1);
  CHECK(view.deaths_seen == 0);
  // Two more meanwhile, and all who stand there dead are new.
  Member beside(world);
  std::uint32_t other = world.killed();
  beside.kill_now();
  RingFollower third = follower_of(world.path);
  take_over(second, third);
  view = look_at_ring(third, tenths(21));
  CHECK(view.processes.died == 3);
  CHECK(view.deaths_seen == 2);
  CHECK(pids_of(view) == Pids{beside.pid(), other});
  // One more meanwhile. Of two who stand there dead, nobody knows which one it is.
  Member last(world);
  other = world.killed();
  view = look_at_ring(third, tenths(22));
  CHECK(pids_of(view).back() == other);
  last.kill_now();
  RingFollower fourth = follower_of(world.path);
  take_over(third, fourth);
  view = look_at_ring(fourth, tenths(31));
  CHECK(view.processes.died == 5);
  CHECK(view.deaths_seen == 1);
  CHECK(pids_of(view) == Pids{0});
}

TEST_CASE("RingProcesses: who becomes another program has not died, until its process ends" *
          doctest::skip(kEmulated || kSanitized)) {
  for (const CallsExec caller : {CallsExec::first_thread, CallsExec::another_thread}) {
    JoinedRing world;
    world.at(0);
    std::uint32_t pid = 0;
    {
      const Replaced replaced(caller, [&] { world.join(); });
      const RingView view = world.at(1);
      check_counts(view.processes, {1, 2, 0, 1, 0});
      CHECK(view.deaths.empty());
      pid = world.ring.ring->processes()[1].pid.load();
    }
    const RingView view = world.at(2);
    check_counts(view.processes, {1, 2, 0, 0, 1});
    CHECK(pids_of(view) == Pids{pid});
  }
}

TEST_CASE("RingProcesses: who comes back after exec is restarted, in the same entry or another" *
          doctest::skip(kEmulated)) {
  JoinedRing world;
  world.at(0);
  Segment& ring = *world.ring.ring;
  // This process holds nothing any more, as after exec.
  const auto let_go = [&](std::uint32_t index) {
    ring.give_back(ring.processes()[index].lock);
    ring.processes()[index].lock.word.store(OwnerLock::kDiedBit);
  };
  let_go(0);
  ProcessPlace place = world.join();
  CHECK(place.index == 0);
  CHECK(place.entered == 2);
  check_counts(world.at(1).processes, {1, 2, 0, 1, 0});
  // Another takes its entry before it comes back.
  let_go(0);
  const ProcessPlace other = enter_process(ring, {1, 1, 1});
  CHECK(other.index == 0);
  place = world.join();
  CHECK(place.index == 1);
  check_counts(world.at(2).processes, {2, 4, 0, 2, 0});
}

TEST_CASE("RingProcesses: numbers that no server writes cost nothing and end nothing") {
  JoinedRing world;
  Segment& ring = *world.ring.ring;
  world.at(0);
  ring.processes()[0].standing.store(standing_of(~0U, kPhaseEntered));
  RingView view = world.at(1);
  CHECK(view.processes.entered == ~0U);
  CHECK(view.processes.died + view.processes.restarted == ~0U - 1ULL);
  CHECK(view.deaths.size() == kMostDeaths);
  ring.processes()[0].left.store(~0U);
  view = world.at(2);
  CHECK(view.processes.left == ~0U);
  CHECK(view.state == RingState::live);
  ring.processes()[0].left.store(0);
  ring.processes()[0].standing.store(standing_of(1, kPhaseEntered));
  CHECK(world.at(3).state == RingState::live);
}

TEST_CASE("RingProcesses: a server's process that lives and traces no more has not crashed" *
          doctest::skip(kEmulated)) {
  TempDir dir;
  const std::string path = dir.file("ring");
  RingFollower follower = follower_of(path);
  std::unique_ptr<Segment> ring;
  // Its threads have ended, and have given back what they held.
  in_another_thread([&] {
    ring = make_ring(path, {1, 64, 64});
    use_nanoseconds(*ring, kFollowBegin);
    let_go_of_process(*ring, our_place(*ring));
  });
  for (const int at : {0, 20}) {
    const RingView view = look_at_ring(follower, tenths(at));
    CHECK(view.state == RingState::live);
    CHECK(view.crashes_seen == 0);
    check_counts(view.processes, {0, 1, 0, 1, 0});
    CHECK(view.problem.starts_with(path + ": its server (pid " + std::to_string(getpid()) +
                                   ") lives, but no thread of it holds the ring; "));
  }
  // One of them traces again.
  in_another_thread([&] {
    CHECK(hold_process(*ring, {0, 1}) == Hold::held);
    const RingView view = look_at_ring(follower, tenths(40));
    check_counts(view.processes, {1, 1, 0, 0, 0});
    CHECK(view.problem.empty());
    leave_process(*ring, {0, 1});
  });
}

TEST_CASE(
    "RingProcesses: a ring whose server has opened the next one by exec ended in no crash, also "
    "where /proc does not show the server") {
  for (const std::uint64_t elsewhere : {0, 1}) {
    TempDir dir;
    const std::string path = dir.file("ring");
    RingFollower follower = follower_of(path);
    FollowedRing first(path);
    first.write(5);
    const auto name_process = [&](Segment& ring) {
      ProcessEntry& entry = ring.processes()[0];
      entry.pid_namespace.store(entry.pid_namespace.load() + elsewhere);
    };
    name_process(*first.ring);
    look(follower, tenths(0));
    first.write(2);
    const auto pid = first.ring->processes()[0].pid.load();
    first.crash();
    first.ring->processes()[0].pid.store(pid);
    if (elsewhere != 0) {
      // It has not opened the next one yet.
      RingView view = look_at_ring(follower, tenths(20));
      CHECK(view.state == RingState::crashed);
      CHECK(view.deaths_seen == 1);
    } else {
      CHECK(look_at_ring(follower, tenths(20)).state == RingState::live);
    }
    std::filesystem::rename(path, previous_path(path));
    FollowedRing second(path);
    name_process(*second.ring);
    second.write(3);
    CHECK(follower.check(tenths(21), 0));
    const RingView view = look_at_ring(follower, tenths(21));
    CHECK(view.state == RingState::live);
    CHECK(view.instances_seen == 2);
    CHECK(view.restarts_seen == 1);
    CHECK(view.crashes_seen == 0);
    CHECK(view.deaths_seen == 0);
    CHECK(view.deaths.empty());
    CHECK(figures(view.books) == BookFigures{10, 10, 0, 0, 0});
  }
}

TEST_CASE(
    "RingProcesses: a lock that exec left held in another pid namespace keeps nobody from the next "
    "ring") {
  TempDir dir;
  const std::string path = dir.file("ring");
  RingFollower follower = follower_of(path);
  FollowedRing first(path);
  first.write(5);
  ProcessEntry& entry = first.ring->processes()[0];
  entry.pid_namespace.fetch_add(1);
  look(follower, tenths(0));
  // Moved aside by the next server, which knows.
  std::filesystem::rename(path, previous_path(path));
  FollowedRing second(path);
  second.ring->processes()[0].pid_namespace.fetch_add(1);
  second.write(3);
  const RingView view = look_at_ring(follower, tenths(1));
  CHECK(view.state == RingState::live);
  CHECK(view.instances_seen == 2);
  CHECK(view.restarts_seen == 1);
  CHECK(view.crashes_seen == 0);
  CHECK(figures(view.books) == BookFigures{8, 8, 0, 0, 0});
}

TEST_CASE("RingProcesses: restarts are kept in the state") {
  TempDir dir;
  const std::string path = dir.file("ring");
  RingFollower follower = follower_of(path);
  FollowedRing first(path);
  look(follower, tenths(0));
  const auto pid = first.ring->processes()[0].pid.load();
  first.crash();
  first.ring->processes()[0].pid.store(pid);
  std::filesystem::rename(path, previous_path(path));
  FollowedRing second(path);
  CHECK(look_at_ring(follower, tenths(1)).restarts_seen == 1);
  Encoder out;
  follower.encode(out, tenths(2));
  RingFollower next = follower_of(path);
  const std::string saved = out.take();
  Decoder in(saved);
  next.decode(in, tenths(2), 0);
  REQUIRE(in.at_end());
  CHECK(look_at_ring(next, tenths(3)).restarts_seen == 1);
}
