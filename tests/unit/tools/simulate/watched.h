// A scenario as a test looks at it: the snapshots at chosen times, and figures of them.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "tools/simulate/world.h"

namespace ringside::simulate::test {

inline constexpr Ns kTick = 5 * kSecondNs;

// Ticks as the daemon does it.
class Watched {
 public:
  explicit Watched(const Scenario& scenario) : world(scenario, Thresholds{}) {}

  // The snapshot of the first tick at that time or later.
  const Snapshot& at(Ns since_begin) {
    while (reached_ < since_begin) {
      reached_ += kTick;
      world.advance(reached_);
      if (world.daemon_there()) last_ = world.tick();
    }
    return last_;
  }

  World world;

 private:
  Ns reached_ = 0;
  Snapshot last_;
};

inline const SeriesView& series(const std::vector<SeriesView>& in, std::string_view name) {
  const auto found =
      std::find_if(in.begin(), in.end(), [&](const SeriesView& one) { return one.name == name; });
  REQUIRE_MESSAGE(found != in.end(), name);
  return *found;
}
inline const WindowStats& minute_of(const Snapshot& snapshot, Op op) {
  return series(snapshot.operations, name_of(op)).window(Window::minute);
}
inline const WindowStats& minute_of(const Snapshot& snapshot, Event event) {
  return series(snapshot.events, kEventNames[static_cast<std::size_t>(event)])
      .window(Window::minute);
}
inline double p95_ms(const Snapshot& snapshot, Op op) {
  return minute_of(snapshot, op).quantile_ns(0.95) / 1e6;
}
inline std::uint64_t calls_in_minute(const Snapshot& snapshot) {
  std::uint64_t calls = 0;
  for (const SeriesView& operation : snapshot.operations)
    calls += operation.window(Window::minute).count();
  return calls;
}

// Steady traffic at the day's peak, with these effects and no others.
inline Scenario steady(Effects effects, Ns length = 20 * kMinuteNs) {
  Scenario scenario;
  scenario.kind = "steady";
  scenario.seed = 7;
  scenario.length = length;
  scenario.habits.day_and_night = false;
  scenario.effects = std::move(effects);
  return scenario;
}
inline Effect effect(Do what, Ns from, Ns until, double amount = 0, std::uint64_t count = 0) {
  Effect out;
  out.what = what;
  out.from = from;
  out.until = until;
  out.amount = amount;
  out.count = count;
  return out;
}

}  // namespace ringside::simulate::test
