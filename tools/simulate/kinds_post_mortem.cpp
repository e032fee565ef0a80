// After public post-mortems.
#include "tools/simulate/kinds.h"
#include "tools/simulate/plot.h"

namespace ringside::simulate {
namespace {

// Cloudflare, 2 July 2019: a regular expression in a new rule took every processor.
Scenario costly_rule(std::uint64_t seed, double) {
  Plot plot("costly_rule", seed);
  const Ns until = plot.at + plot.minutes(4, 10);
  plot.effect(Do::burn_cpu, plot.at, until, 395);
  plot.effect(Do::slow_stage, plot.at, until, plot.random.between(150, 300)).stage =
      Stage::validation;
  plot.incident(plot.at, until, {"system_overload", "high_latency"}).aftermath = 20 * kSecondNs;
  return plot.end(until);
}

// Google, 14 December 2020: the identity service had no quota left. Whoever is logged in goes on.
Scenario login_outage(std::uint64_t seed, double) {
  Plot plot("login_outage", seed);
  const Ns until = plot.at + plot.minutes(6, 14);
  Effect& effect = plot.effect(Do::fail, plot.at, until, 1);
  effect.op = Op::AUTHENTICATION;
  effect.code = Code::INTERNAL;
  plot.incident(plot.at, until, {"high_error_rate"}).op = Op::AUTHENTICATION;
  return plot.end(until);
}

// Slack, 4 January 2021: the network failed for a minute, then all clients came back at once.
Scenario network_blip(std::uint64_t seed, double) {
  Plot plot("network_blip", seed);
  const Ns until = plot.at + plot.seconds(90, 240);
  plot.effect(Do::gone, plot.at, until, 0.9);
  plot.incident(plot.at, until, {"server_down"}).aftermath = 90 * kSecondNs;
  return plot.end(until);
}

// Metastable failures (Bronson and others, HotOS 2021): a short trigger; then what clients repeat
// keeps the server busy.
Scenario retry_storm(std::uint64_t seed, double) {
  Plot plot("retry_storm", seed);
  const Ns until = plot.at + plot.minutes(3, 7);
  plot.effect(Do::slow_database, plot.at, until, plot.random.between(400, 900));
  plot.effect(Do::impatient, plot.at, until, 400);
  plot.incident(plot.at, until, {"database_issue"}).aftermath = 20 * kSecondNs;
  return plot.end(until);
}

// A new version fails on one call in eight, and is taken back: two deploys with the trouble
// between.
Scenario bad_deploy(std::uint64_t seed, double) {
  Plot plot("bad_deploy", seed);
  const Ns begins = plot.at + plot.seconds(3, 6);
  const Ns until = begins + plot.minutes(4, 9);
  plot.effect(Do::close, plot.at, begins);
  plot.effect(Do::fail, begins, until, plot.random.between(0.12, 0.3)).op = Op::SEND_MESSAGE;
  plot.effect(Do::close, until, until + plot.seconds(3, 6));
  plot.incident(begins, until, {"high_error_rate"}).op = Op::SEND_MESSAGE;
  return plot.end(until);
}

// GitHub, October 2018, and many since: the primary is gone for a moment, and its replacement is
// slow until its caches are warm.
Scenario failover(std::uint64_t seed, double) {
  Plot plot("failover", seed);
  const Ns moved = plot.at + plot.seconds(15, 45);
  const Ns until = moved + plot.minutes(2, 5);
  plot.effect(Do::lock_database, plot.at, moved);
  plot.effect(Do::slow_database, moved, until, plot.random.between(300, 600));
  Incident& incident = plot.hard_incident(plot.at, until, {"database_issue"});
  incident.aftermath = 10 * kSecondNs;
  return plot.end(until);
}

}  // namespace

std::vector<ScenarioKind> post_mortem_kinds() {
  return {
      {"costly_rule", "a regular expression takes every processor", Part::trouble, costly_rule},
      {"login_outage", "nobody can log in; who is logged in goes on", Part::trouble, login_outage},
      {"network_blip", "the network fails, then all clients come back", Part::trouble,
       network_blip},
      {"retry_storm", "a slow database, and clients that ask again at once", Part::trouble,
       retry_storm},
      {"bad_deploy", "a new version fails now and then, and is taken back", Part::trouble,
       bad_deploy},
      {"failover", "the database is gone for a moment, then slow", Part::trouble, failover},
  };
}

}  // namespace ringside::simulate
