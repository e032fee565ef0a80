// What the history teaches a daemon that starts.
#include "daemon/history/replay.h"

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "daemon/history/history_store.h"
#include "tests/support/temp.h"
#include "tests/unit/daemon/said.h"
#include "tests/unit/report/watched_world.h"

using namespace ringside;

namespace {

constexpr std::uint64_t kReplaySeed = 7;
const std::atomic<bool> go_on{false};

// A world whose minutes go into a history file.
struct Kept {
  explicit Kept(const HistoryLimits& limits = {}) : world(kReplaySeed) {
    std::string moved;
    REQUIRE_FALSE(store.open(path, limits, &moved));
    for (watched::Operation& operation : world.operations) operation.calls = 60;
    world.also = [this](const std::vector<HistorySeries>& batch) {
      minutes.series.insert(minutes.series.end(), batch.begin(), batch.end());
      minutes.rings.push_back({"chat", {{world.now, 60, 0, 60, 0}}});
      if (world.now % 3600 == 3540) store.write(std::exchange(minutes, {}));
    };
  }
  RegressionWatch replayed() const { return replay_history(path, {}, world.now, go_on); }

  test::TempDir directory;
  std::string path = directory.file("history.db");
  HistoryStore store;
  HistorySpan minutes;
  watched::World world;
};

std::vector<std::string> texts_of(const RegressionWatch& watch) {
  std::vector<std::string> texts;
  for (const RegressionView& one : watch.regressions()) texts.push_back(one.text);
  return texts;
}

}  // namespace

TEST_CASE("HistoryReplay: a daemon that starts judges as one that never ended") {
  Kept kept;
  const std::int64_t change = watched::kMonday + 3 * watched::kDay + 2 * watched::kHour;
  kept.world.change = [&](watched::Operation& operation, std::int64_t now) {
    if (operation.name == "SEND" && now >= change) operation.median_ms *= 1.5;
  };
  kept.world.run(change + watched::kHour);
  REQUIRE(kept.world.watch.regressions().size() == 1);
  const RegressionWatch replayed = kept.replayed();
  CHECK(texts_of(replayed) == texts_of(kept.world.watch));
  CHECK(replayed.watched_figures() == kept.world.watch.watched_figures());
}

TEST_CASE("HistoryReplay: days whose minutes are gone teach by their hours") {
  HistoryLimits limits;
  limits.keep_minutes_s = 86'400;
  Kept kept(limits);
  kept.world.run_days(4);
  kept.store.tidy(kept.world.now + HistoryStore::kHourSettlesS);
  CHECK(kept.replayed().watched_figures() == 10);
  limits.keep_hours_s = 86'400;
  kept.store.set_limits(limits);
  kept.store.tidy(kept.world.now + HistoryStore::kHourSettlesS);
  CHECK(kept.replayed().watched_figures() == 0);
}

TEST_CASE("HistoryReplay: what an incident kept unusual is not learned") {
  Kept kept;
  kept.world.run_days(3);
  REQUIRE(kept.replayed().watched_figures() == 10);
  HistorySpan of_incidents;
  for (int day = 0; day < 3; ++day) {
    IncidentView& incident = of_incidents.incidents.emplace_back();
    incident.id = "I" + std::to_string(day);
    incident.ring = "chat";
    incident.began_wall_ns = (watched::kMonday + day * watched::kDay) * 1'000'000'000;
    incident.ended_wall_ns = incident.began_wall_ns + watched::kDay * 1'000'000'000;
  }
  kept.store.write(of_incidents);
  CHECK(kept.replayed().watched_figures() == 0);
}

