// The life of a ring as its watcher sees it: absent, there, closed, refused, missed.

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "daemon/rings/watch.h"
#include "shm/names.h"
#include "shm/processes.h"
#include "tests/support/later.h"
#include "tests/support/ring.h"
#include "tests/support/temp.h"

using namespace ringside;
using namespace ringside::test;

TEST_CASE(
    "Follow: a ring that isn't there is waited for, and read from its first record when it comes") {
  TempDir dir;
  Watch watch({{dir.file("ring")}, 100, 20, false});
  Snapshot snapshot = watch.tick(later(0));
  REQUIRE(snapshot.rings.size() == 1);
  CHECK(snapshot.rings[0].state == RingState::waiting);
  auto ring = make_ring(dir.file("ring"), {2, 64, 64});
  LaneWriter lane = claim(*ring);
  write_record(lane, operation(0, ring->header().anchor_ticks, 10));
  snapshot = watch.tick(later(1));
  CHECK(snapshot.rings[0].state == RingState::live);
  CHECK(snapshot.rings[0].program == "test");
  CHECK(snapshot.books.read == 1);
  CHECK(watch.processes().size() == 1);
}

TEST_CASE(
    "Follow: an operation called !RETRY and the event RETRY are two, in figures and in the state") {
  TempDir dir;
  const std::string path = dir.file("ring");
  auto ring = make_ring(path, {2, 64, 64});
  enter_name(*ring, 0, {"!RETRY", "message", {}});
  enter_name(*ring, kFirstEvent, {"RETRY", {}, {}});
  LaneWriter lane = claim(*ring);
  const auto expect = [](const Snapshot& snapshot, std::uint64_t operations, std::uint64_t events) {
    REQUIRE(snapshot.operations.size() == 1);
    REQUIRE(snapshot.events.size() == 1);
    CHECK(snapshot.operations[0].name == "!RETRY");
    CHECK(snapshot.operations[0].window(Window::since_start).recorded == operations);
    CHECK(snapshot.operations[0].server_count == operations);
    CHECK(snapshot.operations[0].books.read == operations);
    CHECK(snapshot.events[0].name == "RETRY");
    CHECK(snapshot.events[0].window(Window::since_start).recorded == events);
    CHECK(snapshot.events[0].server_count == events);
    CHECK(snapshot.events[0].books.read == events);
  };
  Record event = operation(kFirstEvent, ring->header().anchor_ticks, 10);
  event.kind = static_cast<std::uint8_t>(Kind::event);
  std::string saved;
  {
    Watch watch({{path}, 100, 20, false});
    for (int i = 0; i < 3; ++i) write_record(lane, operation(0, ring->header().anchor_ticks, 10));
    for (int i = 0; i < 5; ++i) write_record(lane, event);
    expect(watch.tick(later(1)), 3, 5);
    saved = watch.encode(later(1));
  }
  Watch watch({{path}, 100, 20, false});
  std::string why;
  REQUIRE_MESSAGE(watch.decode(saved, later(2), &why), why);
  write_record(lane, event);
  expect(watch.tick(later(2)), 3, 6);
  leave(*ring, false);
  watch.tick(later(3));
  expect(watch.tick(later(4)), 3, 6);
}

TEST_CASE(
    "Follow: a server that leaves in order is read to the end, though its ring's name is gone") {
  TempDir dir;
  const std::string path = dir.file("ring");
  Watch watch({{path}, 100, 20, false});
  auto ring = make_ring(path, {2, 64, 64});
  LaneWriter lane = claim(*ring);
  write_record(lane, operation(0, ring->header().anchor_ticks, 10));
  watch.pass(later(0));
  for (int i = 0; i < 20; ++i) write_record(lane, operation(0, ring->header().anchor_ticks, 10));
  leave(*ring, false);
  const Snapshot snapshot = watch.tick(later(1));
  CHECK(snapshot.rings[0].state == RingState::closed);
  CHECK(watch.take_dead().empty());
  CHECK(snapshot.books.read == 21);
  CHECK(snapshot.rings[0].crashes_seen == 0);
}

TEST_CASE("Follow: what is no ring is refused with its reason, and taken when it becomes one") {
  TempDir dir;
  const std::string path = dir.file("ring");
  std::ofstream(path) << "no ring at all";
  Watch watch({{path}, 100, 20, false});
  Snapshot snapshot = watch.tick(later(0));
  CHECK(snapshot.rings[0].state == RingState::refused);
  CHECK(snapshot.rings[0].problem.find("is no ring") != std::string::npos);
  std::filesystem::remove(path);
  snapshot = watch.tick(later(1));
  CHECK(snapshot.rings[0].state == RingState::waiting);
  auto ring = make_ring(path, {2, 64, 64});
  snapshot = watch.tick(later(2));
  CHECK(snapshot.rings[0].state == RingState::live);
}

