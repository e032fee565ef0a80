// A server whose calls are usual, for what is learnt and what is judged by it.
#pragma once

#include <string>

#include "daemon/alerts/normals.h"
#include "tests/unit/daemon/alerts/alert_world.h"

namespace ringside {

inline constexpr int kMinuteTicks = 12;
inline constexpr int kHourTicks = 60 * kMinuteTicks;

// A server whose tracing is on, with one operation that nobody set a threshold for.
struct Normal : World {
  Normal() {
    snapshot.rings[0].enabled = true;
    snapshot.operations.clear();
    history(0.01);
  }
  // `per_second` calls, each of so many ms. Every window has what it would hold by then.
  void flow(const std::string& name, double per_second, double ms, std::uint64_t errors = 0) {
    SeriesView& one = series(snapshot.operations, name);
    const auto of = [&](double seconds) {
      WindowStats stats = window_of(static_cast<std::uint64_t>(per_second * seconds), errors, ms);
      stats.seconds = seconds;
      return stats;
    };
    one.last_5s = of(5);
    one.last_15s = of(15);
    one.windows[static_cast<std::size_t>(Window::minute)] = of(60);
    one.windows[static_cast<std::size_t>(Window::five_minutes)] = of(300);
    if (!recent_only) one.windows[static_cast<std::size_t>(Window::hour)] = of(3600);
  }
  void history(double ms) { flow("HISTORY", 10, ms); }
  // What each window of an episode's first minutes has, while the hour is as it was.
  void now(double per_second, double ms = 0.01, std::uint64_t errors = 0) {
    recent_only = true;
    flow("HISTORY", per_second, ms, errors);
    recent_only = false;
  }
  void minutes(int count) { ticks(count * kMinuteTicks); }
  // The texts of what fired since the last call.
  Story fired() {
    Story out;
    for (const AlertTransition& t : log) {
      if (t.state == AlertState::firing)
        out.push_back(fmt::format("{} {} {} {}: {}", name_of(t.alert), t.figure, name_of(t.level),
                                  t.operation.empty() ? "-" : t.operation, t.message));
    }
    log.clear();
    return out;
  }
  bool recent_only = false;
};

}  // namespace ringside
