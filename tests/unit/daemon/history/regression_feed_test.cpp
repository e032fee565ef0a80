// The minutes of a daemon on their way to the analysis of regressions.
#include "daemon/history/regression_feed.h"

#include <doctest/doctest.h>

#include <stdexcept>

#include "tests/unit/daemon/said.h"
#include "tests/unit/report/watched_world.h"

using namespace ringside;

namespace {

constexpr std::uint64_t kSeed = 7;
constexpr std::int64_t kChange = watched::kMonday + 3 * watched::kDay;

// Three days as they always are. Then SEND is slower, and the feed gets the minutes.
struct Fed {
  Fed() : world(kSeed) {
    for (watched::Operation& operation : world.operations) operation.calls = 60;
    world.run(kChange);
    world.change = [](watched::Operation& operation, std::int64_t) {
      if (operation.name == "SEND") operation.median_ms *= 1.5;
    };
    world.also = [this](const std::vector<HistorySeries>& batch) {
      HistorySpan span;
      span.series = batch;
      feed.add(span);
    };
  }
  Snapshot snapshot() {
    Snapshot taken;
    taken.wall_ns = world.now * 1'000'000'000;
    taken.rings.resize(1);
    taken.rings[0].name = ring;
    feed.fill_in(taken);
    return taken;
  }
  void begin(bool ready) {
    feed.begin(past.get_future());
    if (ready) past.set_value(world.watch);
  }
  std::string ring = "chat";  // that is watched now
  watched::World world;
  std::promise<RegressionWatch> past;
  RegressionFeed feed;
};

}  // namespace

TEST_CASE("RegressionFeed: what became slower is in the snapshot, and names its operation") {
  Fed fed;
  fed.begin(true);
  CHECK(fed.snapshot().regression_watch.watched == 10);
  fed.world.run(kChange + watched::kHour);
  const Snapshot snapshot = fed.snapshot();
  REQUIRE(snapshot.regressions.size() == 1);
  CHECK(snapshot.regressions[0].operation == "SEND");
  CHECK(snapshot.regressions[0].since_wall_ns / 1'000'000'000 >= kChange);
  CHECK(snapshot.regression_watch.on);
  fed.ring = "another";
  CHECK(fed.snapshot().regressions.empty());
  CHECK_FALSE(snapshot.regression_watch.reading);
}

TEST_CASE("RegressionFeed: while the past is read minutes wait, and then they count") {
  Fed fed;
  fed.begin(false);
  const RegressionWatch before = fed.world.watch;
  fed.world.run(kChange + watched::kHour);
  CHECK(fed.snapshot().regression_watch.reading);
  CHECK(fed.snapshot().regressions.empty());
  fed.past.set_value(before);
  const Snapshot snapshot = fed.snapshot();
  CHECK(snapshot.regressions.size() == 1);
  CHECK_FALSE(snapshot.regression_watch.reading);
}

TEST_CASE("RegressionFeed: a past that can't be read is said, and everything is learned anew") {
  const test::Said said;
  Fed fed;
  fed.begin(false);
  fed.past.set_exception(std::make_exception_ptr(std::runtime_error("the disk is gone")));
  CHECK_FALSE(fed.snapshot().regression_watch.reading);
  CHECK(said.count("the disk is gone") == 1);
  CHECK(fed.snapshot().regression_watch.watched == 0);
}

TEST_CASE("RegressionFeed: one that is not begun says that nothing is compared") {
  Fed fed;
  fed.world.run(kChange + watched::kHour);
  CHECK_FALSE(fed.snapshot().regression_watch.on);
  CHECK(fed.snapshot().regressions.empty());
}

TEST_CASE("RegressionFeed: a regression that is over stays as long as its alert needs it") {
  Fed fed;
  fed.begin(true);
  fed.feed.keep_for(3 * watched::kHour);
  fed.world.run(kChange + watched::kHour);
  fed.world.change = {};
  fed.world.run(kChange + 3 * watched::kHour);
  REQUIRE(fed.snapshot().regressions.size() == 1);
  CHECK_FALSE(fed.snapshot().regressions[0].ongoing);
  fed.world.run(kChange + 5 * watched::kHour);
  CHECK(fed.snapshot().regressions.empty());
}

TEST_CASE("RegressionFeed: minutes with an incident are left out, those of one just over too") {
  const auto watched_with = [](bool incident) {
    Fed fed;
    fed.past.set_value(RegressionWatch());
    fed.feed.begin(fed.past.get_future());
    fed.world.change = [&](watched::Operation& operation, std::int64_t now) {
      if (operation.name != "SEND" || now % 60 != 0) return;
      Snapshot snapshot;
      snapshot.wall_ns = (now + 30) * 1'000'000'000;
      // Each lasts for half a minute, and is shown only then.
      if (incident) {
        IncidentView& one = snapshot.incidents.emplace_back();
        one.id = std::to_string(now);
        one.ring = "chat";
        one.began_wall_ns = now * 1'000'000'000;
      }
      fed.feed.follow(snapshot);
    };
    fed.world.run_days(3);
    return fed.snapshot().regression_watch.watched;
  };
  CHECK(watched_with(false) == 10);
  CHECK(watched_with(true) == 0);
}
