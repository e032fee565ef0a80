// A world with an objective, in which a test says how many calls each tick brings.
#pragma once

#include "tests/unit/daemon/alerts/alert_world.h"

namespace ringside {

inline ObjectiveConfig errors_objective(double target_percent = 99.9) {
  ObjectiveConfig objective;
  objective.name = "sending";
  objective.kind = "errors";
  objective.target_percent = target_percent;
  return objective;
}

struct SloWorld : World {
  explicit SloWorld(const ObjectiveConfig& objective = errors_objective()) {
    // Nothing else is to speak: no other figure of calls reaches a level.
    config.alerts.latency = {};
    config.alerts.error_rate = {};
    config.tick_ns = kMinute;  // quicker to simulate
    config.objectives = {objective};
    engine.reconfigure(config);
  }

  // So many more calls since the start, all of them at 20 ms.
  void add(std::uint64_t calls, std::uint64_t bad, const std::string& operation = "SEND_MESSAGE") {
    SeriesView& one = series(snapshot.operations, operation);
    WindowStats& all = one.windows[static_cast<std::size_t>(Window::since_start)];
    all.recorded += calls;
    all.timed += calls;
    all.errors += bad;
    one.windows[static_cast<std::size_t>(Window::five_minutes)].errors = bad;
  }
  // Ticks with so many calls each. `bad` of `calls` in each.
  void run(std::int64_t minutes, std::uint64_t calls, std::uint64_t bad) {
    for (std::int64_t i = 0; i < minutes; ++i) {
      add(calls, bad);
      tick();
    }
  }
  // Runs until an alert fires, and returns after how many minutes. -1: none does.
  std::int64_t minutes_until_firing(std::int64_t most, std::uint64_t calls, std::uint64_t bad) {
    for (std::int64_t i = 1; i <= most; ++i) {
      add(calls, bad);
      tick();
      for (const AlertTransition& t : log) {
        if (t.alert == AlertType::slo_burn && t.state == AlertState::firing) return i;
      }
    }
    return -1;
  }
  // "figure state/level", of what happened since the last call.
  Story burns() {
    Story out;
    for (const AlertTransition& t : log) {
      if (t.alert == AlertType::slo_burn)
        out.push_back(t.figure + " " + name_of(t.state) + "/" + name_of(t.level));
    }
    log.clear();
    return out;
  }
};

}  // namespace ringside
