// performance_regression, from what an analysis puts into the snapshot.
#include "tests/unit/daemon/alerts/reading_lines.h"

namespace ringside {
namespace {

RegressionView slower() {
  RegressionView found = {"chat", "SEND_MESSAGE", "database",
                          12.5,   true,           "p50 8 ms, was 7.1 ms until Tuesday"};
  found.lasted_s = 1800;
  return found;
}

TEST_CASE("Regressions: none is found, none is read") {
  CHECK(readings_of(World{}, "performance_regression").empty());
}

TEST_CASE("Regressions: each is a figure of its operation and stage") {
  World world;
  world.config.alerts.regression_after_ns = 0;
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

TEST_CASE("Regressions: one fires when it has lasted for alerts.regression_after") {
  World world;
  world.snapshot.regressions = {slower()};
  world.snapshot.regressions[0].lasted_s = 1799;
  world.ticks(10);
  CHECK(world.story("performance_regression").empty());
  // It passed by itself.
  world.snapshot.regressions[0].ongoing = false;
  world.snapshot.regressions[0].lasted_s = 0;
  world.ticks(10);
  CHECK(world.story("performance_regression").empty());
  world.snapshot.regressions = {slower()};
  world.tick();
  CHECK(world.story("performance_regression") == Story{"firing/warning"});
  // Found again after a restart, it is as active as before until it is told to be over.
  world.snapshot.regressions[0].lasted_s = 0;
  world.ticks(30);
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

TEST_CASE("Regressions: one that is not seen any more is held, and then given up as not known") {
  World world;
  world.snapshot.regressions = {slower()};
  world.tick();
  world.snapshot.regressions[0].ongoing = false;
  world.snapshot.regressions[0].ending = RegressionView::Ending::not_seen;
  world.ticks(30);
  CHECK(world.log.back().message.find("no data (p50 8 ms") == 0);
  CHECK(world.story("performance_regression") == Story{"firing/warning", "firing/warning"});
  world.ticks(720);  // an hour
  REQUIRE_FALSE(world.log.empty());
  CHECK(world.log.back().message.find("it is not known whether it is over") != std::string::npos);
  CHECK(world.story("performance_regression") == Story{"resolved/warning"});
}

TEST_CASE("Regressions: one that is over beside a later one of the same figure is not read") {
  World world;
  const RegressionView later = slower();
  RegressionView over = slower();
  over.ongoing = false;
  over.effect_percent = 50;
  world.snapshot.regressions = {over, later};
  CHECK(readings_of(world, "performance_regression").size() == 1);
  world.tick();
  CHECK(world.story("performance_regression") == Story{"firing/warning"});
  world.ticks(100);
  CHECK(world.story("performance_regression").empty());
  // Those of another stage, operation, ring or kind are others.
  world.snapshot.regressions[1].stage.clear();
  CHECK(readings_of(world, "performance_regression").size() == 2);
  world.snapshot.regressions[1] = later;
  world.snapshot.regressions[1].operation = "LOGIN";
  CHECK(readings_of(world, "performance_regression").size() == 2);
  world.snapshot.regressions[1] = later;
  world.snapshot.regressions[1].ring = "west";
  CHECK(readings_of(world, "performance_regression").size() == 2);
  world.snapshot.regressions[1] = later;
  world.snapshot.regressions[1].kind = RegressionView::Kind::mix_shift;
  CHECK(readings_of(world, "performance_regression").size() == 1);
}

TEST_CASE("Regressions: after a restart one is held in silence until the past has been read") {
  World world;
  world.snapshot.regressions = {slower()};
  world.tick();
  world.story("performance_regression");
  world.restart();
  world.snapshot.regressions.clear();
  world.snapshot.regression_watch = {true, true, 0, 0};
  world.ticks(1000);  // longer than alerts.hold_without_data
  CHECK(world.story("performance_regression").empty());
  world.engine.show(world.snapshot);
  REQUIRE(world.snapshot.alerts.size() == 1);
  CHECK(world.snapshot.alerts[0].last.state == AlertState::firing);
  SUBCASE("it is found again, and goes on") {
    world.snapshot.regressions = {slower()};
    world.snapshot.regression_watch.reading = false;
    world.ticks(10);
    CHECK(world.story("performance_regression").empty());
  }
  SUBCASE("it is over") {
    world.snapshot.regressions = {slower()};
    world.snapshot.regressions[0].ongoing = false;
    world.snapshot.regression_watch.reading = false;
    world.ticks(30);
    CHECK(world.story("performance_regression") == Story{"recovering/warning", "resolved/warning"});
  }
  SUBCASE("it is not found again, and is not known any more") {
    world.snapshot.regression_watch.reading = false;
    world.ticks(10);
    CHECK(world.story("performance_regression") == Story{"firing/warning"});
  }
}

}  // namespace
}  // namespace ringside
