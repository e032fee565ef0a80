// A signal handler traces at each named point of its thread's own writing. A hook at the point
// plays the handler, so nothing is left to chance.
#include <doctest/doctest.h>

#include "tests/ring/crash/victim.h"

using namespace ringside;
using namespace ringside::test;

namespace {

TestPoint g_interrupted;
std::uint64_t g_anchor;
std::uint64_t g_next;        // number of the next record, the thread's or the handler's
bool g_in_handler = false;

void handler(TestPoint point) {
  if (point != g_interrupted || g_in_handler) return;
  g_in_handler = true;
  trace(g_next++, g_anchor);
  g_in_handler = false;
}

constexpr std::uint64_t kRecords = 20;

// A server whose thread traces kRecords records, or one more, and is interrupted in each but the
// first, which claims the lane or the seat.
Ended interrupted_at(TestPoint point, const Setup& setup) {
  return run_victim(
      [&] {
        return traced_body(setup, [&](std::uint64_t anchor) {
          g_interrupted = point;
          g_anchor = anchor;
          g_next = 0;
          trace(g_next++, anchor);
          g_test_point_hook.store(&handler);
          while (g_next < kRecords) trace(g_next++, anchor);
          g_test_point_hook.store(nullptr);
          return 0;
        });
      },
      true);
}

// The thread has no lane: it writes through the overflow lane, and so does the handler.
constexpr TestPoint kOverflowPoints[] = {
    TestPoint::overflow_reserved,  TestPoint::overflow_half,        TestPoint::overflow_counted,
    TestPoint::overflow_announced, TestPoint::overflow_taken,       TestPoint::words_half,
    TestPoint::overflow_published, TestPoint::overflow_unpublished, TestPoint::overflow_done};

}  // namespace

TEST_CASE("CrashHandler: a handler that traces at any point of its thread's record loses and mixes nothing") {
  // At lane_asked the thread has found its lane open and has not closed it yet, so the handler
  // writes into the lane itself.
  for (const TestPoint point :
       {TestPoint::lane_asked, TestPoint::record_begun, TestPoint::words_half,
        TestPoint::totals_half, TestPoint::record_unpublished, TestPoint::record_published,
        TestPoint::record_done}) {
    CAPTURE(name_of(point));
    TempDir dir;
    const Setup setup = victim_setup(dir.file("ring"));
    auto ring = make_shared_ring(setup.ring);
    REQUIRE(interrupted_at(point, setup).exited(0));
    Reader reader(setup.ring);
    std::vector<std::uint64_t> seen;
    for (const auto& lane : reader.seen) seen.insert(seen.end(), lane.begin(), lane.end());
    std::sort(seen.begin(), seen.end());
    // The last record may have been interrupted too, so there may be one more.
    CHECK(seen.size() >= kRecords);
    CHECK(seen == numbers(0, seen.size()));
    std::uint64_t counted = 0;
    for (std::uint32_t lane = 0; lane < reader.cursors.size(); ++lane) {
      CHECK(reader.cursors[lane].lost == 0);
      counted += reader.total(lane, &Totals::recorded);
    }
    CHECK(counted == seen.size());
    const bool in_lane = point == TestPoint::lane_asked;
    CHECK(reader.seen[1].empty() == in_lane);   // lane 1 is the overflow lane
  }
}

TEST_CASE("CrashHandler: a handler that traces at any point of its thread's overflow record loses and mixes nothing") {
  for (const TestPoint point : kOverflowPoints) {
    CAPTURE(name_of(point));
    const LanelessRing ring;
    const Setup& setup = ring.setup;
    REQUIRE(interrupted_at(point, setup).exited(0));
    Reader reader(setup.ring);
    std::vector<std::uint64_t> seen = reader.seen[1];
    std::sort(seen.begin(), seen.end());
    CHECK(seen.size() >= kRecords);
    CHECK(seen == numbers(0, seen.size()));
    CHECK(reader.header(1).dropped.load() == 0);
    for (std::uint32_t seat = 0; seat < kSeatCount; ++seat)
      CHECK(ring->seat(seat).overflow.load() == 0);
  }
}

