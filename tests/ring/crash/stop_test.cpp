// A writer stops at a point for any length of time, and goes on. No reader hangs or takes half a
// record, no other writer waits, and the record that the writer then finishes is read.

#include "tests/ring/crash/victim.h"

using namespace ringside;
using namespace ringside::test;

namespace {

struct StopPoint {
  TestPoint point;
  bool overflow;
  bool readable;     // while the writer is stopped
  bool holds_slot;
};

constexpr StopPoint kStopPoints[] = {
    {TestPoint::record_begun, false, false, true},
    {TestPoint::words_half, false, false, true},
    {TestPoint::totals_half, false, false, true},
    {TestPoint::record_unpublished, false, false, true},
    {TestPoint::record_published, false, false, false},   // head does not count the record yet
    {TestPoint::record_done, false, true, false},
    {TestPoint::overflow_reserved, true, false, false},
    {TestPoint::overflow_half, true, false, false},
    {TestPoint::overflow_counted, true, false, false},
    {TestPoint::overflow_announced, true, false, false},
    {TestPoint::overflow_taken, true, false, true},
    {TestPoint::words_half, true, false, true},
    {TestPoint::overflow_unpublished, true, false, true},
    {TestPoint::overflow_published, true, true, false},
    {TestPoint::overflow_done, true, true, false},
};

// The lane has been round once, so the stopped writer's slot holds an older record.
constexpr std::uint64_t kLapAndTen = kCapacity + 10;

// A writer that is stopped at a point in record kLapAndTen. When it goes on, it writes three more.
struct Stopped {
  TempDir dir;
  std::string path = dir.file("ring");
  std::unique_ptr<Segment> ring = make_shared_ring(path);
  Gate start;
  Gate stop;
  pid_t victim = 0;
  std::unique_ptr<Reader> reader;
  std::unique_ptr<Daemon> daemon;

  explicit Stopped(const StopPoint& what, bool attached_before) {
    if (what.overflow) claim(*ring);
    victim = spawn_victim([&] {
      return traced_body(victim_setup(path), [&](std::uint64_t anchor) {
        for (std::uint64_t n = 0; n < kLapAndTen; ++n) {
          trace(n, anchor);
          // The parent reads here, so a reader that is attached loses no record.
          if (n % (kCapacity / 2) == 0) start.pass();
        }
        start.pass();
        stop_at(what.point, stop);
        for (std::uint64_t n = kLapAndTen; n < kLapAndTen + 4; ++n) trace(n, anchor);
        return 0;
      });
    });
    for (std::uint64_t n = 0; n < kLapAndTen; n += kCapacity / 2) {
      REQUIRE(start.reached());
      if (attached_before) read();
      start.open();
    }
    REQUIRE(start.reached());
    if (attached_before) read();
    start.open();
    REQUIRE(stop.reached());
    if (!attached_before) read();
  }
  void read() {
    if (reader == nullptr) {
      reader = std::make_unique<Reader>(path);
      daemon = std::make_unique<Daemon>(path);
    }
    reader->read();
    daemon->tick();
  }
  void go_on() {
    stop.open();
    REQUIRE(wait_for(victim).exited(0));
    reader->read();
    daemon->tick();
  }
};

}  // namespace

TEST_CASE("CrashStop: a reader passes by a writer that stopped anywhere in a record, and reads it when it goes on") {
  for (const StopPoint& what : kStopPoints) {
    for (const bool attached_before : {true, false}) {
      CAPTURE(name_of(what.point));
      CAPTURE(what.overflow);
      CAPTURE(attached_before);
      Stopped scene(what, attached_before);
      const std::uint32_t lane = what.overflow ? 1 : 0;
      // A reader that comes late loses the oldest record: the stopped writer's slot held it.
      const std::uint64_t first = attached_before ? 0
                                  : what.overflow ? kLapAndTen + 1 - kCapacity
                                                  : kLapAndTen + what.readable - kCapacity + 1;
      for (int looks = 0; looks < 3; ++looks) {
        scene.read();
        CHECK(scene.reader->seen[lane] == numbers(first, kLapAndTen + what.readable));
        CHECK(scene.reader->cursors[lane].lost == first);
        CHECK(scene.reader->cursors[lane].holes.size() ==
              (what.overflow && !what.readable ? 1 : 0));
        if (!what.overflow) CHECK(scene.reader->totals_at_cursor(lane) == what.readable);
      }
      CHECK(scene.daemon->snapshot.books.read == scene.reader->cursors[lane].read);
      scene.go_on();
      std::vector<std::uint64_t> expected = numbers(first, kLapAndTen + 4);
      CHECK(scene.reader->seen[lane] == expected);
      CHECK(scene.reader->cursors[lane].lost == first);
      CHECK(scene.reader->cursors[lane].holes.empty());
      CHECK(scene.daemon->snapshot.books.read == scene.reader->cursors[lane].read);
      CHECK(scene.daemon->snapshot.books.lost == first);
      CHECK(scene.daemon->snapshot.unattributed_lost == 0);
      CHECK(scene.daemon->unknown_to_the_books() == 0);
    }
  }
}

