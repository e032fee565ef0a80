// A process dies inside write_record() or write_overflow(). What do readers see, and how does the
// next writer go on?

#include <algorithm>
#include <thread>

#include "tests/ring/crash/victim.h"

using namespace ringside;
using namespace ringside::test;

namespace {

// What becomes of the record that the process was writing when it died.
enum class Left {
  torn,         // half-written at head: nobody reads it, the next owner counts it as torn
  unpublished,  // readable, but head does not count it: the next owner takes it in, or the daemon
                // does at the end of the ring
  readable,     // like any other record
  hole,         // overflow lane: reserved and never published, nobody waits for it
};

struct WritePoint {
  TestPoint point;
  bool overflow;
  Left left;
  bool counted;    // in the totals of its operation
  bool timed;      // its duration is in them as well
  bool slot_odd;   // the dead writer still holds its slot
};

constexpr WritePoint kWritePoints[] = {
    {TestPoint::record_begun, false, Left::torn, false, false, true},
    {TestPoint::words_half, false, Left::torn, false, false, true},
    {TestPoint::totals_half, false, Left::torn, true, false, true},
    {TestPoint::record_unpublished, false, Left::torn, true, true, true},
    {TestPoint::record_published, false, Left::unpublished, true, true, false},
    {TestPoint::record_done, false, Left::readable, true, true, false},
    {TestPoint::overflow_reserved, true, Left::hole, false, false, false},
    {TestPoint::overflow_half, true, Left::hole, true, false, false},
    {TestPoint::overflow_counted, true, Left::hole, true, true, false},
    {TestPoint::overflow_announced, true, Left::hole, true, true, false},
    {TestPoint::overflow_taken, true, Left::hole, true, true, true},
    {TestPoint::words_half, true, Left::hole, true, true, true},
    {TestPoint::overflow_unpublished, true, Left::hole, true, true, true},
    {TestPoint::overflow_published, true, Left::readable, true, true, false},
    {TestPoint::overflow_done, true, Left::readable, true, true, false},
};

constexpr std::uint64_t kBefore = 10;       // whole records; the writer dies in the next one
constexpr std::uint64_t kAfter = 1000;      // the first number of the next writers
constexpr std::uint16_t kFatalOperation = kBefore % kOperations;

enum class Attached { before, afterwards };

// Two readers, ours and the daemon's. They attach before the death or after it.
struct Watchers {
  std::string path;
  std::unique_ptr<Reader> reader;
  std::unique_ptr<Daemon> daemon;

