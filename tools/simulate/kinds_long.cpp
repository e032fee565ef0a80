// Calm and trouble in one long run: what an engine keeps from one incident to the next, and whether
// it grows.
#include "tools/simulate/kinds.h"
#include "tools/simulate/plot.h"

namespace ringside::simulate {
namespace {

// Puts the trouble of a scenario into another one, so that it begins at that time.
void put_into(Scenario& to, const Scenario& trouble, Ns begin) {
  const Ns shift = begin - kLead;
  for (Effect effect : trouble.effects) {
    effect.from += shift;
    effect.until += shift;
    to.effects.push_back(effect);
  }
  for (Incident incident : trouble.incidents) {
    incident.from += shift;
    incident.until += shift;
    to.incidents.push_back(std::move(incident));
  }
}

// Three troubles each working day. At night the daemon is restarted.
Scenario eventful(std::uint64_t seed, double days) {
  Plot plot("eventful", seed);
  Scenario& scenario = plot.scenario;
  scenario.begin_wall = kMondayWall;
  scenario.length = ns_of(days * 86400);
  std::vector<const ScenarioKind*> troubles;
  for (const ScenarioKind& kind : scenario_kinds()) {
    if (kind.part == Part::trouble) troubles.push_back(&kind);
  }
  for (Ns day = 0; day + kDayNs <= scenario.length; day += kDayNs) {
    const Ns restart = day + ns_of(plot.random.between(1, 5) * 3600);
    plot.effect(Do::restart_daemon, restart, restart + plot.seconds(1, 6));
    for (const double hour : {9.5, 12.5, 15.5}) {
      const ScenarioKind& kind = *troubles[plot.random.below(troubles.size())];
      put_into(scenario, kind.make(plot.random.next(), 1),
               day + ns_of((hour + plot.random.part()) * 3600));
    }
  }
  return std::move(scenario);
}

}  // namespace

std::vector<ScenarioKind> long_kinds() {
  return {
      {"eventful", "days with three troubles each", Part::long_run, eventful},
  };
}

}  // namespace ringside::simulate
