#include "tools/simulate/world.h"

#include <algorithm>
#include <set>

namespace ringside::simulate {
namespace {

Site site_of(const Scenario& scenario) {
  Site site(scenario.seed * 0x9e3779b97f4a7c15U + 1, scenario.habits);
  site.wall_minus_monotonic = scenario.begin_wall - kWorldBegin;
  return site;
}

}  // namespace

World::World(const Scenario& scenario, const Thresholds& thresholds)
    : effects_(scenario.effects),
      thresholds_(thresholds),
      site_(site_of(scenario)),
      server_(site_, [this](const Request& request) { clients_.answered(request); }),
      clients_(site_, scenario.clients,
               [this](Request request) {
                 ++requests_;
                 return server_.take(std::move(request));
               }),
      machine_(scenario.seed),
      observer_(site_) {
  std::set<Ns> instants;
  for (const Effect& effect : effects_) {
    instants.insert(effect.from);
    instants.insert(effect.until);
  }
  for (const Ns instant : instants) site_.agenda.add(kWorldBegin + instant, What::effects_change);
  site_.agenda.add(kWorldBegin + kSecondNs, What::second);
}

void World::advance(Ns since_begin) {
  Due due;
  while (site_.agenda.take(kWorldBegin + since_begin, due)) {
    site_.now = due.at;
    handle(due);
  }
  site_.now = kWorldBegin + since_begin;
}

void World::handle(const Due& due) {
  switch (due.what) {
    case What::client_acts: return clients_.act(due.who, due.stamp);
    case What::client_gives_up: return clients_.give_up(due.who, due.stamp);
    case What::thread_done: return server_.thread_done(due.who, due.stamp);
    case What::writer_done: return server_.database().writer_done(due.stamp);
    case What::writer_again: return server_.database().writer_again(due.stamp);
    case What::news: return server_.news(due.who, due.stamp);
    case What::attack: return clients_.attack(due.who, due.stamp);
    case What::effects_change: return effects_change();
    case What::second:
      site_.wandering.step(site_.random);
      site_.server_mood.step(site_.random);
      machine_.second(site_, server_.cpu_seconds());
      site_.agenda.add(site_.now + kSecondNs, What::second);
      return;
  }
}

void World::effects_change() {
  const Ns since_begin = site_.now - kWorldBegin;
  const Conditions before = std::move(site_.conditions);
  site_.conditions = conditions_at(effects_, since_begin);
  const Conditions& c = site_.conditions;
  site_.ring.set(c.sampling, c.losing);
  happen_at_once();
  if (before.daemon && !c.daemon) observer_.save();
  if (!before.daemon && c.daemon) {
    observer_.restore();
    ++daemon_restarts_;
  }
  server_changes(before.up);
  if (!before.frozen && c.frozen) server_.freeze(c.frozen_until - site_.now);
  if (before.frozen && !c.frozen) server_.thaw();
  clients_.conditions_changed();
}

void World::happen_at_once() {
  for (const Effect& effect : effects_) {
    if (effect.from != site_.now - kWorldBegin) continue;
    if (effect.what == Do::step_clock || effect.what == Do::suspend)
      site_.wall_minus_monotonic += ns_of(effect.amount);
    // Every peer has given up on a machine that slept.
    if (effect.what == Do::suspend) clients_.cut_off(2 * kSecondNs, 50 * kSecondNs);
  }
}

void World::server_changes(bool was_up) {
  const bool up = site_.conditions.up;
  if (was_up && !up) {
    const Ns since_begin = site_.now - kWorldBegin;
    const bool crashed = std::any_of(effects_.begin(), effects_.end(), [&](const Effect& effect) {
      return effect.what == Do::kill && effect.from == since_begin;
    });
    server_.end();
    observer_.server_ended(crashed);
    // A server that ends in order tells its clients when to come back. A crash tells them nothing.
    if (crashed) {
      clients_.cut_off(0, 3 * kSecondNs);
    } else {
      clients_.cut_off(10 * kSecondNs, 60 * kSecondNs);
    }
  } else if (!was_up && up) {
    server_.start();
    machine_.process_started(site_, next_pid_);
    observer_.server_began(next_pid_++);
  }
}

Pulse World::pulse() { return observer_.pulse({server_, machine_, connections(), thresholds_}); }

Snapshot World::tick() { return observer_.tick({server_, machine_, connections(), thresholds_}); }

}  // namespace ringside::simulate
