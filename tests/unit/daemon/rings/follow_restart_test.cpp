// Servers that die, leave and start again, as their ring's watcher sees them: which rings are read,
// and each of them once.

#include <doctest/doctest.h>
#include <signal.h>

#include <filesystem>

#include "daemon/rings/watch.h"
#include "tests/support/later.h"
#include "tests/support/temp.h"
#include "tests/unit/daemon/rings/victim.h"

using namespace ringside;
using namespace ringside::test;

TEST_CASE(
    "Follow: a crashed server's last records are read, and its restart under the same name is "
    "followed") {
  TempDir dir;
  const std::string path = dir.file("ring");
  Watch watch({{path}, 100, 20, false});
  watch.pass(later(0));
  REQUIRE(server(path, 30, false).killed_by(SIGKILL));
  const Instant found = later(1);
  Snapshot snapshot = watch.tick(found);
  snapshot = watch.tick(later(2));
  CHECK(snapshot.rings[0].state == RingState::crashed);
  CHECK(snapshot.books.read == 30);
  CHECK(snapshot.rings[0].crashes_seen == 1);
  // Its ring can be had once, whole.
  std::vector<DeadRing> dead = watch.take_dead();
  REQUIRE(dead.size() == 1);
  CHECK(dead[0].wall_ns == found.realtime_ns);
  REQUIRE(dead[0].segment != nullptr);
  CHECK(dead[0].segment->lane_header(0).head == 30);
  CHECK(watch.take_dead().empty());
  REQUIRE(server(path, 12, false).killed_by(SIGKILL));
  watch.tick(later(3));
  snapshot = watch.tick(later(4));
  CHECK(snapshot.books.read == 42);
  CHECK(snapshot.books.lost == 0);
  CHECK(snapshot.rings[0].instances_seen == 2);
  CHECK(snapshot.operations.at(0).window(Window::since_start).recorded == 42);
  CHECK(snapshot.operations.at(0).server_count == 42);
  // A dead ring is counted once, however often the watch looks at it.
  for (int i = 5; i < 10; ++i) snapshot = watch.tick(later(i));
  CHECK(snapshot.books.read == 42);
  CHECK(snapshot.rings[0].crashes_seen == 2);
}

TEST_CASE(
    "Follow: a server that is restarted while nobody watches leaves its old ring aside, and both "
    "are read") {
  TempDir dir;
  const std::string path = dir.file("ring");
  std::string saved;
  {
    Watch watch({{path}, 100, 20, false});
    watch.pass(later(0));
    auto ring = make_ring(path, {2, 1024, 64});
    ring->header().creator_pid = 1;  // so that this process does not keep the ring alive below
    LaneWriter lane = claim(*ring);
    for (int i = 0; i < 5; ++i) write_record(lane, operation(0, ring->header().anchor_ticks, 10));
    CHECK(watch.tick(later(1)).books.read == 5);
    saved = watch.encode(later(1));
    for (int i = 0; i < 3; ++i) write_record(lane, operation(0, ring->header().anchor_ticks, 10));
    crash(*ring);
  }
  REQUIRE(server(path, 7, false).killed_by(SIGKILL));
  Watch watch({{path}, 100, 20, false});
  std::string why;
  REQUIRE(watch.decode(saved, later(2), &why));
  Snapshot snapshot;
  for (int i = 3; i < 8; ++i) snapshot = watch.tick(later(i));
  CHECK(snapshot.books.read == 5 + 3 + 7);
  CHECK(snapshot.books.lost == 0);
  CHECK(snapshot.rings[0].instances_seen == 2);
}

TEST_CASE("Follow: a ring that was closed before anybody came is read if it is still there") {
  TempDir dir;
  const std::string path = dir.file("ring");
  REQUIRE(server(path, 17, true, true).exited(0));
  Watch watch({{path}, 100, 20, false});
  const Snapshot snapshot = watch.tick(later(0));
  CHECK(snapshot.rings[0].state == RingState::closed);
  CHECK(snapshot.books.read == 17);
  CHECK(watch.tick(later(1)).books.read == 17);
}

