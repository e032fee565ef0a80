// What the monitor hands over to the history.
#include <algorithm>
#include <map>

#include "tests/unit/daemon/run/monitor_world.h"

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

TEST_CASE("MonitorHistory: what the history can't take is said once, and ticks go on") {
  World world;
  Recorded recorded;
  recorded.refuses = true;
  Monitor monitor = world.monitor();
  monitor.record_history(recorded.hand_over());
  for (int i = 0; i < 40; ++i) world.tick(monitor);
  CHECK(world.said.count("the history is not written") == 1);
}

}  // namespace ringside
