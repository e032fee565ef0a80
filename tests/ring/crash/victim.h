// A traced server that is about to die. Two readers look at it: one that calls the two lane
// functions of shm (Reader), and the daemon's core (Daemon).
#pragma once

#include <doctest/doctest.h>
#include <signal.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/rings/watch.h"
#include "producer/ringside.hpp"
#include "shm/names.h"
#include "tests/ring/crash/points.h"
#include "tests/support/later.h"
#include "tests/support/ring.h"
#include "tests/support/temp.h"

namespace ringside::test {

inline constexpr std::uint32_t kCapacity = 64;
inline constexpr std::uint16_t kOperations = 4;

// The ring has one lane, so a second thread uses the overflow lane. The ring is shared, so it
// outlives a dead process.
inline Setup victim_setup(const std::string& path, bool share = true) {
  Setup setup;
  setup.program = "victim";
  setup.ring = path;
  setup.lanes = 1;
  setup.lane_capacity = setup.overflow_capacity = kCapacity;
  setup.share = share;
  setup.keep = true;
  return setup;
}

inline std::unique_ptr<Segment> make_shared_ring(const std::string& path) {
  return make_ring(path, {1, kCapacity, kCapacity});
}

// The same where the test holds the only lane: its victims use the overflow lane.
struct LanelessRing {
  TempDir dir;
  std::unique_ptr<Segment> ring = make_shared_ring(dir.file("ring"));
  Setup setup = victim_setup(dir.file("ring"));

  LanelessRing() { claim(*ring); }
  Segment& operator*() const { return *ring; }
  Segment* operator->() const { return ring.get(); }
};

// Slots of a lane that a writer is in, or died in.
inline std::size_t held_slots(const Segment& ring, std::uint32_t lane) {
  const Slot* slots = ring.slots(lane);
  return static_cast<std::size_t>(std::count_if(
      slots, slots + kCapacity, [](const Slot& slot) { return slot.sequence.load() % 2 == 1; }));
}

// Record number n. Every field follows from n, so a mixture of two records is recognised. Times
// stay small.
inline Record numbered(std::uint64_t n, std::uint64_t anchor) {
  constexpr std::uint64_t kPrime = 1'000'003;
  Record record = operation(
      static_cast<std::uint16_t>(n % kOperations), anchor + 3 * n % kPrime + 1,
      static_cast<std::int64_t>(5 * n % kPrime + 1), n % 5 == 0 ? Outcome::error : Outcome::ok);
  record.error = static_cast<std::uint16_t>(n);
  record.actor = 7 * n;
  record.subject = 11 * n;
  record.flags =
      static_cast<std::uint16_t>(static_cast<unsigned>(ActorKind::user) |
                                 static_cast<unsigned>(SubjectKind::room) << kFlagSubjectShift);
  return record;
}

// Writes record n through the interface that servers use.
inline void trace(std::uint64_t n, std::uint64_t anchor) {
  const Record record = numbered(n, anchor);
  Operation op(OperationId{record.operation}, Stamp{record.start});
  op.actor(ActorKind::user, record.actor);
  op.subject(SubjectKind::room, record.subject);
  op.finish_at(Stamp{record.end()}, static_cast<Outcome>(record.outcome), record.error);
}

// The number of this record. UINT64_MAX: it is not one of ours, or it is a mixture.
inline std::uint64_t number_of(const Record& record, std::uint64_t anchor) {
  const std::uint64_t n = record.actor / 7;
  Record expected = numbered(n, anchor);
  expected.sequence = record.sequence;
  expected.flags = static_cast<std::uint16_t>(expected.flags | (record.flags & kFlagOverflow));
  return std::memcmp(&expected, &record, sizeof record) == 0 ? n : UINT64_MAX;
}

inline std::uint64_t anchor_of(const std::string& path) {
  SegmentFacts facts;
  Failure failure;
  const auto segment = open_segment(path, {}, &facts, &failure);
  return segment != nullptr ? facts.anchor_ticks : 0;
}

// Runs `body` traced with `setup`. Returns 99 when the process was not traced.
inline int traced_body(const Setup& setup, const std::function<int(std::uint64_t anchor)>& body) {
  unsetenv("RINGSIDE_RING");
  if (!start(setup)) {
    std::fprintf(stderr, "%s\n", why_untraced().c_str());
    return 99;
  }
  return body(anchor_of(setup.ring));
}

// A server that writes the records [from, to) and leaves in order.
inline Ended traced_run(const Setup& setup, std::uint64_t from, std::uint64_t to) {
  return run_victim(
      [&] {
        return traced_body(setup, [&](std::uint64_t anchor) {
          for (std::uint64_t n = from; n < to; ++n) trace(n, anchor);
          return 0;
        });
      },
      true);
}

// A server that is killed at the point while it starts, writes the records [from, to), or leaves.
// False when it never came there.
inline bool dies_at(TestPoint point, const Setup& setup, std::uint64_t from = 0,
                    std::uint64_t to = 0) {
  return run_victim(
             [&] {
               kill_at(point);
               return traced_body(setup, [&](std::uint64_t anchor) {
                 for (std::uint64_t n = from; n < to; ++n) trace(n, anchor);
                 return 1;
               });
             },
             true)
      .killed_by(SIGKILL);
}

inline std::vector<std::uint64_t> numbers(std::uint64_t from, std::uint64_t to) {
  std::vector<std::uint64_t> out;
  for (std::uint64_t n = from; n < to; ++n) out.push_back(n);
  return out;
}

// A reader as any program can be. Lanes by number; the last one is the overflow lane.
struct Reader {
  std::unique_ptr<Segment> segment;
  SegmentFacts facts;
  std::vector<LaneCursor> cursors;
  std::vector<std::vector<std::uint64_t>> seen;   // numbers of the records