TEST_CASE(
    "Follow: a crashed server's ring that was moved aside before anybody came is read, and once") {
  TempDir dir;
  const std::string path = dir.file("ring");
  REQUIRE(server(path, 9, false).killed_by(SIGKILL));
  REQUIRE(server(path, 4, false).killed_by(SIGKILL));
  std::string saved;
  {
    Watch watch({{path}, 100, 20, false});
    Snapshot snapshot = watch.tick(later(0));
    CHECK(snapshot.books.read == 9 + 4);
    CHECK(snapshot.books.lost == 0);
    CHECK(snapshot.rings[0].state == RingState::crashed);
    CHECK(snapshot.rings[0].crashes_seen == 2);
    // Both rings can be had, the older one first.
    const std::vector<DeadRing> dead = watch.take_dead();
    REQUIRE(dead.size() == 2);
    CHECK(dead[0].segment->lane_header(0).head == 9);
    CHECK(dead[1].segment->lane_header(0).head == 4);
    // The third server moves the second one's ring aside, and leaves in order.
    REQUIRE(server(path, 2, true).exited(0));
    for (int i = 1; i < 4; ++i) snapshot = watch.tick(later(i));
    CHECK(snapshot.books.read == 9 + 4);
    saved = watch.encode(later(4));
  }
  REQUIRE(server(path, 3, false).killed_by(SIGKILL));
  REQUIRE(server(path, 5, false).killed_by(SIGKILL));
  Watch watch({{path}, 100, 20, false});
  std::string why;
  REQUIRE_MESSAGE(watch.decode(saved, later(5), &why), why);
  CHECK(watch.tick(later(5)).books.read == 9 + 4 + 3 + 5);
  CHECK(watch.tick(later(6)).books.read == 9 + 4 + 3 + 5);
}

TEST_CASE(
    "Follow: with only a moved ring there it is read, and the server is not said to be down") {
  TempDir dir;
  const std::string path = dir.file("ring");
  REQUIRE(server(path, 9, false).killed_by(SIGKILL));
  REQUIRE(server(path, 2, true).exited(0));
  Watch watch({{path}, 100, 20, false});
  const Snapshot snapshot = watch.tick(later(0));
  CHECK(snapshot.books.read == 9);
  CHECK(snapshot.rings[0].state == RingState::waiting);
}

TEST_CASE(
    "Follow: a ring that is moved aside while the next one is attached to is not read again") {
  TempDir dir;
  const std::string path = dir.file("ring");
  Watch watch({{path}, 100, 20, false});
  REQUIRE(server(path, 9, false).killed_by(SIGKILL));
  CHECK(watch.tick(later(0)).books.read == 9);
  // The next server has the name. The watch looks for the ring that was moved aside before that
  // ring is there.
  auto ring = make_ring(path, {2, 64, 64});
  std::filesystem::rename(previous_path(path), dir.file("elsewhere"));
  CHECK(watch.pass(later(1)).attached);
  std::filesystem::rename(dir.file("elsewhere"), previous_path(path));
  crash(*ring);
  watch.tick(later(2));
  const Snapshot snapshot = watch.tick(later(3));
  CHECK(snapshot.rings[0].state == RingState::crashed);
  CHECK(snapshot.rings[0].instances_seen == 2);
  CHECK(snapshot.books.read == 9);
}

TEST_CASE(
    "Follow: a ring that is moved aside late is read, and the one under the name is not read "
    "again") {
  TempDir dir;
  const std::string path = dir.file("ring");
  Watch watch({{path}, 100, 20, false});
  REQUIRE(server(path, 9, false).killed_by(SIGKILL));
  CHECK(watch.tick(later(0)).books.read == 9);
  REQUIRE(server(dir.file("other"), 4, false).killed_by(SIGKILL));
  std::filesystem::rename(dir.file("other"), previous_path(path));
  Snapshot snapshot;
  for (int i = 1; i < 5; ++i) snapshot = watch.tick(later(i));
  CHECK(snapshot.books.read == 9 + 4);
  CHECK(snapshot.rings[0].instances_seen == 2);
  CHECK(snapshot.rings[0].crashes_seen == 2);
  CHECK(snapshot.rings[0].state == RingState::crashed);
}