  void attach() {
    daemon = std::make_unique<Daemon>(path);
    daemon->tick();
    reader = std::make_unique<Reader>(path);
  }
};

// Writes kBefore records and dies in the next one. Returns when the process is dead and the
// watchers are attached.
void die_in_record(const WritePoint& what, Attached attached, Watchers& watchers,
                   const std::function<int(Gate&)>& body) {
  Gate gate;
  const pid_t victim = spawn_victim([&] { return body(gate); });
  REQUIRE(gate.reached());
  if (attached == Attached::before) {
    watchers.attach();
    CHECK(watchers.reader->seen[what.overflow] == numbers(0, kBefore));
  }
  gate.open();
  REQUIRE(wait_for(victim).killed_by(SIGKILL));
  if (attached == Attached::afterwards) watchers.attach();
}

int write_and_die(const WritePoint& what, std::uint64_t anchor, Gate& gate) {
  for (std::uint64_t n = 0; n < kBefore; ++n) trace(n, anchor);
  gate.pass();
  kill_at(what.point);
  trace(kBefore, anchor);
  return 1;   // the point was never reached
}

// What a reader sees right after the death. It looks twice: nothing changes, and nobody hangs.
void check_after_death(const WritePoint& what, Reader& reader) {
  const bool readable = what.left == Left::readable;
  const bool hole = what.left == Left::hole;
  const std::uint32_t lane = what.overflow ? 1 : 0;
  const LaneCursor& cursor = reader.cursors[lane];
  for (int look = 0; look < 2; ++look) {
    reader.read();
    CHECK(reader.seen[lane] == numbers(0, kBefore + readable));
    CHECK(cursor.read == kBefore + readable);
    CHECK(cursor.lost == 0);
    CHECK(cursor.holes.size() == (hole ? 1 : 0));
    CHECK(cursor.position == kBefore + readable + hole);
  }
  CHECK(reader.total(lane, &Totals::recorded) == kBefore + what.counted);
  std::uint64_t ticks = 0;
  for (std::uint64_t n = 0; n < kBefore + what.timed; ++n)
    ticks += static_cast<std::uint64_t>(numbered(n, 0).duration);
  CHECK(reader.total(lane, &Totals::ticks) == ticks);
  const Slot& slot = reader.segment->slots(lane)[kBefore % kCapacity];
  CHECK((slot.sequence.load() % 2 == 1) == what.slot_odd);
  if (what.overflow) return;
  CHECK(reader.totals_at_cursor(lane) == readable);
  CHECK(lane_remainder(reader.segment->slots(lane), reader.header(lane), kCapacity) ==
        (what.left == Left::torn          ? Remainder::torn
         : what.left == Left::unpublished ? Remainder::unpublished_head
                                          : Remainder::clean));
}

// The ring lives on in another process. The next writers write `laps` of the lane, each in a
// process of its own.
void in_a_shared_ring(const WritePoint& what, Attached attached, int laps) {
  CAPTURE(name_of(what.point));
  CAPTURE(what.overflow);
  CAPTURE(attached == Attached::before);
  CAPTURE(laps);
  TempDir dir;
  const std::string path = dir.file("ring");
  auto ring = make_shared_ring(path);
  if (what.overflow) claim(*ring);   // the only lane: later writers use the overflow lane
  const std::uint32_t lane = what.overflow ? 1 : 0;
  const Setup setup = victim_setup(path);

  Watchers watchers{path, {}, {}};
  die_in_record(what, attached, watchers, [&](Gate& gate) {
    return traced_body(setup,
                       [&](std::uint64_t anchor) { return write_and_die(what, anchor, gate); });
  });
  Reader& reader = *watchers.reader;
  Daemon& daemon = *watchers.daemon;
  check_after_death(what, reader);
  daemon.settle();
  CHECK(daemon.state() == RingState::live);
  CHECK(daemon.snapshot.books.read == reader.cursors[lane].read);
  CHECK(daemon.snapshot.books.lost == 0);
  CHECK(daemon.snapshot.books.torn == 0);

  // The next writers.
  std::vector<std::uint64_t> expected =
      numbers(0, kBefore + (what.left == Left::readable || what.left == Left::unpublished));
  const std::uint32_t generation = reader.generation(lane);
  std::uint64_t next = kAfter;
  const std::uint64_t step = laps == 0 ? 5 : kCapacity / 2;
  for (int heir = 0; heir < std::max(1, 2 * laps); ++heir) {
    REQUIRE(traced_run(setup, next, next + step).exited(0));
    for (std::uint64_t n = next; n < next + step; ++n) expected.push_back(n);
    next += step;
    reader.read();
    daemon.tick();
    if (!what.overflow)
      CHECK(reader.generation(lane) == generation + 1 + static_cast<std::uint32_t>(heir));
  }
  const std::uint64_t head = reader.header(lane).head.load();
  // The next writer has freed the slot that the dead one held.
  CHECK(reader.header(lane).dropped.load() == 0);
  std::set<std::uint64_t> missing(expected.begin(), expected.end());
  // Every record is ours and whole, and none comes twice.
  for (const std::uint64_t n : reader.seen[lane]) CHECK(missing.erase(n) == 1);
  CHECK(missing.empty());
  CHECK(std::is_sorted(reader.seen[lane].begin(), reader.seen[lane].end()));
  const LaneCursor& cursor = reader.cursors[lane];
  CHECK(cursor.lost + cursor.holes.size() == (what.left == Left::hole ? 1 : 0));
  CHECK(cursor.position == head);
  CHECK(reader.header(lane).torn.load() == (what.left == Left::torn ? 1 : 0));

  CHECK(daemon.snapshot.books.read == cursor.read);
  CHECK(daemon.snapshot.books.lost == cursor.lost);

  // These records are lost while the daemon looks elsewhere. The daemon still knows their
  // operations, except as far as the holes hide them.
  if (laps > 0) {
    REQUIRE(traced_run(setup, next, next + 2 * kCapacity + 20).exited(0));
    reader.read();
    daemon.settle();
    CHECK(daemon.snapshot.books.lost >= kCapacity);
    const bool uncounted = what.left == Left::hole && !what.counted;
    CHECK(daemon.snapshot.unattributed_lost <=
          (uncounted ? 1 : 0) + kOperations * cursor.holes.size());
    CHECK(cursor.holes.empty());
  }

  // The ring is closed.
  const std::uint64_t lost_so_far = cursor.lost + cursor.holes.size();
  leave(*ring, true);
  daemon.settle();
  CHECK(daemon.state() == RingState::closed);
  const Books& books = daemon.snapshot.books;
  const bool never_counted = what.left == Left::hole && !what.counted;
  CHECK(books.read == cursor.read);
  CHECK(books.lost == lost_so_far - (never_counted && laps == 0 ? 1 : 0));
  // At the end of a ring a position that nobody counted is torn. After a lap the position has
  // already been given up as lost, of no operation.
  CHECK(books.torn == (what.left == Left::torn || (never_counted && laps == 0) ? 1 : 0));
  CHECK(daemon.snapshot.unattributed_lost == (never_counted && laps > 0 ? 1 : 0));
  // A record that was counted and then torn is in its server's totals and in no books.
  CHECK(daemon.unknown_to_the_books() == (what.left == Left::torn && what.counted ? 1 : 0));
  if (laps == 0)
    CHECK(daemon.series(kFatalOperation).books.lost ==
          (what.left == Left::hole && what.counted ? 1 : 0));
}

// The ring's only process dies and is started again under the same name.
void alone(const WritePoint& what, Attached attached) {
  CAPTURE(name_of(what.point));
  CAPTURE(what.overflow);
  CAPTURE(attached == Attached::before);
  TempDir dir;
  const std::string path = dir.file("ring");
  const Setup setup = victim_setup(path, false);
  Watchers watchers{path, {}, {}};
  die_in_record(what, attached, watchers, [&](Gate& gate) {
    return traced_body(setup, [&](std::uint64_t anchor) {
      if (!what.overflow) return write_and_die(what, anchor, gate);
      // The first thread holds the only lane, so the writer uses the overflow lane.
      detail::count(0);
      int result = 1;
      std::thread([&] { result = write_and_die(what, anchor, gate); }).join();
      return result;
    });
  });
  check_after_death(what, *watchers.reader);
  Daemon& daemon = *watchers.daemon;
  daemon.settle();
  CHECK(daemon.state() == RingState::crashed);
  CHECK(daemon.snapshot.rings.at(0).crashes_seen == 1);
  const std::uint64_t read =
      kBefore + (what.left == Left::readable || what.left == Left::unpublished);
  const bool never_counted = what.left == Left::hole && !what.counted;
  CHECK(daemon.snapshot.books.read == read);
  CHECK(daemon.snapshot.books.lost == (what.left == Left::hole && what.counted ? 1 : 0));
  CHECK(daemon.snapshot.books.torn == (what.left == Left::torn || never_counted ? 1 : 0));
  CHECK(daemon.snapshot.unattributed_lost == 0);
  CHECK(daemon.series(kFatalOperation).books.lost ==
        (what.left == Left::hole && what.counted ? 1 : 0));

  // The same server runs again. The dead ring is kept aside, unchanged.
  REQUIRE(traced_run(setup, kAfter, kAfter + 7).exited(0));
  CHECK(files_in(dir.path()) == std::set<std::string>{"ring", "ring.previous"});
  const Reader old(previous_path(path));
  CHECK(old.seen[what.overflow] == watchers.reader->seen[what.overflow]);
  const Reader fresh(path);
  CHECK(fresh.seen[0] == numbers(kAfter, kAfter + 7));
  daemon.settle();
  CHECK(daemon.state() == RingState::closed);
  CHECK(daemon.snapshot.rings.at(0).instances_seen == 2);
  CHECK(daemon.snapshot.books.read == read + 7);
}

}  // namespace

