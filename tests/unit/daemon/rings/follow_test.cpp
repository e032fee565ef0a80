// The life of a ring as its watcher sees it: not there yet, there, restarted, crashed, closed, refused.

#include <doctest/doctest.h>
#include <signal.h>

#include <fstream>

#include "daemon/rings/watch.h"
#include "shm/names.h"
#include "tests/support/later.h"
#include "tests/support/process.h"
#include "tests/support/ring.h"
#include "tests/support/temp.h"

using namespace ringside;
using namespace ringside::test;

namespace {

// A server that writes some records and dies or leaves. Names and clock are in nanoseconds of this machine.
Ended server(const std::string& path, int records, bool orderly, bool keep = false) {
  return run([&] {
    Failure failure;
    CreateOptions options;
    options.path = path;
    options.program = "victim";
    options.geometry = {2, 1024, 64};
    const Created created = create_segment(options, self_identity(), &failure);
    if (created.segment == nullptr) return 1;
    enter_name(*created.segment, 0, {"SEND_MESSAGE", "message", {}});
    LaneWriter lane = claim_lane(*created.segment, self_identity(), 1, "w").writer;
    for (int i = 0; i < records; ++i) {
      write_record(lane, operation(0, read_ticks(static_cast<ClockKind>(created.segment->header().clock_kind)), 10));
    }
    if (!orderly) raise(SIGKILL);
    leave_segment(*created.segment, self_identity(), keep);
    return 0;
  });
}

}  // namespace

TEST_CASE("Follow: a ring that isn't there is waited for, and read from its first record when it comes") {
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

TEST_CASE("Follow: an operation called !RETRY and the event RETRY are two, in figures and in the state") {
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
    saved = watch.save(later(1));
  }
  Watch watch({{path}, 100, 20, false});
  std::string why;
  REQUIRE_MESSAGE(watch.restore(saved, later(2), &why), why);
  write_record(lane, event);
  expect(watch.tick(later(2)), 3, 6);
  leave_segment(*ring, self_identity(), false);
  watch.tick(later(3));
  expect(watch.tick(later(4)), 3, 6);
}

TEST_CASE("Follow: a crashed server's last records are read, and its restart under the same name is followed") {
  TempDir dir;
  const std::string path = dir.file("ring");
  Watch watch({{path}, 100, 20, false});
  watch.pass(later(0));
  REQUIRE(server(path, 30, false).killed_by(SIGKILL));
  Snapshot snapshot = watch.tick(later(1));
  snapshot = watch.tick(later(2));
  CHECK(snapshot.rings[0].state == RingState::crashed);
  CHECK(snapshot.books.read == 30);
  CHECK(snapshot.rings[0].crashes_seen == 1);
  REQUIRE(server(path, 12, false).killed_by(SIGKILL));
  watch.tick(later(3));
  snapshot = watch.tick(later(4));
  CHECK(snapshot.books.read == 42);
  CHECK(snapshot.books.lost == 0);
  CHECK(snapshot.rings[0].instances_seen == 2);
  CHECK(snapshot.operations.at(0).window(Window::since_start).recorded == 42);
  CHECK(snapshot.operations.at(0).server_count == 42);
  // Looked at again and again, a dead ring is counted once.
  for (int i = 5; i < 10; ++i) snapshot = watch.tick(later(i));
  CHECK(snapshot.books.read == 42);
  CHECK(snapshot.rings[0].crashes_seen == 2);
}

TEST_CASE("Follow: a server that is restarted while nobody watches leaves its old ring aside, and both are read") {
  TempDir dir;
  const std::string path = dir.file("ring");
  std::string saved;
  {
    Watch watch({{path}, 100, 20, false});
    watch.pass(later(0));
    auto ring = make_ring(path, {2, 1024, 64});
    ring->header().creator_pid = 1;   // not ours to keep alive below
    LaneWriter lane = claim(*ring);
    for (int i = 0; i < 5; ++i) write_record(lane, operation(0, ring->header().anchor_ticks, 10));
    CHECK(watch.tick(later(1)).books.read == 5);
    saved = watch.save(later(1));
    for (int i = 0; i < 3; ++i) write_record(lane, operation(0, ring->header().anchor_ticks, 10));
    // It dies: nobody stands in its header any more.
    ring->header().processes[0].pid.store(0);
  }
  REQUIRE(server(path, 7, false).killed_by(SIGKILL));
  Watch watch({{path}, 100, 20, false});
  std::string why;
  REQUIRE(watch.restore(saved, later(2), &why));
  Snapshot snapshot;
  for (int i = 3; i < 8; ++i) snapshot = watch.tick(later(i));
  CHECK(snapshot.books.read == 5 + 3 + 7);
  CHECK(snapshot.books.lost == 0);
  CHECK(snapshot.rings[0].instances_seen == 2);
}

TEST_CASE("Follow: a server that leaves in order is read to the end, though its ring's name is gone") {
  TempDir dir;
  const std::string path = dir.file("ring");
  Watch watch({{path}, 100, 20, false});
  auto ring = make_ring(path, {2, 64, 64});
  LaneWriter lane = claim(*ring);
  write_record(lane, operation(0, ring->header().anchor_ticks, 10));
  watch.pass(later(0));
  for (int i = 0; i < 20; ++i) write_record(lane, operation(0, ring->header().anchor_ticks, 10));
  leave_segment(*ring, self_identity(), false);
  const Snapshot snapshot = watch.tick(later(1));
  CHECK(snapshot.rings[0].state == RingState::closed);
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