TEST_CASE("Follow: truncated under its eyes, a ring is given up and its books stay") {
  TempDir dir;
  const std::string path = dir.file("ring");
  Watch watch({{path}, 100, 20, false});
  auto ring = make_ring(path, {2, 64, 64});
  LaneWriter lane = claim(*ring);
  for (int i = 0; i < 9; ++i) write_record(lane, operation(0, ring->header().anchor_ticks, 10));
  CHECK(watch.tick(later(1)).books.read == 9);
  disown(*ring);
  REQUIRE(truncate(path.c_str(), 0) == 0);
  watch.pass(later(2));
  const Snapshot snapshot = watch.tick(later(3));
  CHECK(snapshot.books.read == 9);
  CHECK(snapshot.books.balance());
  CHECK(snapshot.rings[0].state == RingState::refused);
}

TEST_CASE("Follow: several rings are drained by one watch, each under its name") {
  TempDir dir;
  auto a = make_ring(dir.file("a"), {2, 64, 64});
  auto b = make_ring(dir.file("b"), {2, 64, 64});
  LaneWriter lane_a = claim(*a);
  LaneWriter lane_b = claim(*b);
  for (int i = 0; i < 3; ++i) write_record(lane_a, operation(0, a->header().anchor_ticks, 10));
  for (int i = 0; i < 4; ++i) write_record(lane_b, operation(0, b->header().anchor_ticks, 10));
  Watch watch({{dir.file("a"), dir.file("b")}, 100, 20, false});
  Snapshot snapshot = watch.tick(later(1));
  REQUIRE(snapshot.rings.size() == 2);
  CHECK(snapshot.rings[0].books.read == 3);
  CHECK(snapshot.rings[1].books.read == 4);
  CHECK(snapshot.all.window(Window::since_start).recorded == 7);
  watch.reconfigure({{dir.file("b")}, 100, 20, false});
  snapshot = watch.tick(later(2));
  REQUIRE(snapshot.rings.size() == 1);
  CHECK(snapshot.books.read == 4);
}

TEST_CASE(
    "Follow: records that are not believed are rejected under their own operation, and nobody "
    "else's are lost") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {1, 64, 64});
  enter_name(*ring, 0, {"SEND_MESSAGE", "message", {}});
  enter_name(*ring, 1, {"JOIN_ROOM", "room", {}});
  LaneWriter lane = claim(*ring);
  Watch watch({{dir.file("ring")}, 100, 20, false});
  for (int i = 0; i < 10; ++i) write_record(lane, operation(0, ring->header().anchor_ticks, 10));
  Record bad = operation(1, ring->header().anchor_ticks, 10);
  bad.outcome = 99;
  for (int i = 0; i < 5; ++i) write_record(lane, bad);
  watch.tick(later(1));
  for (int i = 0; i < 200; ++i) write_record(lane, operation(0, ring->header().anchor_ticks, 10));
  const Snapshot snapshot = watch.tick(later(2));
  CHECK(snapshot.books.lost == 200 - 63);
  CHECK(snapshot.books.rejected == 5);
  REQUIRE(snapshot.operations.size() == 2);
  const SeriesView& join = snapshot.operations[0];
  const SeriesView& send = snapshot.operations[1];
  REQUIRE(join.name == "JOIN_ROOM");
  CHECK(join.books.rejected == 5);
  CHECK(join.books.read == 5);
  CHECK(join.books.lost == 0);
  CHECK(join.books.balance());
  CHECK(send.books.rejected == 0);
  CHECK(send.books.lost == 200 - 63);
  CHECK(snapshot.unattributed_lost == 0);
}

TEST_CASE("Follow: a ring that came and went before it could be read is counted as missed") {
  TempDir dir;
  const std::string path = dir.file("ring");
  Watch watch({{path}, 100, 20, false});
  watch.pass(later(0));
  // This ring is met first, and the word of it comes late.
  auto ring = make_ring(path, {2, 64, 64});
  CHECK(watch.pass(later(1)).attached);
  CHECK_FALSE(watch.pass(later(2), {{path}, false}).attached);
  leave(*ring, false);
  watch.pass(later(3));
  CHECK(watch.tick(later(3)).rings[0].problem.empty());
  // Two rings that nobody met.
  watch.pass(later(4), {{path, path}, false});
  CHECK(watch.tick(later(4)).rings[0].problem ==
        "2 under this name came and went before they could be read");
  // One ring that nobody met, and one that is there.
  ring = make_ring(path, {2, 64, 64});
  CHECK(watch.pass(later(5), {{path, path}, false}).attached);
  CHECK(watch.tick(later(5)).rings[0].problem ==
        "3 under this name came and went before they could be read");
}

