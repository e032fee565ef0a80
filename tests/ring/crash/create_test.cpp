// A server dies while it makes its ring, joins one, enters a name into it, or leaves it. What is in
// the folder afterwards, and does the next server get the name?

#include "tests/ring/crash/victim.h"

using namespace ringside;
using namespace ringside::test;

namespace {

using Files = std::set<std::string>;

// What is under the name when the victim starts.
enum class Before { nothing, dead, closed };

struct Scene {
  TempDir dir;
  std::string path = dir.file("ring");
  Setup setup = victim_setup(path, false);

  // A server that wrote the records [0, 3) and has ended.
  void leave_behind(Before name) {
    if (name == Before::closed) REQUIRE(traced_run(setup, 0, 3).exited(0));
    if (name == Before::dead) {
      REQUIRE(run_victim([&] {
                return traced_body(setup, [&](std::uint64_t anchor) {
                  for (std::uint64_t n = 0; n < 3; ++n) trace(n, anchor);
                  kill(getpid(), SIGKILL);
                  return 1;
                });
              }).killed_by(SIGKILL));
    }
  }
  Files files() const { return files_in(dir.path()); }
};

void die_while_creating(TestPoint point, Before name, bool attached_before) {
  CAPTURE(name_of(point));
  CAPTURE(static_cast<int>(name));
  CAPTURE(attached_before);
  Scene scene;
  scene.leave_behind(name);
  std::unique_ptr<Daemon> daemon;
  if (attached_before) {
    daemon = std::make_unique<Daemon>(scene.path);
    daemon->settle();
    CHECK(daemon->state() == (name == Before::nothing ? RingState::waiting
                              : name == Before::dead  ? RingState::crashed
                                                      : RingState::closed));
  }
  REQUIRE(dies_at(point, scene.setup));
  // No half-made ring is left under any name. A dead ring is never thrown away for a ring that was
  // not finished.
  Files expected;
  if (name == Before::dead) expected.insert("ring.previous");
  if (point == TestPoint::create_named) expected.insert("ring");
  CHECK(scene.files() == expected);
  if (name == Before::dead) {
    const Reader old(previous_path(scene.path));
    CHECK(old.seen[0] == numbers(0, 3));
  }
  if (point == TestPoint::create_named) {
    const Reader empty(scene.path);   // the ring is complete from its first moment on
    CHECK(empty.seen[0].empty());
    CHECK_FALSE(lane_readable(empty.header(0)));
  }
  if (!attached_before) daemon = std::make_unique<Daemon>(scene.path);
  daemon->settle();
  // A crashed server's ring is read even if it was moved aside before the daemon came.
  const bool read_old = name == Before::dead || (attached_before && name != Before::nothing);
  const std::uint64_t read_before = read_old ? 3 : 0;
  CHECK(daemon->snapshot.books.read == read_before);
  if (point == TestPoint::create_named) CHECK(daemon->state() == RingState::crashed);

  REQUIRE(traced_run(scene.setup, 1000, 1005).exited(0));
  if (point == TestPoint::create_named) expected.insert("ring.previous");
  expected.insert("ring");
  CHECK(scene.files() == expected);
  const Reader reader(scene.path);
  CHECK(reader.seen[0] == numbers(1000, 1005));
  daemon->settle();
  CHECK(daemon->state() == RingState::closed);
  CHECK(daemon->snapshot.books.read == read_before + 5);
  CHECK(daemon->snapshot.books.lost == 0);
}

}  // namespace

TEST_CASE("CrashCreate: a server that dies before its ring has a name leaves nothing, and the name to the next") {
  for (const TestPoint point :
       {TestPoint::create_cleared, TestPoint::create_sized, TestPoint::create_filled,
        TestPoint::create_whole, TestPoint::create_named}) {
    for (const Before name : {Before::nothing, Before::dead, Before::closed}) {
      // There is nothing to clear.
      if (point == TestPoint::create_cleared && name == Before::nothing) continue;
      for (const bool attached_before : {true, false})
        die_while_creating(point, name, attached_before);
    }
  }
}

