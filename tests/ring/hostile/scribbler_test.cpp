// A process writes anything it likes into a ring, as fast as it can, while the ring is read.

#include <unistd.h>

#include "tests/ring/hostile/hostile.h"
#include "tests/support/random.h"
#include "tests/support/ring.h"
#include "tests/support/temp.h"

using namespace ringside;
using namespace ringside::test;

namespace {

constexpr Geometry kGeometry{2, 64, 64};

// No server does this: it writes random words everywhere. Many of them are close to what a reader
// expects. Now and then it writes a correct record, so that the reader makes progress.
class Scribbler {
 public:
  Scribbler(Segment& ring, std::uint64_t seed) : ring_(ring), random_(seed) {}

  void scribble() {
    const auto lane = static_cast<std::uint32_t>(random_() % (ring_.overflow_lane() + 1));
    LaneHeader& header = ring_.lane_header(lane);
    const std::uint64_t capacity = ring_.geometry().capacity(lane);
    const std::uint64_t position = heads_[lane];
    switch (random_() % 16) {
      case 0: return put(&header, sizeof header, random_());
      case 1:
        header.owner.word.store(any32());
        return header.state.store(kReady);
      case 2:
        return header.head.store(random_() % 16 == 0 ? any()
                                                     : heads_[lane] += random_() % (2 * capacity));
      case 3: return put(ring_.totals(lane), sizeof(Totals) * kIdCount, any());
      case 4: return put(ring_.names(), sizeof(Name) * kIdCount, any_text());
      case 5: return put(ring_.gauge_names(), kErrorNamesOffset - kGaugesOffset, any());
      case 6: return put(ring_.error_names(), sizeof(ErrorName) * kMaxErrorNames, any_text());
      case 7:
        return put(&ring_.header().state, sizeof(SegmentHeader) - offsetof(SegmentHeader, state),
                   any());
      case 8:
      case 9: {
        LaneWriter writer{ring_.slots(lane), ring_.totals(lane), &header, position, capacity - 1};
        write_record(writer, operation(static_cast<std::uint16_t>(random_() % 300), random_(), 10));
        heads_[lane] = writer.position;
        return;
      }
      default: {
        const std::uint64_t at = position + random_() % capacity;
        Slot& slot = ring_.slots(lane)[at & (capacity - 1)];
        put(slot.words, sizeof slot.words, any());
        if (random_() % 2 == 0) slot.sequence.store(2 * (at + 1) + random_() % 3);
        return;
      }
    }
  }

  // The parts that a reader copies once. They are spoilt, or made valid again as those of another
  // ring.
  void scribble_header() {
    SegmentHeader& header = ring_.header();
    if (random_() % 4 != 0) return put(&header, offsetof(SegmentHeader, state), any());
    store(&header.magic, kMagic);
    store(&header.layout_version, std::uint64_t{kByteOrder} << 32 | kLayoutVersion);
    store(&header.word_bits, std::uint64_t{static_cast<std::uint32_t>(getppid())} << 32 | 64);
    store(&header.segment_bytes, kGeometry.segment_bytes());
    store(&header.lane_count, std::uint64_t{kGeometry.lane_capacity} << 32 | kGeometry.lane_count);
    store(&header.overflow_capacity, (1 + random_() % 3) << 32 | kGeometry.overflow_capacity);
    store(&header.instance[0], random_());
    store(&header.boot_id[0], 0);
    store(&header.boot_id[1], 0);
    store(&header.pid_namespace, 0);
    header.processes_used.store(1 + static_cast<std::uint32_t>(random_() % 3));
    ProcessEntry& entry = ring_.processes()[random_() % 3];
    entry.standing.store(random_() % 3 << 32 | random_() % 4);
    entry.lock.word.store(random_() % 2 == 0 ? 1 : OwnerLock::kDiedBit);
    entry.pid.store(static_cast<std::uint32_t>(random_() % 2 == 0 ? getppid() : 0));
    header.state.store(random_() % 4 == 0 ? kSegmentClosed : kSegmentReady);
  }

 private:
  std::uint64_t any() {
    switch (random_() % 4) {
      case 0: return random_() % 4;
      case 1: return ~(random_() % 4);
      case 2: return std::uint64_t{1} << random_() % 64;
      default: return random_();
    }
  }
  std::uint32_t any32() { return static_cast<std::uint32_t>(any()); }
  std::uint64_t any_text() { return random_() % 3 == 0 ? std::uint64_t{kNameReady} : any(); }
  static void store(void* at, std::uint64_t value) {
    static_cast<std::atomic<std::uint64_t>*>(at)->store(value, std::memory_order_relaxed);
  }
  void put(void* begin, std::size_t bytes, std::uint64_t value) {
    store(static_cast<unsigned char*>(begin) + random_() % (bytes / 8) * 8, value);
  }

