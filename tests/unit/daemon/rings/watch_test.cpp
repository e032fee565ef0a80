// The watch itself: when it looks, how it counts its ticks, and the bounds of its options.

#include "daemon/rings/watch.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/temp.h"
#include "tests/unit/daemon/rings/looking.h"

using namespace ringside;
using namespace ringside::test;

TEST_CASE("Watch: new files are looked for every 200 ms, and at once after a word or a change") {
  TempDir dir;
  Watch watch({{dir.file("ring")}, 100, 20, false});
  CHECK_FALSE(watch.pass(tenths(0)).attached);
  FollowedRing ring(dir.file("ring"));
  CHECK_FALSE(watch.pass(tenths(1)).attached);
  CHECK(watch.pass(tenths(2)).attached);
  FollowedRing other(dir.file("other"));
  watch.reconfigure({{dir.file("ring"), dir.file("other")}, 100, 20, false});
  CHECK(watch.pass(tenths(2)).attached);
  FollowedRing third(dir.file("third"));
  watch.reconfigure({{dir.file("ring"), dir.file("other"), dir.file("*")}, 100, 20, false});
  watch.pass(tenths(2));
  FollowedRing fourth(dir.file("fourth"));
  CHECK_FALSE(watch.pass(tenths(3)).attached);
  CHECK(watch.pass(tenths(3), {{}, true}).attached);  // something was missed
  // The records of all rings are read in one pass.
  ring.write(3);
  other.write(70);
  const PassResult result = watch.pass(tenths(3));
  CHECK(result.records == 3 + 63);
  CHECK(result.lost == 7);
  CHECK(result.fullest == 1);
  CHECK_FALSE(result.attached);
}

TEST_CASE("Watch: ticks are numbered and timed, also in the next daemon") {
  TempDir dir;
  const WatchOptions options{{dir.file("ring")}, 100, 20, false};
  std::string saved;
  {
    Watch watch(options);
    Snapshot shown = watch.tick(tenths(0));
    CHECK(shown.tick == 1);
    CHECK(shown.wall_ns == tenths(0).realtime_ns);
    CHECK(shown.tick_seconds == 0);
    shown = watch.tick(tenths(25));
    CHECK(shown.tick == 2);
    CHECK(shown.wall_ns == tenths(25).realtime_ns);
    CHECK(shown.tick_seconds == 2.5);
    saved = watch.encode(tenths(25));
  }
  Watch watch(options);
  std::string why;
  REQUIRE(watch.decode(saved, tenths(30), &why));
  const Snapshot shown = watch.tick(tenths(30));
  CHECK(shown.tick == 3);
  CHECK(shown.tick_seconds == 0);
}

TEST_CASE("Watch: in the same boot a restart leaves every record in its window") {
  TempDir dir;
  FollowedRing ring(dir.file("ring"));
  ring.write(4);
  const WatchOptions options{{dir.file("ring")}, 100, 20, false};
  std::string saved;
  {
    Watch watch(options);
    watch.tick(tenths(0));
    saved = watch.encode(tenths(0));
  }
  Watch watch(options);
  std::string why;
  REQUIRE(watch.decode(saved, tenths(1), &why));
  const Snapshot shown = watch.tick(tenths(1));
  CHECK(shown.all.window(Window::minute).recorded == 4);
  CHECK(shown.all.window(Window::hour).recorded == 4);
}

TEST_CASE("Watch: lists are at least 1 long, and at most 10000 records and 100 rows") {
  TempDir dir;
  FollowedRing ring(dir.file("ring"), 16'384);
  for (std::uint64_t i = 0; i < 10'002; ++i) {
    Record record = operation(0, static_cast<std::uint64_t>(kFollowBegin), 10, Outcome::error);
    record.actor = 1 + i % 101;
    record.flags = static_cast<std::uint16_t>(ActorKind::user);
    write_record(ring.lane, record);
  }
  Watch longest({{dir.file("ring")}, 20'000, 200, false});
  Snapshot shown = longest.tick(tenths(0));
  CHECK(shown.operations.at(0).last.size() == 10'000);
  CHECK(shown.all.last.size() == 10'000);
  CHECK(shown.actors_by_errors.size() == 100);
  CHECK(shown.slowest.size() == 100);
  Watch shortest({{dir.file("ring")}, 0, 0, false});
  shown = shortest.tick(tenths(0));
  CHECK(shown.operations.at(0).last.size() == 1);
  CHECK(shown.actors_by_errors.size() == 1);
  // What is taken where nothing is said.
  WatchOptions options;
  options.rings = {dir.file("ring")};
  // Only root can give a file away.
  if (geteuid() == 0 && chown(dir.file("ring").c_str(), 4711, 4711) == 0) {
    Watch refusing(options);
    CHECK(refusing.tick(tenths(0)).rings.at(0).state == RingState::refused);
    RingSet set;
    RingSet::Options few;
    few.rings = options.rings;
    set.reconfigure(few);
    CHECK_FALSE(set.check(tenths(0), {}));
    options.any_owner = true;
  }
  Watch usual(options);
  shown = usual.tick(tenths(0));
  CHECK(shown.operations.at(0).last.size() == 100);
  CHECK(shown.actors_by_errors.size() == 20);
}

TEST_CASE("Watch: what forgotten rings lost is of no operation, and memory is that of all rings") {
  TempDir dir;
  {
    FollowedRing a(dir.file("a"));
    FollowedRing b(dir.file("b"));
    a.write(1);
    b.write(1);
    const auto bytes = [&](const std::vector<std::string>& rings) {
      Watch watch({rings, 100, 20, false});
      return watch.tick(tenths(0)).daemon.metrics_bytes;
    };
    const std::size_t of_a = bytes({dir.file("a")});
    const std::size_t of_b = bytes({dir.file("b")});
    CHECK(of_a > 0);
    CHECK(bytes({dir.file("a"), dir.file("b")}) == of_a + of_b);
  }
  {
    // Of a lane that is being written the operations are not known.
    FollowedRing busy(dir.file("busy"));
    busy.write(100);
    busy.lane.slots[100 & 63].sequence.store(2 * 100 + 1);
    FollowedRing quiet(dir.file("quiet"));
    quiet.write(70);
    Watch watch({{dir.file("busy"), dir.file("quiet")}, 100, 20, false});
    CHECK(watch.tick(tenths(0)).unattributed_lost == 37);
  }
  Watch watch({{dir.file("ring-*"), dir.file("kept")}, 100, 20, false});
  FollowedRing kept(dir.file("kept"));
  kept.write(2);
  {
    FollowedRing ring(dir.file("ring-1"));
    ring.write(70);
    watch.pass(tenths(0));
    leave(*ring.ring, false);
  }
  CHECK(watch.tick(tenths(10)).unattributed_lost == 0);
  const Snapshot shown = watch.tick(tenths(10 + 36'000));
  CHECK(figures(shown.books) == BookFigures{72, 65, 7, 0, 0});
  CHECK(shown.unattributed_lost == 7);
  REQUIRE(shown.rings.size() == 2);
  CHECK(shown.rings[0].name == dir.file("kept"));
  CHECK(shown.rings[1].name == dir.file("ring-*"));
}