TEST_CASE(
    "HistoryReplay: a pinned baseline that the history no longer has is said, and passed over") {
  const test::Said said;
  Kept kept;
  kept.world.run_days(3);
  const auto replayed = [&](std::int64_t begin, std::int64_t end) {
    RegressionOptions pinned;
    pinned.pinned_begin_wall_s = begin;
    pinned.pinned_end_wall_s = end;
    return replay_history(kept.path, pinned, kept.world.now, go_on);
  };
  const RegressionWatch gone =
      replayed(watched::kMonday - 20 * watched::kDay, watched::kMonday - 10 * watched::kDay);
  CHECK(said.count("history.db.baseline: the history no longer has two days of the pinned "
                   "baseline, from 2026-02-10T00:00:00") == 1);
  CHECK(said.count("the past week is what is usual") == 1);
  CHECK_FALSE(gone.options().pinned());
  CHECK(gone.watched_figures() == 10);
  // A day of it is left. No hour is known twice.
  CHECK_FALSE(replayed(watched::kMonday - 3 * watched::kDay, watched::kMonday + watched::kDay)
                  .options()
                  .pinned());
  CHECK(said.count("no longer has two days") == 2);
  const std::int64_t two_days = watched::kMonday + 2 * watched::kDay;
  const RegressionWatch left = replayed(watched::kMonday - 5 * watched::kDay, two_days);
  CHECK(left.options().pinned());
  CHECK(left.watched_figures() == 10);
  CHECK(said.count("what is usual is the pinned baseline, from 2026-02-25T00:00:00") == 1);
  // One that has not ended yet.
  CHECK(replayed(kept.world.now - watched::kHour, kept.world.now + 7 * watched::kDay)
            .options()
            .pinned());
  CHECK(said.count("no longer has two days") == 2);
  // The file itself is gone.
  RegressionOptions pinned;
  pinned.pinned_begin_wall_s = watched::kMonday;
  pinned.pinned_end_wall_s = two_days;
  CHECK_FALSE(replay_history(kept.directory.file("other.db"), pinned, kept.world.now, go_on)
                  .options()
                  .pinned());
  CHECK(said.count("other.db.baseline: the history no longer has two days") == 1);
}

TEST_CASE("HistoryReplay: days in which no daemon looked end no regression") {
  Kept kept;
  const std::int64_t change = watched::kMonday + 3 * watched::kDay;
  kept.world.change = [&](watched::Operation& operation, std::int64_t now) {
    if (operation.name == "SEND" && now >= change) operation.median_ms *= 1.5;
  };
  kept.world.run(change + watched::kHour);
  kept.world.now += 10 * watched::kHour;
  kept.world.run(kept.world.now + watched::kHour);
  const auto found = kept.replayed().regressions();
  REQUIRE(found.size() == 1);
  CHECK(found[0].ongoing);
  CHECK(texts_of(kept.replayed()) == texts_of(kept.world.watch));
}

TEST_CASE("HistoryReplay: a regression that is over is kept as long as its alert needs it") {
  Kept kept;
  const std::int64_t change = watched::kMonday + 3 * watched::kDay;
  kept.world.change = [&](watched::Operation& operation, std::int64_t now) {
    if (operation.name == "SEND" && now >= change && now < change + watched::kHour)
      operation.median_ms *= 1.5;
  };
  kept.world.run(change + 3 * watched::kHour);
  CHECK(kept.replayed().regressions().empty());
  RegressionOptions options;
  options.kept_s = 3 * watched::kHour;
  CHECK(replay_history(kept.path, options, kept.world.now, go_on).regressions().size() == 1);
}

TEST_CASE("HistoryReplay: no file teaches nothing, a damaged one says so, and one can be stopped") {
  const test::TempDir directory;
  const std::string path = directory.file("history.db");
  CHECK(replay_history(path, {}, watched::kMonday, go_on).watched_figures() == 0);
  std::ofstream(path) << std::string(8192, 'x');
  CHECK_THROWS_WITH_AS(replay_history(path, {}, watched::kMonday, go_on),
                       doctest::Contains("cannot read the history"), std::runtime_error);
  Kept kept;
  kept.world.run_days(3);
  CHECK(replay_history(kept.path, {}, kept.world.now, std::atomic<bool>{true}).watched_figures() ==
        0);
  HistoryReplay replay;
  auto future = replay.start(kept.path, {}, kept.world.now);
  CHECK(future.get().watched_figures() == 10);
  // One that is stopped at once has ended, and says nothing of a baseline that it did not look at.
  const test::Said said;
  RegressionOptions pinned;
  pinned.pinned_begin_wall_s = watched::kMonday;
  pinned.pinned_end_wall_s = kept.world.now;
  const RegressionWatch stopped =
      replay_history(kept.path, pinned, kept.world.now, std::atomic<bool>{true});
  CHECK(stopped.options().pinned());
  CHECK(said.lines().empty());
  HistoryReplay short_one;
  auto ended = short_one.start(kept.path, {}, kept.world.now);
  short_one.stop();
  CHECK(ended.wait_for(std::chrono::seconds(0)) == std::future_status::ready);
}
