// Calm: whatever is said here is a false alarm.
#include <algorithm>

#include "tools/simulate/kinds.h"
#include "tools/simulate/plot.h"

namespace ringside::simulate {
namespace {

// One day of ordinary operation, from `day` on.
void ordinary_day(Plot& plot, Ns day) {
  Random& random = plot.random;
  const auto at_hour = [&](double low, double high) {
    return day + ns_of(random.between(low, high) * 3600);
  };
  // Two deploys, one before noon and one after: an orderly stop of some seconds. The password check
  // is slow until its memory is warm.
  for (const Ns deploy : {at_hour(9, 11.5), at_hour(13, 18)}) {
    const Ns back = deploy + plot.seconds(2, 8);
    plot.effect(Do::close, deploy, back);
    plot.effect(Do::slow_logins, back, back + 15 * kSecondNs, 300);
  }
  Ns begin = at_hour(1, 2);
  plot.effect(Do::restart_daemon, begin, begin + plot.seconds(1, 6));
  begin = at_hour(19, 20);
  plot.effect(Do::kill_daemon, begin, begin + plot.seconds(1, 6));
  begin = at_hour(20.5, 21.5);
  plot.effect(Do::sample, begin, begin + plot.minutes(20, 60), 0, 10);
  // A backup at night takes what the processors have left, and something else some of it at noon.
  begin = at_hour(2.5, 3.5);
  plot.effect(Do::busy_host, begin, begin + plot.minutes(10, 30), random.between(88, 97));
  begin = at_hour(11.7, 12.8);
  plot.effect(Do::busy_host, begin, begin + plot.minutes(3, 10), random.between(50, 70));
  begin = at_hour(14, 16);
  plot.effect(Do::traffic, begin, begin + plot.minutes(2, 6), random.between(1.3, 1.8));
  // The clock is set by a second or two; now and then the machine sleeps.
  begin = at_hour(4, 5);
  plot.effect(Do::step_clock, begin, begin, random.between(-2, 2));
  if (random.chance(0.5)) {
    begin = at_hour(22, 23.5);
    plot.effect(Do::suspend, begin, begin, random.between(60, 3600));
  }
}

Scenario everyday(std::uint64_t seed, double days) {
  Plot plot("everyday", seed);
  plot.scenario.begin_wall = kMondayWall + static_cast<Ns>(seed % 7) * kDayNs;
  plot.scenario.length = ns_of(days * 86400);
  plot.effect(Do::slow_logins, 0, 15 * kSecondNs, 300);
  for (Ns day = 0; day < plot.scenario.length; day += kDayNs) ordinary_day(plot, day);
  std::erase_if(plot.scenario.effects,
                [&](const Effect& effect) { return effect.until >= plot.scenario.length; });
  return std::move(plot.scenario);
}

// A small server: three operations a minute, all day.
Scenario quiet(std::uint64_t seed, double days) {
  Plot plot("quiet", seed);
  plot.scenario.begin_wall = kMondayWall;
  plot.scenario.length = ns_of(days * 86400);
  plot.scenario.clients = 12;
  plot.scenario.habits.peak_per_second = 0.05;
  plot.scenario.habits.day_and_night = false;
  plot.effect(Do::slow_logins, 0, 30 * kSecondNs, 500);
  return std::move(plot.scenario);
}

}  // namespace

std::vector<ScenarioKind> calm_kinds() {
  return {
      {"everyday", "day and night, deploys, restarts, suspend, sampling, a busy host", Part::calm,
       everyday},
      {"quiet", "three operations a minute", Part::calm, quiet},
  };
}

}  // namespace ringside::simulate
