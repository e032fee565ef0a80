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
    taken.rings[0].ticks_per_second = ticks_per_second;
    feed.fill_in(taken);
    return taken;
  }
  void begin(bool ready) {
    feed.begin(past.get_future());
    if (ready) past.set_value(world.watch);
  }
  std::string ring = "chat";  // that is watched now
  double ticks_per_second = 0;  // not known
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

TEST_CASE("RegressionFeed: minutes beyond an hour that wait for the past are left out, said once") {
  const test::Said said;
  Fed fed;
  fed.begin(false);
  fed.world.run(kChange + watched::kHour);
  CHECK(said.count("is still not read: 60 minutes wait for it") == 0);
  fed.world.run(kChange + watched::kHour + 300);
  CHECK(said.count("is still not read: 60 minutes wait for it") == 1);
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

TEST_CASE("RegressionFeed: a change of less than ten ticks of the ring's clock is none") {
  const auto found = [](double ticks_per_second, bool while_reading) {
    Fed fed;
    fed.ticks_per_second = ticks_per_second;
    fed.begin(!while_reading);
    const RegressionWatch before = fed.world.watch;
    fed.snapshot();
    fed.world.run(kChange + watched::kHour);
    if (while_reading) fed.past.set_value(before);
    return fed.snapshot().regressions.size();
  };
  // SEND takes 2.5 ms longer.
  for (const bool while_reading : {false, true}) {
    CHECK(found(1'000, while_reading) == 0);
    CHECK(found(1e9, while_reading) == 1);
  }
  // A server that starts later.
  {
    Fed fed;
    fed.begin(true);
    fed.snapshot();
    fed.ticks_per_second = 1'000;
    fed.snapshot();
    fed.world.run(kChange + watched::kHour);
    CHECK(fed.snapshot().regressions.empty());
  }
  // What the past had found is none either.
  Fed fed;
  fed.ticks_per_second = 1'000;
  fed.world.run(kChange + watched::kHour);
  REQUIRE(fed.world.watch.regressions().size() == 1);
  fed.begin(true);
  CHECK(fed.snapshot().regressions.empty());
}

TEST_CASE("RegressionFeed: minutes without a call are minutes, too") {
  Fed fed;
  fed.begin(true);
  fed.world.run(kChange + watched::kHour);
  REQUIRE(fed.snapshot().regressions.size() == 1);
  for (int minute = 0; minute < 245; ++minute, fed.world.now += 60) {
    HistorySpan quiet;
    quiet.rings = {{"chat", {{fed.world.now, 60, 0, 60, 0}}}};
    fed.feed.add(quiet);
  }
  REQUIRE(fed.snapshot().regressions.size() == 1);
  CHECK(fed.snapshot().regressions[0].ending == RegressionView::Ending::not_seen);
}

TEST_CASE("RegressionFeed: the snapshot says which baseline is compared with") {
  Fed fed;
  fed.begin(true);
  CHECK_FALSE(fed.snapshot().regression_watch.pinned());
  RegressionOptions options;
  options.pinned_begin_wall_s = watched::kMonday;
  options.pinned_end_wall_s = kChange;
  std::promise<RegressionWatch> past;
  past.set_value(RegressionWatch(options));
  RegressionFeed pinned;
  pinned.begin(past.get_future());
  Snapshot snapshot;
  pinned.fill_in(snapshot);
  CHECK(snapshot.regression_watch.pinned_begin_wall_ns == watched::kMonday * 1'000'000'000);
  CHECK(snapshot.regression_watch.pinned_end_wall_ns == kChange * 1'000'000'000);
}

TEST_CASE("RegressionFeed: an incident that goes on is one after the clock was set back") {
  const auto watched_with = [](bool incident) {
    Fed fed;
    fed.past.set_value(RegressionWatch());
    fed.feed.begin(fed.past.get_future());
    fed.world.change = [&](watched::Operation& operation, std::int64_t now) {
      if (operation.name != "SEND") return;
      Snapshot snapshot;
      snapshot.wall_ns = (now + 30) * 1'000'000'000;
      if (incident) {
        IncidentView& one = snapshot.incidents.emplace_back();
        one.id = "it began when the clock was ahead";
        one.ring = "chat";
        one.began_wall_ns = snapshot.wall_ns + 5 * watched::kDay * 1'000'000'000;
      }
      fed.feed.follow(snapshot);
    };
    fed.world.run_days(2.9);
    return fed.snapshot().regression_watch.watched;
  };
  CHECK(watched_with(false) == 10);
  CHECK(watched_with(true) == 0);
}
