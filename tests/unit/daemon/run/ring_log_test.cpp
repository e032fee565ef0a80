// The lines about rings and thresholds in the daemon's own log.
#include "daemon/run/ring_log.h"

#include <string>
#include <vector>

#include "daemon/run/threshold_log.h"
#include "tests/unit/daemon/said.h"

namespace ringside {
namespace {

Snapshot with_ring(const std::string& name, RingState state, const std::string& problem = "") {
  Snapshot snapshot;
  RingView& ring = snapshot.rings.emplace_back();
  ring.name = name;
  ring.state = state;
  ring.problem = problem;
  ring.program = "a\nb";
  ring.pid = 17;
  ring.instance = "i1";
  return snapshot;
}

TEST_CASE("RingLog: each state has its line, once, and a bad one is a warning") {
  const test::Said said;
  RingLog log;
  for (int i = 0; i < 2; ++i) log.follow(with_ring("r", RingState::waiting));
  for (int i = 0; i < 2; ++i) log.follow(with_ring("s", RingState::refused, "why\n  next: do"));
  for (int i = 0; i < 2; ++i) log.follow(with_ring("r", RingState::live));
  for (int i = 0; i < 2; ++i) log.follow(with_ring("r", RingState::crashed, "pid 17 is gone"));
  log.follow(with_ring("s", RingState::refused, "why not"));
  for (int i = 0; i < 2; ++i) log.follow(with_ring("r", RingState::waiting));
  CHECK(said.lines() == std::vector<std::string>{
                            "info: ring r: waiting", "warning: ring s: refused: why\n  next: do",
                            "info: ring r: live: a\\nb, pid 17, instance i1",
                            "warning: ring r: crashed: pid 17 is gone",
                            "warning: ring s: refused: why not", "info: ring r: waiting"});
}

TEST_CASE("ThresholdLog: it waits a minute from the first live server, and for a name to compare") {
  const test::Said said;
  ThresholdLog log;
  constexpr std::int64_t kSecond = 1'000'000'000;
  const Snapshot waiting = with_ring("r", RingState::waiting);
  Snapshot live = with_ring("r", RingState::live);
  live.thresholds.operations["SENT"].response_ns = 1;
  log.follow(waiting, 0);
  log.follow(waiting, 100 * kSecond);
  log.follow(live, 200 * kSecond);
  log.follow(live, 260 * kSecond - 1);
  log.follow(live, 260 * kSecond);  // no operation is registered yet
  CHECK(said.lines().empty());
  live.operations.emplace_back().name = "SEND";
  for (const std::int64_t at : {261, 262}) log.follow(live, at * kSecond);
  CHECK(said.lines().size() == 1);
  CHECK(said.count("warning: thresholds.operations.SENT: no server has registered") == 1);
}

}  // namespace
}  // namespace ringside