TEST_CASE("CrashCreate: servers that die one after the other at every point keep the last dead ring readable") {
  Scene scene;
  scene.leave_behind(Before::dead);
  for (int round = 0; round < 3; ++round) {
    for (const TestPoint point :
         {TestPoint::create_sized, TestPoint::create_filled, TestPoint::create_whole}) {
      REQUIRE(dies_at(point, scene.setup));
      CHECK(scene.files() == Files{"ring.previous"});
      CHECK(Reader(previous_path(scene.path)).seen[0] == numbers(0, 3));
    }
  }
  REQUIRE(traced_run(scene.setup, 10, 15).exited(0));
  CHECK(Reader(scene.path).seen[0] == numbers(10, 15));
}

TEST_CASE("CrashJoin: more processes than a ring has places for may die while they join, and the next one still can") {
  for (const TestPoint point : {TestPoint::join_taken, TestPoint::join_entered}) {
    CAPTURE(name_of(point));
    Scene scene;
    auto ring = make_shared_ring(scene.path);
    const Setup setup = victim_setup(scene.path);
    Daemon daemon(scene.path);
    for (std::uint32_t i = 0; i < kMaxProcesses + 3; ++i) {
      REQUIRE(dies_at(point, setup));
      if (i == 3) daemon.tick();
    }
    daemon.settle();
    CHECK(daemon.state() == RingState::live);
    REQUIRE(traced_run(setup, 0, 5).exited(0));
    const Reader reader(scene.path);
    CHECK(reader.seen[0] == numbers(0, 5));
    daemon.tick();
    CHECK(daemon.snapshot.books.read == 5);
    // The dead don't keep the ring alive: the last living process closes it when it leaves.
    leave(*ring, true);
    daemon.settle();
    CHECK(daemon.state() == RingState::closed);
    REQUIRE(traced_run(victim_setup(scene.path, false), 10, 15).exited(0));
    CHECK(Reader(scene.path).seen[0] == numbers(10, 15));
  }
}

TEST_CASE("CrashJoin: who dies with a dead process's entry in sight leaves it to the next") {
  Scene scene;
  auto ring = make_shared_ring(scene.path);
  const Setup setup = victim_setup(scene.path);
  REQUIRE(dies_at(TestPoint::join_entered, setup));
  Daemon daemon(scene.path);
  daemon.tick();
  REQUIRE(dies_at(TestPoint::join_found, setup));
  daemon.tick();
  REQUIRE(traced_run(setup, 0, 5).exited(0));
  CHECK(ring->header().processes_used.load() == 2);
  CHECK(Reader(scene.path).seen[0] == numbers(0, 5));
  daemon.settle();
  CHECK(daemon.snapshot.books.read == 5);
}

TEST_CASE("CrashJoin: a ring whose last process died while it joined is nobody's, and is moved away by the next") {
  for (const TestPoint point : {TestPoint::join_taken, TestPoint::join_entered}) {
    CAPTURE(name_of(point));
    Scene scene;
    Gate gate;
    // The ring's maker dies while another process is stopped at the point.
    const pid_t maker = spawn_victim([&] {
      return traced_body(scene.setup, [&](std::uint64_t anchor) {
        trace(0, anchor);
        gate.pass();
        pause();
        return 1;
      });
    });
    REQUIRE(gate.reached());
    Daemon daemon(scene.path);
    daemon.tick();
    Gate at_point;
    const pid_t joiner = spawn_victim([&] {
      stop_at(point, at_point);
      return traced_body(victim_setup(scene.path), [](std::uint64_t) { return 1; });
    });
    REQUIRE(at_point.reached());
    kill(maker, SIGKILL);
    wait_for(maker);
    daemon.settle();
    CHECK(daemon.state() == RingState::live);   // the joiner is alive and may go on
    kill(joiner, SIGKILL);
    wait_for(joiner);
    daemon.settle();
    CHECK(daemon.state() == RingState::crashed);
    CHECK(daemon.snapshot.books.read == 1);
    REQUIRE(traced_run(scene.setup, 10, 15).exited(0));
    CHECK(scene.files() == Files{"ring", "ring.previous"});
    daemon.settle();
    CHECK(daemon.snapshot.books.read == 6);
  }
}

