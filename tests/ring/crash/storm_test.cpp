// Many threads write, start and end. Their process is killed when they pass a point for the nth
// time. The next process takes over in the same ring, and this repeats.

#include <sched.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "tests/ring/crash/victim.h"
#include "tests/support/random.h"

using namespace ringside;
using namespace ringside::test;

namespace {

constexpr std::uint32_t kWriters = 5;
constexpr std::uint32_t kLanes = 3;

// Points that a storm passes. `most` is the largest n. For a point of the overflow lane every lane
// is held, so that all writers meet there. For another point a random number of lanes is held.
struct StormPoint {
  TestPoint point;
  std::uint64_t most;
  bool overflow() const { return point >= TestPoint::overflow_reserved; }
};
constexpr StormPoint kStormPoints[] = {
    {TestPoint::claim_taken, 25},
    {TestPoint::claim_settled, 25},
    {TestPoint::release_begun, 25},
    {TestPoint::release_done, 25},
    {TestPoint::record_begun, 1500},
    {TestPoint::words_half, 1500},
    {TestPoint::totals_half, 1500},
    {TestPoint::record_unpublished, 1500},
    {TestPoint::record_published, 1500},
    {TestPoint::record_done, 1500},
    {TestPoint::overflow_reserved, 1000},
    {TestPoint::overflow_half, 1000},
    {TestPoint::overflow_counted, 1000},
    {TestPoint::overflow_announced, 1000},
    {TestPoint::overflow_taken, 1000},
    {TestPoint::overflow_unpublished, 1000},
    {TestPoint::overflow_published, 1000},
    {TestPoint::overflow_done, 1000},
};

// How many records each of the victim's writers has finished. The writers count here, outside of
// the ring.
struct Tally {
  std::atomic<std::uint64_t> done[kWriters + kLanes];   // the holders of lanes come last
};

class SharedTally {
 public:
  SharedTally()
      : tally_(static_cast<Tally*>(mmap(nullptr, sizeof(Tally), PROT_READ | PROT_WRITE,
                                        MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {}
  ~SharedTally() { munmap(tally_, sizeof(Tally)); }
  SharedTally(const SharedTally&) = delete;
  SharedTally& operator=(const SharedTally&) = delete;
  Tally* operator->() const { return tally_; }

 private:
  Tally* tally_;
};

std::uint64_t number(std::uint64_t victim, std::uint64_t writer, std::uint64_t n) {
  return victim << 24 | writer << 20 | n;
}

// A writer is one thread after another, so lanes are claimed and released all the time.
int storm(std::uint64_t anchor, std::uint64_t victim, std::uint64_t held,
          const SharedTally& tally) {
  std::vector<std::thread> writers;
  std::atomic<std::uint64_t> holding{0};
  for (std::uint64_t holder = kWriters; holder < kWriters + held; ++holder) {
    writers.emplace_back([&, holder] {
      trace(number(victim, holder, 0), anchor);
      tally->done[holder].store(1);
      ++holding;
      for (;;) pause();
    });
  }
  while (holding.load() < held) sched_yield();
  for (std::uint64_t writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      for (;;) {
        std::thread([&] {
          for (int i = 0; i < 50; ++i) {
            const std::uint64_t n = tally->done[writer].load();
            trace(number(victim, writer, n), anchor);
            tally->done[writer].store(n + 1);
          }
        }).join();
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  return 1;
}

bool long_run() { return std::getenv("RINGSIDE_TEST_LONG") != nullptr; }

// Kills `kills` processes in one ring of these capacities. `lossless`: a lane holds everything that
// a victim writes while the readers look elsewhere, so every finished record can be demanded.
void kill_again_and_again(std::uint32_t capacity, std::uint32_t overflow_capacity,
                          std::uint64_t kills, bool lossless, std::mt19937_64& random) {
  TempDir dir;
  const std::string path = dir.file("ring");
  auto ring = make_ring(path, {kLanes, capacity, overflow_capacity});
  Setup setup = victim_setup(path);
  setup.lanes = kLanes;
  setup.lane_capacity = capacity;
  setup.overflow_capacity = overflow_capacity;
  Reader reader(path);
  Daemon daemon(path);
  std::vector<std::uint64_t> read;
  std::vector<std::uint64_t> finished;
  std::vector<std::uint64_t> begun;    // the record that each writer may have left unfinished
  for (std::uint64_t victim = 0; victim < kills; ++victim) {
    const StormPoint& point = kStormPoints[random() % std::size(kStormPoints)];
    const std::uint64_t nth = 1 + random() % point.most;
    const std::uint64_t held = point.overflow() ? kLanes : random() % kLanes;
    CAPTURE(victim);
    CAPTURE(name_of(point.point));
    CAPTURE(nth);
    CAPTURE(held);
    const SharedTally tally;
    const pid_t pid = spawn_victim([&] {
      return traced_body(setup, [&](std::uint64_t anchor) {
        kill_at(point.point, nth);
        return storm(anchor, victim, held, tally);
      });
    });
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    Ended ended;
    while (waitpid(pid, &ended.status, WNOHANG) == 0) {
      reader.read();
      daemon.watch.pass(later(daemon.steps));
      sched_yield();
      if (std::chrono::steady_clock::now() > deadline) {
        kill(pid, SIGKILL);
        wait_for(pid);
        FAIL("came to " << name_of(point.point) << " less than " << nth << " times in 30 s");
      }
    }
    REQUIRE(ended.killed_by(SIGKILL));
    reader.read();
    daemon.tick();
    std::uint64_t written = 0;
    std::uint64_t pending = 0;
    for (std::uint32_t lane = 0; lane <= kLanes; ++lane) {
      const LaneCursor& cursor = reader.cursors[lane];
      // The reader never stops in front of what a dead writer left.
      CHECK(cursor.position == reader.header(lane).head.load());
      written += cursor.written();
      pending += cursor.holes.size();
      for (const std::uint64_t n : reader.seen[lane]) {
        if (n == UINT64_MAX) FAIL("a record in lane " << lane << " is none that was written");
        read.push_back(n);
      }
      reader.seen[lane].clear();
    }
    std::uint64_t daemon_pending = 0;
    for (const LaneView& lane : daemon.snapshot.lanes) daemon_pending += lane.pending;
    CHECK(daemon.snapshot.books.written + daemon_pending == written + pending);
    for (std::uint64_t writer = 0; writer < kWriters + kLanes; ++writer) {
      const std::uint64_t done = tally->done[writer].load();
      for (std::uint64_t n = 0; n < done; ++n) finished.push_back(number(victim, writer, n));
      begun.push_back(number(victim, writer, done));
    }
  }
  // Every slot that a dead writer still holds is announced, so that the next ones free it.
  std::set<std::uint64_t> announced;
  const auto note = [&](const Announcement& one) {
    if (const std::uint64_t position = one.load(); position != 0) announced.insert(position - 1);
  };
  for (std::uint32_t lane = 0; lane < kLanes; ++lane) note(reader.header(lane).overflow);
  for (std::uint32_t seat = 0; seat < kSeatCount; ++seat) note(ring->seat(seat).overflow);
  std::uint64_t held_slots = 0;
  for (std::uint32_t i = 0; i < overflow_capacity; ++i) {
    const std::uint64_t sequence = ring->slots(kLanes)[i].sequence.load();
    if (sequence % 2 == 0) continue;
    ++held_slots;
    CHECK(announced.count(sequence / 2) == 1);
  }
  // One more process finds a ring that works. It settles what the last victim left.
  const std::uint64_t last = number(kills, 0, 0);
  REQUIRE(traced_run(setup, last, last + 10).exited(0));
  for (const std::uint64_t n : numbers(last, last + 10)) finished.push_back(n);
  reader.read();
  std::uint64_t lost = 0;
  std::uint64_t dropped = 0;
  for (std::uint32_t lane = 0; lane <= kLanes; ++lane) {
    for (const std::uint64_t n : reader.seen[lane]) read.push_back(n);
    lost += reader.cursors[lane].lost;
    dropped += reader.header(lane).dropped.load();
    if (lane == kLanes) lost += reader.cursors[lane].holes.size();
  }
  std::sort(read.begin(), read.end());
  std::sort(finished.begin(), finished.end());
  std::sort(begun.begin(), begun.end());
  CHECK(std::adjacent_find(read.begin(), read.end()) == read.end());   // no record is read twice
  std::vector<std::uint64_t> unfinished;
  std::set_difference(read.begin(), read.end(), finished.begin(), finished.end(),
                      std::back_inserter(unfinished));
  CHECK(std::includes(begun.begin(), begun.end(), unfinished.begin(), unfinished.end()));
  const std::uint64_t missing = finished.size() + unfinished.size() - read.size();
  // A finished record was read or counted as lost. Each victim may also have left a hole for each
  // writer.
  CHECK(lost >= missing);
  CHECK(lost <= missing + kills * (kWriters + kLanes));
  if (lossless) CHECK(missing == dropped);   // only at slots that others hold
  std::uint64_t uncounted = 0;
  // The totals never have fewer records than were read. They have more only by lost or torn
  // records.
  for (std::uint32_t lane = 0; lane <= kLanes; ++lane) {
    if (!lane_readable(reader.header(lane))) continue;
    const std::uint64_t counted = reader.total(lane, &Totals::recorded);
    const std::uint64_t head = reader.cursors[lane].position;
    const std::uint64_t torn = reader.header(lane).torn.load();
    if (lane < kLanes) {
      CHECK(counted >= head);
      CHECK(counted <= head + torn + 1);
    } else {
      CHECK(counted <= head);
      CHECK(counted + kills * kWriters >= head);
      uncounted = head - counted;
    }
  }
  leave(*ring, true);
  daemon.settle();
  CHECK(daemon.state() == RingState::closed);
  CHECK(daemon.snapshot.unattributed_lost <= uncounted);
  CHECK(daemon.unknown_to_the_books() <= daemon.snapshot.books.torn);
  MESSAGE(kills << " kills survived: " << finished.size() << " records finished, " << read.size()
                << " read, " << missing << " missing and counted, " << dropped
                << " dropped at writers' slots, " << held_slots << " slots still held, "
                << daemon.snapshot.books.torn << " torn");
}

}  // namespace

TEST_CASE("CrashStorm: after kills anywhere every finished record is read, or was given up at a writer's slot") {
  std::mt19937_64 random(seed());
  kill_again_and_again(1U << 15, 1U << 15, long_run() ? 1500 : 50, true, random);
}

TEST_CASE("CrashStorm: after kills anywhere in lanes that are lapped all the time the books hold") {
  std::mt19937_64 random(seed());
  // The victims' writers are more than the overflow lane has slots.
  for (int round = 0; round < (long_run() ? 30 : 1); ++round)
    kill_again_and_again(kMinCapacity, kMinCapacity, 50, false, random);
}