TEST_CASE("CrashRecord: the lane of a process that died in a record goes on in a shared ring, one generation later") {
  for (const WritePoint& what : kWritePoints) {
    if (what.overflow) continue;
    for (const Attached attached : {Attached::before, Attached::afterwards}) {
      for (const int laps : {0, 3}) in_a_shared_ring(what, attached, laps);
    }
  }
}

TEST_CASE("CrashRecord: the overflow lane goes on at once past a process that died in it, and its books are settled") {
  for (const WritePoint& what : kWritePoints) {
    if (!what.overflow) continue;
    for (const Attached attached : {Attached::before, Attached::afterwards}) {
      for (const int laps : {0, 3}) in_a_shared_ring(what, attached, laps);
    }
  }
}

TEST_CASE("CrashRecord: a server that died in a record of its lane is read to the end, and gets its name back") {
  for (const WritePoint& what : kWritePoints) {
    if (what.overflow) continue;
    for (const Attached attached : {Attached::before, Attached::afterwards}) alone(what, attached);
  }
}

TEST_CASE("CrashRecord: a server that died in the overflow lane is read to the end, and gets its name back") {
  for (const WritePoint& what : kWritePoints) {
    if (!what.overflow) continue;
    for (const Attached attached : {Attached::before, Attached::afterwards}) alone(what, attached);
  }
}