TEST_CASE("CrashStop: a writer that stopped in the overflow lane for two laps mixes nothing when it goes on") {
  for (const StopPoint& what : kStopPoints) {
    if (!what.overflow || what.readable) continue;
    CAPTURE(name_of(what.point));
    Stopped scene(what, true);
    scene.read();
    const LaneWriter other = claim_overflow(*scene.ring).writer;
    const std::uint64_t anchor = scene.ring->header().anchor_ticks;
    std::uint64_t given_up = 0;
    std::vector<std::uint64_t> expected = numbers(0, kLapAndTen);
    const auto write = [&](std::uint64_t from, std::uint64_t to) {
      for (std::uint64_t n = from; n < to; ++n) {
        if (write_overflow(other, numbered(n, anchor))) {
          expected.push_back(n);
        } else {
          ++given_up;
        }
        if (n % 16 == 0) scene.reader->read();
      }
      scene.reader->read();
    };
    write(1000, 1000 + 2 * kCapacity);
    CHECK(given_up == (what.holds_slot ? 2 : 0));   // only records that fall into its slot
    CHECK(scene.reader->seen[1] == expected);
    CHECK(scene.reader->cursors[1].lost == (what.holds_slot ? 2 : 1));
    // The stopped writer's record is now two laps late. If the writer holds its slot, it publishes
    // there, and no reader looks at that position any more. If it doesn't, it gives the record up.
    scene.go_on();
    for (std::uint64_t n = kLapAndTen + 1; n < kLapAndTen + 4; ++n) expected.push_back(n);
    CHECK(scene.reader->seen[1] == expected);
    CHECK(scene.reader->header(1).dropped.load() == (what.holds_slot ? 2 : 1));
    // The slot works like any other again.
    given_up = 0;
    write(2000, 2000 + 2 * kCapacity);
    CHECK(given_up == 0);
    CHECK(scene.reader->seen[1] == expected);
    const LaneCursor& cursor = scene.reader->cursors[1];
    CHECK(cursor.holes.empty());
    CHECK(cursor.lost == (what.holds_slot ? 3 : 1));
    CHECK(scene.reader->total(1, &Totals::recorded) == cursor.position);
    scene.daemon->tick();
    CHECK(scene.daemon->snapshot.unattributed_lost == 0);
  }
}

TEST_CASE("CrashStop: a ring that is being made is not there, and two servers that make it at once get one") {
  for (const TestPoint point :
       {TestPoint::create_sized, TestPoint::create_filled, TestPoint::create_whole}) {
    CAPTURE(name_of(point));
    TempDir dir;
    const std::string path = dir.file("ring");
    const Setup setup = victim_setup(path, false);
    Gate gate;
    const pid_t slow = spawn_victim([&] {
      stop_at(point, gate);
      unsetenv("RINGSIDE_RING");
      return ringside::start(setup) ? 0 : 99;
    });
    REQUIRE(gate.reached());
    CHECK(files_in(dir.path()).empty());
    Daemon daemon(path);
    daemon.tick();
    CHECK(daemon.state() == RingState::waiting);
    Gate second;
    const pid_t fast = spawn_victim(
        [&] {
          return traced_body(setup, [&](std::uint64_t anchor) {
            for (std::uint64_t n = 0; n < 5; ++n) trace(n, anchor);
            second.pass();
            return 0;
          });
        },
        true);
    REQUIRE(second.reached());
    daemon.tick();
    CHECK(daemon.snapshot.books.read == 5);
    gate.open();
    CHECK(wait_for(slow).exited(99));   // the name belongs to a living server
    second.open();
    CHECK(wait_for(fast).exited(0));
    CHECK(files_in(dir.path()) == std::set<std::string>{"ring"});
    daemon.settle();
    CHECK(daemon.state() == RingState::closed);
    CHECK(daemon.snapshot.books.read == 5);
  }
}

TEST_CASE("CrashStop: a lane whose living owner stopped in claim or release is left to it") {
  struct Case {
    TestPoint point;
    bool overflow;        // another process must use the overflow lane meanwhile
  };
  for (const Case& what :
       {Case{TestPoint::claim_taken, true}, Case{TestPoint::claim_allocated, true},
        Case{TestPoint::claim_ready, true}, Case{TestPoint::claim_settled, true},
        Case{TestPoint::release_begun, true}, Case{TestPoint::release_done, false}}) {
    CAPTURE(name_of(what.point));
    TempDir dir;
    const std::string path = dir.file("ring");
    auto ring = make_shared_ring(path);
    const Setup setup = victim_setup(path);
    Gate gate;
    const pid_t slow = spawn_victim(
        [&] {
          return traced_body(setup, [&](std::uint64_t anchor) {
            stop_at(what.point, gate);
            for (std::uint64_t n = 0; n < 5; ++n) trace(n, anchor);
            return 0;
          });
        },
        true);
    REQUIRE(gate.reached());
    REQUIRE(traced_run(setup, 100, 103).exited(0));
    Reader reader(path);
    CHECK(reader.seen[what.overflow].size() >= 3);
    gate.open();
    REQUIRE(wait_for(slow).exited(0));
    reader.read();
    std::set<std::uint64_t> all;
    for (const auto& seen : reader.seen) all.insert(seen.begin(), seen.end());
    CHECK(all == std::set<std::uint64_t>{0, 1, 2, 3, 4, 100, 101, 102});
    CHECK(reader.seen[1].size() == (what.overflow ? 3 : 0));
    Daemon daemon(path);
    daemon.tick();
    CHECK(daemon.snapshot.books.read == 8);
    CHECK(daemon.snapshot.books.lost == 0);
  }
}
