// What the monitor hands over to the history.
#include <algorithm>
#include <map>

#include "daemon/rings/ring_names.h"
#include "tests/unit/daemon/run/monitor_world.h"
#include "tests/unit/report/watched_world.h"

namespace ringside {
namespace {

struct Recorded {
  std::vector<std::shared_ptr<const HistoryBatch>> batches;
  bool refuses = false;
  Monitor::HandOver hand_over() {
    return [this](std::shared_ptr<const HistoryBatch> batch) {
      if (!refuses) batches.push_back(std::move(batch));
      return !refuses;
    };
  }
  // The calls of each minute, as a history keeps them: the fullest row.
  std::uint64_t calls() const {
    std::map<std::int64_t, std::uint64_t> minutes;
    for (const auto& batch : batches) {
      for (const HistorySeries& series : batch->span.series) {
        for (const HistorySlot& slot : series.slots) {
          std::uint64_t& count = minutes[slot.begin_wall_s];
          count = std::max(count, slot.count());
        }
      }
    }
    std::uint64_t sum = 0;
    for (const auto& [begin, count] : minutes) sum += count;
    return sum;
  }
  std::vector<std::string> marks() const {
    std::vector<std::string> texts;
    for (const auto& batch : batches) {
      for (const HistoryMark& mark : batch->span.marks)
        texts.push_back(std::string(name_of(mark.kind)) + ": " + mark.text);
    }
    return texts;
  }
};

}  // namespace

TEST_CASE("MonitorHistory: one batch a minute, and the last words have the minute under way") {
  World world;
  Recorded recorded;
  Monitor monitor = world.monitor();
  monitor.record_history(recorded.hand_over());
  world.make_server();
  for (int i = 0; i < 60; ++i) {
    world.send(3, kMillisecond);
    world.tick(monitor);
  }
  // Five minutes, and what was before the first.
  CHECK(recorded.batches.size() == 6);
  CHECK(recorded.calls() < 180);
  world.send(3, kMillisecond);
  monitor.last(world.now);
  CHECK(recorded.batches.size() == 7);
  CHECK(recorded.calls() == 183);
  CHECK(recorded.batches.back()->made_wall_s == world.now.realtime_ns / kSecond);
}

TEST_CASE(
    "MonitorHistory: a daemon that is killed and goes on from its state has every call once") {
  World world;
  Recorded recorded;
  std::uint64_t sent = 0;
  {
    Monitor monitor = world.monitor();
    monitor.record_history(recorded.hand_over());
    world.make_server();
    for (int i = 0; i < 40; ++i) {
      world.send(3, kMillisecond);
      sent += 3;
      world.tick(monitor);
    }
  }
  // Killed: the last state is all that is known. The batches of the last minutes were lost.
  const SavedState saved = world.outputs.states.back();
  recorded.batches.resize(1);
  world.step(300 * kSecond);
  Monitor next = world.monitor();
  std::string why;
  REQUIRE(next.restore(saved, world.now, &why));
  next.record_history(recorded.hand_over());
  for (int i = 0; i < 40; ++i) {
    world.send(3, kMillisecond);
    sent += 3;
    world.tick(next);
  }
  next.last(world.now);
  CHECK(recorded.calls() == sent);
  const std::vector<std::string> marks = recorded.marks();
  bool gap = false;
  for (const std::string& mark : marks) gap = gap || mark.starts_with("gap: no daemon until");
  CHECK(gap);
}

TEST_CASE("MonitorHistory: a reload is marked with what it changed") {
  World world;
  Recorded recorded;
  Monitor monitor = world.monitor();
  monitor.record_history(recorded.hand_over());
  world.tick(monitor);
  Config config = world.config;
  config.alerts.clear_after_ns = 7 * kSecond;
  config.report_keep = 3;
  monitor.reconfigure(config, world.now);
  REQUIRE_FALSE(recorded.marks().empty());
  CHECK(recorded.marks().back() == "reload: reports.keep = 3; alerts.clear_after = \"7s\"");
}

TEST_CASE("MonitorHistory: the configuration in force comes with its thresholds, from when on") {
  World world;
  Recorded recorded;
  Monitor monitor = world.monitor();
  const std::int64_t started = world.now.realtime_ns;
  monitor.record_history(recorded.hand_over());
  world.tick(monitor);
  Config config = world.config;
  config.thresholds.response_ns = 77'000'000;
  monitor.reconfigure(config, world.now);
  REQUIRE_FALSE(recorded.batches.empty());
  const auto& both = recorded.batches.back()->span.configurations;
  REQUIRE(both.size() == 2);
  CHECK(both[0].wall_ns == started);
  CHECK(both[0].thresholds == world.config.thresholds);
  CHECK(both[1].wall_ns == world.now.realtime_ns);
  CHECK(both[1].thresholds == config.thresholds);
  CHECK(both[1].changed.find("77ms") != std::string::npos);
  CHECK(both[1].text.size() > both[1].changed.size());
  monitor.last(world.now);
  CHECK(recorded.batches.back()->span.configurations.size() == 1);
}

TEST_CASE("MonitorHistory: what the history can't take is said once, and ticks go on") {
  World world;
  Recorded recorded;
  recorded.refuses = true;
  Monitor monitor = world.monitor();
  monitor.record_history(recorded.hand_over());
  for (int i = 0; i < 40; ++i) world.tick(monitor);
  CHECK(world.said.count("the history is not written") == 1);
}

TEST_CASE("MonitorHistory: what the days before make of a slower operation is an alert") {
  World world;
  watched::World days(7);
  days.ring = resolve_ring(world.config.rings[0]).name;
  for (watched::Operation& operation : days.operations) operation.calls = 60;
  days.change = [](watched::Operation& operation, std::int64_t now) {
    if (operation.name == "SEND" && now >= watched::kMonday + 3 * watched::kDay)
      operation.median_ms *= 1.5;
  };
  days.run_days(3.1);
  Recorded recorded;
  Monitor monitor = world.monitor();
  monitor.record_history(recorded.hand_over());
  std::promise<RegressionWatch> past;
  monitor.watch_regressions(past.get_future());
  const Monitor::Published reading = world.tick(monitor);
  CHECK(reading->regression_watch.reading);
  past.set_value(days.watch);
  const Monitor::Published snapshot = world.tick(monitor);
  CHECK(snapshot->regression_watch.watched == 10);
  REQUIRE(snapshot->regressions.size() == 1);
  REQUIRE_FALSE(world.outputs.told.empty());
  CHECK(world.outputs.told[0].alert == AlertType::performance_regression);
  CHECK(world.outputs.told[0].operation == "SEND");
}

TEST_CASE("MonitorHistory: once an hour advice is looked for, in the snapshot of then") {
  World world;
  Recorded recorded;
  Monitor monitor = world.monitor();
  monitor.record_history(recorded.hand_over());
  std::vector<std::int64_t> looks;
  for (int i = 0; i < 3 * 720; ++i) {
    world.tick(monitor);
    for (const auto& batch : recorded.batches) {
      if (batch->advise_on) looks.push_back(batch->advise_on->wall_ns / kSecond);
    }
    recorded.batches.clear();
  }
  REQUIRE(looks.size() == 3);
  for (const std::int64_t look : looks) CHECK(look % 3600 < 120);
}

TEST_CASE("MonitorHistory: without a history nothing is compared, and the snapshot says so") {
  World world;
  Monitor monitor = world.monitor();
  CHECK_FALSE(world.tick(monitor)->regression_watch.on);
}

}  // namespace ringside