TEST_CASE("CrashLeave: a server that dies while it leaves has left, and the next one gets the name") {
  struct Case {
    TestPoint point;
    Files files;         // after the death
    Files next;          // when the next server has run
    RingState state;
  };
  const Case cases[] = {
      // The victim had left and had not closed the ring yet.
      {TestPoint::leave_left, {"ring"}, {"ring", "ring.previous"}, RingState::crashed},
      {TestPoint::leave_closed, {"ring"}, {"ring"}, RingState::closed},
      {TestPoint::leave_unnamed, {}, {"ring"}, RingState::closed},
  };
  for (const Case& what : cases) {
    for (const bool attached_before : {true, false}) {
      CAPTURE(name_of(what.point));
      CAPTURE(attached_before);
      Scene scene;
      scene.setup.keep = false;
      Gate gate;
      const pid_t victim = spawn_victim(
          [&] {
            return traced_body(scene.setup, [&](std::uint64_t anchor) {
              for (std::uint64_t n = 0; n < 5; ++n) trace(n, anchor);
              gate.pass();
              kill_at(what.point);
              return 1;
            });
          },
          true);
      REQUIRE(gate.reached());
      std::unique_ptr<Daemon> daemon;
      if (attached_before) {
        daemon = std::make_unique<Daemon>(scene.path);
        daemon->tick();
      }
      gate.open();
      REQUIRE(wait_for(victim).killed_by(SIGKILL));
      CHECK(scene.files() == what.files);
      if (!attached_before) daemon = std::make_unique<Daemon>(scene.path);
      daemon->settle();
      const bool there = attached_before || !what.files.empty();
      CHECK(daemon->state() == (there ? what.state : RingState::waiting));
      CHECK(daemon->snapshot.books.read == (there ? 5 : 0));
      CHECK(daemon->snapshot.books.lost == 0);
      Setup next = scene.setup;
      next.keep = true;
      REQUIRE(traced_run(next, 10, 15).exited(0));
      CHECK(scene.files() == what.next);
      daemon->settle();
      CHECK(daemon->state() == RingState::closed);
      CHECK(daemon->snapshot.books.read == (there ? 10 : 5));
    }
  }
}

TEST_CASE("CrashLeave: a process that dies while it leaves a shared ring takes nobody with it") {
  Scene scene;
  auto ring = make_shared_ring(scene.path);
  const Setup setup = victim_setup(scene.path);
  REQUIRE(dies_at(TestPoint::leave_left, setup, 0, 5));
  Daemon daemon(scene.path);
  daemon.settle();
  CHECK(daemon.state() == RingState::live);
  REQUIRE(traced_run(setup, 10, 15).exited(0));
  daemon.tick();
  CHECK(daemon.snapshot.books.read == 10);
}

TEST_CASE("CrashNames: a process that dies in mid-name keeps no other out of a shared ring, and the name is read") {
  Scene scene;
  auto ring = make_shared_ring(scene.path);
  const Setup setup = victim_setup(scene.path);
  NameEntry name;
  REQUIRE(dies_at(TestPoint::name_begun, setup));
  CHECK_FALSE(read_name(*ring, 0, &name));
  Daemon daemon(scene.path);
  daemon.tick();
  REQUIRE(traced_run(setup, 0, 8).exited(0));
  REQUIRE(read_name(*ring, 0, &name));
  CHECK(name.name == "CREATE_ROOM");
  CHECK(name.category == "room");
  daemon.tick();
  CHECK(daemon.series(0).books.read == 2);
}

TEST_CASE("CrashNames: gauges and error names that a dead process began are finished by the next, in the same place") {
  Scene scene;
  auto ring = make_shared_ring(scene.path);
  const Setup setup = victim_setup(scene.path);
  const auto registers = [&](bool dies_in_gauge, bool dies_in_error) {
    return run_victim([&] {
      return traced_body(setup, [&](std::uint64_t) {
        if (dies_in_gauge) kill_at(TestPoint::name_begun);
        register_gauge("connections").set(5);
        if (dies_in_error) kill_at(TestPoint::name_begun);
        register_error(17, "too slow");
        return 0;
      });
    });
  };
  std::string text;
  std::uint16_t code = 0;
  REQUIRE(registers(true, false).killed_by(SIGKILL));
  CHECK_FALSE(read_gauge_name(*ring, 0, &text));
  REQUIRE(registers(false, true).killed_by(SIGKILL));
  REQUIRE(read_gauge_name(*ring, 0, &text));
  CHECK(text == "connections");
  CHECK(gauge_of(*ring, 0) == 0);   // that process is another one
  CHECK_FALSE(read_error_name(*ring, 0, &code, &text));
  REQUIRE(registers(false, false).exited(0));
  REQUIRE(read_error_name(*ring, 0, &code, &text));
  CHECK(code == 17);
}
