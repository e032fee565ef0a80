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

TEST_CASE("RingLog: what is the matter with a live ring is a warning, once, until it changes") {
  const test::Said said;
  RingLog log;
  const std::string problem = "/r was removed while its server (pid 17) lives\n  next: do";
  log.follow(with_ring("r", RingState::live));
  for (int i = 0; i < 2; ++i) log.follow(with_ring("r", RingState::live, problem));
  log.follow(with_ring("r", RingState::live));
  log.follow(with_ring("r", RingState::live, problem));
  log.follow(with_ring("r", RingState::closed));
  const std::string warning = "warning: ring r: " + problem;
  CHECK(said.lines() ==
        std::vector<std::string>{"info: ring r: live: a\\nb, pid 17, instance i1", warning, warning,
                                 "info: ring r: closed"});
}

TEST_CASE("RingLog: each death of a process is a warning, once, and those unnamed are one line") {
  const test::Said said;
  RingLog log;
  Snapshot snapshot = with_ring("r", RingState::live);
  RingView& ring = snapshot.rings[0];
  log.follow(snapshot);
  ring.processes.alive = 3;
  ring.deaths = {{1, 21}, {2, 0}};
  ring.deaths_seen = 2;
  for (int i = 0; i < 2; ++i) log.follow(snapshot);
  ring.processes.alive = 1;
  ring.deaths = {{8, 23}, {9, 24}};
  ring.deaths_seen = 9;
  for (int i = 0; i < 2; ++i) log.follow(snapshot);
  // One of them was a restart, as the next ring shows. The next death is told all the same.
  ring.deaths = {{8, 23}};
  ring.deaths_seen = 8;
  log.follow(snapshot);
  ring.deaths.push_back({9, 25});
  ring.deaths_seen = 9;
  log.follow(snapshot);
  CHECK(said.lines() ==
        std::vector<std::string>{
            "info: ring r: live: a\\nb, pid 17, instance i1",
            "warning: ring r: a process died (pid 21), 3 live",
            "warning: ring r: a process died (its pid is not known any more), 3 live",
            "warning: ring r: a process died (pid 23), 1 live",
            "warning: ring r: a process died (pid 24), 1 live",
            "warning: ring r: 5 more processes died, 1 live",
            "warning: ring r: a process died (pid 25), 1 live"});
}

TEST_CASE("RingLog: a restart in place is said to be one, and those of before are not told again") {
  const test::Said said;
  RingLog log;
  Snapshot snapshot = with_ring("r", RingState::live);
  RingView& ring = snapshot.rings[0];
  ring.restarts_seen = 4;
  log.follow(snapshot);
  ring.instance = "i2";
  log.follow(snapshot);
  ring.instance = "i3";
  ring.restarts_seen = 5;
  for (int i = 0; i < 2; ++i) log.follow(snapshot);
  CHECK(said.lines() == std::vector<std::string>{
                            "info: ring r: live: a\\nb, pid 17, instance i1",
                            "info: ring r: live: a\\nb, pid 17, instance i2",
                            "info: ring r: restarted in place, live: a\\nb, pid 17, instance i3"});
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
