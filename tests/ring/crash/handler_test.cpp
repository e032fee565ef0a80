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
    constexpr std::uint64_t kRecords = 20;
    const Ended ended = run_victim(
        [&] {
          return traced_body(setup, [&](std::uint64_t anchor) {
            g_interrupted = point;
            g_anchor = anchor;
            g_next = 0;
            trace(g_next++, anchor);   // claims the lane
            g_test_point_hook.store(&handler);
            while (g_next < kRecords) trace(g_next++, anchor);
            g_test_point_hook.store(nullptr);
            return 0;
          });
        },
        true);
    REQUIRE(ended.exited(0));
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
