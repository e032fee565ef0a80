// performance_regression, from what an analysis puts into the snapshot.
#include "tests/unit/daemon/alerts/reading_lines.h"

namespace ringside {
namespace {

RegressionView slower() {
  return {"chat", "SEND_MESSAGE", "database", 12.5, true, "p50 8 ms, was 7.1 ms until Tuesday"};
}

TEST_CASE("Regressions: none is found, none is read") {
  CHECK(readings_of(World{}, "performance_regression").empty());
}

TEST_CASE("Regressions: each is a figure of its operation and stage") {
  World world;
  world.snapshot.regressions = {slower(), {"chat", "LOGIN", "", 0.5, true, "\x1b[2J"}};
  check_lines(readings_of(world, "performance_regression"),
              {"performance_regression|database|chat|SEND_MESSAGE 12.5 percent certain warning "
               "0/0: p50 8 ms, was 7.1 ms until Tuesday",
               "performance_regression|latency|chat|LOGIN 0.5 percent certain warning 0/0: "
               "\\x1b[2J"});
}

TEST_CASE(
    "Regressions: one fires at once, and is resolved when the analysis says that it is over") {
  World world;
  world.snapshot.regressions = {slower()};
  world.tick();
  CHECK(world.story("performance_regression") == Story{"firing/warning"});
  REQUIRE(world.lines.size() == 1);
  CHECK(world.lines[0].message ==
        "p50 8 ms, was 7.1 ms until Tuesday; look first at stage database");
  world.ticks(100);
  CHECK(world.story("performance_regression").empty());
  world.snapshot.regressions[0].ongoing = false;
  world.ticks(30);
  CHECK(world.story("performance_regression") == Story{"recovering/warning", "resolved/warning"});
}

TEST_CASE("Regressions: one that leaves the list unsaid is held as not known") {
  World world;
  world.snapshot.regressions = {slower()};
  world.tick();
  world.snapshot.regressions.clear();
  world.ticks(30);
  CHECK(world.story("performance_regression") == Story{"firing/warning", "firing/warning"});
}

}  // namespace
}  // namespace ringside