  Segment& ring_;
  std::mt19937_64 random_;
  std::uint64_t heads_[kGeometry.lane_count + 1] = {};
};

// All lanes have memory, as in a server with threads.
std::unique_ptr<Segment> busy_ring(const std::string& path) {
  std::unique_ptr<Segment> ring;
  // By a thread that has ended. The lists of locks that a thread holds must not be scribbled over.
  in_another_thread([&] {
    ring = make_ring(path, kGeometry);
    for (std::uint32_t lane = 0; lane < kGeometry.lane_count; ++lane) claim(*ring, lane);
    REQUIRE(claim_overflow(*ring).result == Claim::owned);
  });
  return ring;
}

const std::uint64_t kScribbles = long_run() ? 100'000'000 : 3'000'000;

}  // namespace

TEST_CASE("Scribbler: lane readers survive it, end, and count what they reject") {
  TempDir dir;
  auto ring = busy_ring(dir.file("ring"));
  SegmentFacts facts;
  Failure failure;
  const auto reader = open_segment(dir.file("ring"), {}, &facts, &failure);
  REQUIRE(reader != nullptr);
  const std::uint64_t start = seed();
  const Enemy enemy([&](std::atomic<std::uint64_t>& done) {
    Scribbler scribbler(*ring, start);
    for (;;) {
      scribbler.scribble();
      done.fetch_add(1, std::memory_order_relaxed);
    }
  });
  const auto latest = deadline() + std::chrono::seconds(long_run() ? 240 : 0);
  LaneCursor cursors[kGeometry.lane_count + 1];
  std::uint64_t rejected = 0;
  std::uint64_t taken = 0;
  TotalsCopy totals;
  while (enemy.done() < kScribbles || rejected == 0 || taken == 0) {
    REQUIRE(SteadyClock::now() < latest);
    for (std::uint32_t lane = 0; lane <= reader->overflow_lane(); ++lane) {
      LaneCursor& cursor = cursors[lane];
      const LaneHeader& header = reader->lane_header(lane);
      const Slot* slots = reader->slots(lane);
      const std::uint64_t before = cursor.position;
      const std::uint64_t rejected_before = cursor.rejected;
      const auto take = [&](const Record& record) {
        REQUIRE(believable(record));
        ++taken;
      };
      const std::uint64_t moved = lane == reader->overflow_lane()
                                      ? read_overflow(slots, header, 64, cursor, 1000, take)
                                      : read_lane(slots, header, 64, cursor, 1000, take);
      REQUIRE(cursor.position - before == moved);
      check_books(cursor);
      rejected += cursor.rejected - rejected_before;
      copy_totals_at(slots, header, reader->totals(lane), 64, cursor.position, totals);
      lane_remainder(slots, header, 64);
      // A head may lie near the end of all positions. The reader starts over before it gets there.
      if (cursor.position > std::uint64_t{1} << 60) cursor = LaneCursor{};
    }
  }
  MESSAGE(taken << " records taken, " << rejected << " rejected");
  CHECK_FALSE(reader->broken());
}

TEST_CASE("Scribbler: the daemon's core survives it through attach, tick and end, and its books hold") {
  TempDir dir;
  const std::string path = dir.file("ring");
  auto ring = busy_ring(path);
  const std::uint64_t start = seed();
  const Enemy enemy([&](std::atomic<std::uint64_t>& done) {
    Scribbler scribbler(*ring, start);
    for (std::uint64_t n = 0;; ++n) {
      scribbler.scribble();
      if (n % 64 == 0) scribbler.scribble_header();
      done.fetch_add(1, std::memory_order_relaxed);
    }
  });
  const auto latest = deadline() + std::chrono::seconds(long_run() ? 240 : 0);
  Watch watch({{path}, 10, 5, true});
  Instant now = read_instant();
  Snapshot snapshot;
  int pass = 0;
  // Runs until the watch has attached many times: each attach looks at everything in the ring.
  const std::uint64_t instances = long_run() ? 500 : 20;
  while (enemy.done() < kScribbles / 10 || snapshot.books.rejected == 0 ||
         snapshot.rings.at(0).instances_seen < instances) {
    CAPTURE(enemy.done());
    CAPTURE(snapshot.books.rejected);
    CAPTURE(snapshot.rings.empty() ? 0 : snapshot.rings[0].instances_seen);
    REQUIRE(SteadyClock::now() < latest);
    now.monotonic_ns += 300'000'000;
    now.realtime_ns += 300'000'000;
    now.ticks += 600'000'000;
    watch.pass(now);
    if (++pass % 4 == 0) {
      snapshot = watch.tick(now);
      check_books(snapshot);
      REQUIRE(snapshot.lanes.size() <= kGeometry.lane_count + 1);
      // A name costs a series, and the number of series has a bound.
      REQUIRE(snapshot.daemon.metrics_bytes < std::uint64_t{64} << 20);
      REQUIRE(snapshot.operations.size() + snapshot.events.size() <= 1026);
    } else if (snapshot.rings.empty()) {
      snapshot.rings.resize(1);   // there is no snapshot before the first tick
    }
  }
  MESSAGE(snapshot.rings[0].instances_seen << " instances, " << snapshot.books.read << " read, "
                                           << snapshot.books.rejected << " rejected");
}