TEST_CASE("Follow: a clock's rate that nobody stated is known at the pass after a millisecond") {
  TempDir dir;
  const std::string path = dir.file("ring");
  Instant now = later(0);
  auto ring = make_ring(path, {2, 64, 64});
  SegmentHeader& header = ring->header();
  header.clock_kind = static_cast<std::uint32_t>(ClockKind::tsc);
  header.ticks_per_second = 0;
  header.anchor_ticks = now.ticks;
  header.anchor_monotonic_ns = now.monotonic_ns;
  LaneWriter lane = claim(*ring);
  write_record(lane, operation(0, now.ticks, 10));
  Watch watch({{path}, 100, 20, false});
  CHECK(watch.pass(now).attached);
  const auto pass_after = [&](std::int64_t ns) {
    now.monotonic_ns += ns;
    now.realtime_ns += ns;
    now.ticks += static_cast<std::uint64_t>(2 * ns);
    return watch.pass(now).records;
  };
  CHECK(pass_after(900'000) == 0);
  CHECK(pass_after(100'000) == 1);   // long before the next look at the ring
}

TEST_CASE("Follow: a file that has appeared is looked at in the same pass") {
  TempDir dir;
  const std::string path = dir.file("ring");
  Watch watch({{path}, 100, 20, false});
  const Instant now = later(0);
  watch.pass(now);
  auto ring = make_ring(path, {2, 64, 64});
  use_nanoseconds(*ring, now.monotonic_ns);   // of no other clock is the rate known at once
  LaneWriter lane = claim(*ring);
  write_record(lane, operation(0, ring->header().anchor_ticks, 10));
  CHECK(watch.pass(now).records == 0);   // less than 200 ms have passed
  const PassResult result = watch.pass(now, {{path}, false});
  CHECK(result.attached);
  CHECK(result.records == 1);
}

TEST_CASE(
    "Follow: records that were written after the last saved state, to a ring that is gone, are "
    "said to be lost") {
  TempDir dir;
  const std::string path = dir.file("ring");
  std::string saved;
  {
    auto ring = make_ring(path, {2, 64, 64});
    Watch watch({{path}, 100, 20, false});
    watch.tick(later(0));
    saved = watch.encode(later(0));
    leave(*ring, false);
  }
  auto ring = make_ring(path, {2, 64, 64});
  Watch watch({{path}, 100, 20, false});
  std::string why;
  REQUIRE_MESSAGE(watch.decode(saved, later(1), &why), why);
  const Snapshot snapshot = watch.tick(later(1));
  CHECK(snapshot.rings[0].state == RingState::live);
  CHECK(snapshot.rings[0].problem ==
        "the ring that was read last is gone; records written after the saved positions are lost");
}

TEST_CASE(
    "Follow: every process that shares a ring is named for sampling, and none by a pid of another "
    "namespace") {
  TempDir dir;
  const std::string path = dir.file("ring");
  auto ring = make_ring(path, {2, 64, 64});
  ProcessIdentity other_process = self_identity();
  other_process.pid = 4711;
  other_process.start_time = 77;
  // Twice: a process may have two copies of the library.
  for (int i = 0; i < 2; ++i) REQUIRE(enter_process(*ring, other_process).somewhere());
  // One that we can't name: its pid is of another namespace.
  other_process.pid_namespace ^= 1;
  other_process.pid = 4712;
  REQUIRE(enter_process(*ring, other_process).somewhere());
  Watch watch({{path}, 100, 20, false});
  watch.pass(later(1));
  const std::vector<RingProcess> processes = watch.processes();
  REQUIRE(processes.size() == 2);
  CHECK(processes[0].ring == path);
  CHECK(processes[0].pid == static_cast<std::uint32_t>(getpid()));
  CHECK(processes[0].start_time == self_identity().start_time);
  CHECK(processes[1].pid == 4711);
  CHECK(processes[1].start_time == 77);
}

TEST_CASE("Follow: a ring that was read and is gone when word of it comes was not missed") {
  TempDir dir;
  const std::string path = dir.file("ring");
  Watch watch({{path}, 100, 20, false});
  Instant now = later(0);
  const auto after_a_moment = [&] {
    now.monotonic_ns += 1'000'000;
    now.realtime_ns += 1'000'000;
    return now;
  };
  watch.pass(now);
  auto ring = make_ring(path, {2, 64, 64});
  use_nanoseconds(*ring, now.monotonic_ns);
  // Two looks meet the ring before the word of it comes, as when a tick follows a pass.
  watch.tick(after_a_moment());
  watch.tick(after_a_moment());
  leave(*ring, false);
  watch.pass(after_a_moment(), {{path}, false});
  const Snapshot snapshot = watch.tick(after_a_moment());
  CHECK(snapshot.rings[0].state == RingState::closed);
  CHECK(snapshot.rings[0].problem.empty());
}
