// Files that are cut off while they are read, at any moment and at any length.

#include <unistd.h>

#include <optional>

#include "tests/ring/hostile/hostile.h"
#include "shm/names.h"
#include "tests/support/held.h"
#include "tests/support/random.h"
#include "tests/support/ring.h"
#include "tests/support/temp.h"

using namespace ringside;
using namespace ringside::test;

namespace {

constexpr Geometry kCutGeometry{3, 128, 64};

// Its thread holds the ring until it is ended, and touches no lock of the ring after that.
struct Victim {
  TempDir dir;
  std::string path = dir.file("ring");
  std::unique_ptr<Segment> ring;
  std::optional<Held> server;

  Victim() {
    server.emplace([this] { write(); });
  }
  void write() {
    ring = make_ring(path, kCutGeometry);
    enter_name(*ring, 0, {"SEND_MESSAGE", "message", {}});
    for (std::uint32_t lane = 0; lane < kCutGeometry.lane_count; ++lane) {
      LaneWriter writer = claim(*ring, lane);
      for (int i = 0; i < 100; ++i)
        write_record(writer, operation(0, ring->header().anchor_ticks, 10));
    }
    const LaneWriter overflow = claim_overflow(*ring).writer;
    for (int i = 0; i < 30; ++i)
      write_overflow(overflow, operation(0, ring->header().anchor_ticks, 10));
  }
};

// Nothing, one page, the middle of a table or of a lane, and any other length.
off_t random_length(std::mt19937_64& random) {
  const std::uint64_t all = kCutGeometry.segment_bytes();
  const std::uint64_t lengths[] = {
      0,
      1,
      kPageBytes,
      random() % kLaneHeadersOffset,
      kCutGeometry.block_offset(static_cast<std::uint32_t>(random() % 3)) + random() % 20'000,
      all - kPageBytes,
      random() % all};
  return static_cast<off_t>(lengths[random() % std::size(lengths)]);
}

// A process that cuts the file some time after it began.
pid_t cutter(const std::string& path, off_t length, std::uint64_t pause) {
  return spawn([=] {
    for (std::atomic<std::uint64_t> n{0}; n.fetch_add(1, std::memory_order_relaxed) < pause;) {
    }
    return truncate(path.c_str(), length) == 0 ? 0 : 1;
  });
}

bool ended(pid_t pid) {
  int status = 0;
  if (waitpid(pid, &status, WNOHANG) == 0) return false;
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  return true;
}

const int kRounds = long_run() ? 2000 : 60;

}  // namespace

TEST_CASE("Cut: whatever a reader is reading at that moment, it goes on, and knows when a page is gone") {
  std::mt19937_64 random(seed());
  for (int round = 0; round < kRounds; ++round) {
    Victim victim;
    SegmentFacts facts;
    Failure failure;
    const auto reader = open_segment(victim.path, {}, &facts, &failure);
    REQUIRE(reader != nullptr);
    const off_t length = random_length(random);
    const pid_t enemy = cutter(victim.path, length, random() % 100'000);
    LaneCursor cursors[kCutGeometry.lane_count + 1];
    std::string error;
    const auto latest = deadline();
    bool cut = false;
    // The loop runs once more after the cut, so that it touches every missing page.
    for (bool last = false; !last;) {
      REQUIRE(SteadyClock::now() < latest);
      last = cut;
      if (!cut) cut = ended(enemy);
      NameEntry name;
      for (std::uint16_t id = 0; id < kIdCount; ++id) read_name(*reader, id, &name);
      std::uint16_t code = 0;
      for (std::uint32_t i = 0; i < kMaxErrorNames; ++i) read_error_name(*reader, i, &code, &error);
      TotalsCopy totals;
      for (std::uint32_t lane = 0; lane <= kCutGeometry.lane_count; ++lane) {
        cursors[lane] = LaneCursor{};
        const std::uint64_t capacity = kCutGeometry.capacity(lane);
        if (lane == kCutGeometry.lane_count) {
          read_overflow(reader->slots(lane), reader->lane_header(lane), capacity, cursors[lane],
                        1000, [](const Record&) {});
        } else {
          read_lane(reader->slots(lane), reader->lane_header(lane), capacity, cursors[lane], 1000,
                    [](const Record&) {});
        }
        check_books(cursors[lane]);
        copy_totals(reader->totals(lane), totals);
        lane_remainder(reader->slots(lane), reader->lane_header(lane), capacity);
        reader->slots(lane)[capacity - 1].sequence.load();
      }
      segment_liveness(*reader, facts);
    }
    // A cut within the last page removes only bytes, and they are read as zeros.
    CHECK(reader->broken() ==
          (static_cast<std::uint64_t>(length) <= kCutGeometry.segment_bytes() - kPageBytes));
    // The file is refused at its new length.
    SegmentFacts again;
    CHECK(open_segment(victim.path, {}, &again, &failure) == nullptr);
  }
}

TEST_CASE("Cut: the daemon's core gives the ring up, keeps its books, and takes the next one") {
  std::mt19937_64 random(seed());
  Instant now = read_instant();
  const auto later = [&now] {
    now.monotonic_ns += 250'000'000;
    now.realtime_ns += 250'000'000;
    now.ticks += 500'000'000;
  };
  for (int round = 0; round < kRounds; ++round) {
    auto victim = std::make_unique<Victim>();
    Watch watch({{victim->path}, 10, 5, false});
    const pid_t enemy = cutter(victim->path, random_length(random), random() % 1'000'000);
    const auto latest = deadline();
    Snapshot snapshot;
    for (int after = 0; after < 3;) {
      REQUIRE(SteadyClock::now() < latest);
      later();
      watch.pass(now);
      later();
      snapshot = watch.tick(now);
      check_books(snapshot);
      if (after > 0 || ended(enemy)) ++after;
    }
    const std::uint64_t read = snapshot.books.read;
    CHECK(read <= 330);
    // Another ring takes the name. The watch reads it when the old ring is given up or its server
    // is dead. A cut that removed nothing of use leaves the old ring readable, so the test ends the
    // old server. Where the page with its lock is missing, the zeros there say the same.
    unlink(victim->path.c_str());
    victim->server.reset();
    auto next = make_ring(victim->path, {1, 64, 64});
    LaneWriter writer = claim(*next);
    for (int i = 0; i < 5; ++i) write_record(writer, operation(0, next->header().anchor_ticks, 10));
    for (int i = 0; i < 8; ++i) {
      later();
      snapshot = watch.tick(now);
      check_books(snapshot);
    }
    CHECK(snapshot.rings[0].state == RingState::live);
    CHECK(snapshot.rings[0].segment_bytes == next->geometry().segment_bytes());
    CHECK(snapshot.books.read == read + 5);
  }
}