  explicit Reader(const std::string& path) {
    Failure failure;
    segment = open_segment(path, {}, &facts, &failure);
    REQUIRE_MESSAGE(segment != nullptr, failure.message);
    cursors.resize(facts.geometry.lane_count + 1);
    seen.resize(cursors.size());
    read();
  }
  void read() {
    for (std::uint32_t i = 0; i < cursors.size(); ++i) {
      if (!lane_readable(header(i))) continue;
      const std::uint64_t capacity = facts.geometry.capacity(i);
      const auto take = [&](const Record& record) {
        seen[i].push_back(number_of(record, facts.anchor_ticks));
      };
      if (i == segment->overflow_lane()) {
        read_overflow(segment->slots(i), header(i), capacity, cursors[i], 4 * capacity, take);
      } else {
        read_lane(segment->slots(i), header(i), capacity, cursors[i], 4 * capacity, take);
      }
      if (cursors[i].written() != cursors[i].read + cursors[i].lost || cursors[i].rejected != 0)
        FAIL("lane " << i);
    }
  }
  LaneHeader& header(std::uint32_t lane) const { return segment->lane_header(lane); }
  std::uint32_t generation(std::uint32_t lane) const {
    return header(lane).generation.load();
  }
  LaneLife life(std::uint32_t lane) const { return header(lane).life(); }
  std::uint64_t total(std::uint32_t lane, std::atomic<std::uint64_t> Totals::*what) const {
    std::uint64_t sum = 0;
    for (std::uint32_t id = 0; id < kIdCount; ++id) sum += (segment->totals(lane)[id].*what).load();
    return sum;
  }
  // Whether the lane's totals are known to belong to this reader's position.
  bool totals_at_cursor(std::uint32_t lane) const {
    TotalsCopy copy;
    return copy_totals_at(segment->slots(lane), header(lane), segment->totals(lane),
                          facts.geometry.capacity(lane), cursors[lane].position, copy);
  }
};

// The daemon's core, and sums over its snapshot.
struct Daemon {
  Watch watch;
  int steps = 0;
  Snapshot snapshot;

  explicit Daemon(const std::string& path) : watch({{path}, 100, 20, false}) {}
  RingState state() const { return snapshot.rings.at(0).state; }
  // Every tick checks what must hold at all times.
  void tick() {
    snapshot = watch.tick(later(++steps));
    CHECK(snapshot.books.balance());
    std::uint64_t read = 0;
    std::uint64_t lost = 0;
    for (const SeriesView& series : snapshot.operations) {
      CHECK(series.books.balance());
      CHECK(series.books.read == series.window(Window::since_start).recorded);
      read += series.books.read;
      lost += series.books.lost;
    }
    CHECK(read == snapshot.books.read);
    CHECK(lost + snapshot.unattributed_lost == snapshot.books.lost);
  }
  // Ticks until a death is noticed and its ring is read to the end.
  void settle() {
    for (int i = 0; i < 3; ++i) tick();
  }
  const SeriesView& series(std::uint16_t id) const {
    static const char* const kNames[kOperations] = {"CREATE_ROOM", "JOIN_ROOM", "LEAVE_ROOM",
                                                    "LIST_ROOMS"};
    for (const SeriesView& view : snapshot.operations) {
      if (view.name == kNames[id]) return view;
    }
    FAIL("no series " << kNames[id]);
    return snapshot.all;
  }
  // The servers' own totals, less what the books of each operation account for.
  std::uint64_t unknown_to_the_books() const {
    std::uint64_t sum = 0;
    for (const SeriesView& view : snapshot.operations)
      sum += view.server_count - view.books.written;
    return sum;
  }
};

inline std::set<std::string> files_in(const std::string& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    names.insert(entry.path().filename().string());
  return names;
}

}  // namespace ringside::test