TEST_CASE("CrashHandler: a thread that dies in its slot after a handler traced there still has it announced") {
  for (const TestPoint point : kOverflowPoints) {
    if (point == TestPoint::overflow_unpublished || point == TestPoint::overflow_published ||
        point == TestPoint::overflow_done)
      continue;
    CAPTURE(name_of(point));
    const LanelessRing ring;
    const Setup& setup = ring.setup;
    REQUIRE(run_victim([&] {
              return traced_body(setup, [&](std::uint64_t anchor) {
                g_interrupted = point;
                g_anchor = anchor;
                g_next = 1;
                trace(0, anchor);
                g_test_point_hook.store([](TestPoint at) {
                  if (at == TestPoint::overflow_unpublished && !g_in_handler)
                    kill(getpid(), SIGKILL);
                  handler(at);
                });
                trace(100, anchor);
                return 1;
              });
            }).killed_by(SIGKILL));
    CHECK(held_slots(*ring, 1) == 1);
    REQUIRE(traced_run(setup, 200, 201).exited(0));
    CHECK(held_slots(*ring, 1) == 0);
  }
}

TEST_CASE("CrashHandler: a handler finds a lane free while its thread writes an overflow record, and leaves it") {
  for (const TestPoint point : kOverflowPoints) {
    CAPTURE(name_of(point));
    TempDir dir;
    const Setup setup = victim_setup(dir.file("ring"));
    auto ring = make_shared_ring(setup.ring);
    // The lane is another process's, which gives it back when the handler is about to trace.
    Gate lane_held;
    const pid_t other = spawn_victim(
        [&] {
          claim(*ring);
          lane_held.pass();
          release_lane(*ring, 0);
          lane_held.pass();
          return 0;
        },
        true);
    REQUIRE(lane_held.reached());
    Gate in_record;
    const pid_t victim = spawn_victim(
        [&] {
          return traced_body(setup, [&](std::uint64_t anchor) {
            static Gate* gate;
            gate = &in_record;
            g_interrupted = point;
            g_anchor = anchor;
            g_next = 2;
            trace(0, anchor);   // takes the seat
            g_test_point_hook.store([](TestPoint at) {
              if (at != g_interrupted || g_in_handler || g_next > 2) return;
              g_in_handler = true;
              gate->pass();
              trace(g_next++, g_anchor);
              g_in_handler = false;
            });
            trace(1, anchor);
            g_test_point_hook.store(nullptr);
            trace(3, anchor);   // finds the lane
            return 0;
          });
        },
        true);
    REQUIRE(in_record.reached());
    lane_held.open();
    REQUIRE(lane_held.reached());
    in_record.open();
    REQUIRE(wait_for(victim).exited(0));
    lane_held.open();
    REQUIRE(wait_for(other).exited(0));
    Reader reader(setup.ring);
    std::vector<std::uint64_t> seen = reader.seen[1];
    std::sort(seen.begin(), seen.end());
    CHECK(seen == numbers(0, 3));
    CHECK(reader.seen[0] == numbers(3, 4));
    for (std::uint32_t seat = 0; seat < kSeatCount; ++seat) {
      CHECK(ring->seat(seat).overflow.load() == 0);
      CHECK(ring->seat(seat).lock.holder() == Holder::none);
    }
  }
}

TEST_CASE("CrashHandler: a process that ends in a handler in mid-record leaves it to the next owner to settle") {
  struct Case {
    TestPoint point;
    bool overflow;
    bool torn;
  };
  for (const Case& what : {Case{TestPoint::words_half, false, true},
                           Case{TestPoint::record_published, false, false},
                           Case{TestPoint::overflow_taken, true, false},
                           Case{TestPoint::overflow_unpublished, true, false}}) {
    CAPTURE(name_of(what.point));
    TempDir dir;
    const Setup setup = victim_setup(dir.file("ring"));
    auto ring = make_shared_ring(setup.ring);
    if (what.overflow) claim(*ring);
    REQUIRE(run_victim(
                [&] {
                  return traced_body(setup, [&](std::uint64_t anchor) {
                    g_interrupted = what.point;
                    trace(0, anchor);
                    g_test_point_hook.store([](TestPoint at) {
                      if (at == g_interrupted) std::exit(7);
                    });
                    trace(1, anchor);
                    return 1;
                  });
                },
                true)
                .exited(7));
    REQUIRE(traced_run(setup, 10, 12).exited(0));
    Reader reader(setup.ring);
    const std::uint32_t lane = what.overflow ? 1 : 0;
    CHECK(reader.header(0).torn.load() == (what.torn ? 1 : 0));
    CHECK(reader.cursors[lane].holes.empty());
    CHECK(reader.cursors[lane].lost == (what.overflow ? 1 : 0));
    std::vector<std::uint64_t> expected{0};
    if (what.point == TestPoint::record_published) expected.push_back(1);
    expected.insert(expected.end(), {10, 11});
    CHECK(reader.seen[lane] == expected);
    CHECK(held_slots(*ring, lane) == 0);
  }
}