TEST_CASE("CrashRecord: what a dead process left in a shared ring is taken in when the last living one closes it") {
  for (const WritePoint& what : kWritePoints) {
    CAPTURE(name_of(what.point));
    CAPTURE(what.overflow);
    TempDir dir;
    const std::string path = dir.file("ring");
    auto ring = make_shared_ring(path);
    if (what.overflow) claim(*ring);
    Watchers watchers{path, {}, {}};
    die_in_record(what, Attached::before, watchers, [&](Gate& gate) {
      return traced_body(victim_setup(path),
                         [&](std::uint64_t anchor) { return write_and_die(what, anchor, gate); });
    });
    leave(*ring, true);
    watchers.daemon->settle();
    CHECK(watchers.daemon->state() == RingState::closed);
    const Books& books = watchers.daemon->snapshot.books;
    CHECK(books.read == kBefore + (what.left == Left::readable || what.left == Left::unpublished));
    CHECK(books.lost == (what.left == Left::hole && what.counted ? 1 : 0));
    CHECK(books.torn ==
          (what.left == Left::torn || (what.left == Left::hole && !what.counted) ? 1 : 0));
    CHECK(watchers.daemon->snapshot.rings.at(0).crashes_seen == 0);
  }
}

TEST_CASE("CrashRecord: whoever dies while giving up a record at a stopped one's slot leaves it counted, and a hole") {
  const LanelessRing ring;
  const Setup& setup = ring.setup;
  Gate gate;
  const pid_t stopped = spawn_victim(
      [&] {
        return traced_body(setup, [&](std::uint64_t anchor) {
          stop_at(TestPoint::overflow_taken, gate);
          trace(0, anchor);
          return 0;
        });
      },
      true);
  REQUIRE(gate.reached());
  Reader reader(setup.ring);
  // One lap later another writer meets the slot that the stopped one holds, and dies there.
  REQUIRE(dies_at(TestPoint::overflow_refused, setup, 1, 2 * kCapacity));
  reader.read();
  CHECK(reader.seen[1] == numbers(1, kCapacity));
  CHECK(reader.cursors[1].lost == 1);
  CHECK(reader.cursors[1].holes == std::vector<std::uint64_t>{kCapacity});
  CHECK(reader.header(1).dropped.load() == 0);
  CHECK(reader.total(1, &Totals::recorded) == kCapacity + 1);
  REQUIRE(traced_run(setup, 100, 110).exited(0));
  reader.read();
  CHECK(reader.cursors[1].read == kCapacity - 1 + 10);
  CHECK(reader.seen[1].back() == 109);
  gate.open();
  REQUIRE(wait_for(stopped).exited(0));
}
