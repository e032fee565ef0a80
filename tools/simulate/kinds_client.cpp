// Trouble that comes from outside: crowds, attackers, or nobody at all.
#include "tools/simulate/kinds.h"
#include "tools/simulate/plot.h"

namespace ringside::simulate {
namespace {

Scenario connection_surge(std::uint64_t seed, double) {
  Plot plot("connection_surge", seed);
  const Ns until = plot.at + plot.minutes(2, 8);
  plot.effect(Do::connect, plot.at, until, 0, 1000 + plot.random.below(3000));
  plot.incident(plot.at, until, {"high_connections"});
  return plot.end(until);
}

Scenario guessing_fast(std::uint64_t seed, double) {
  Plot plot("guessing_fast", seed);
  const Ns until = plot.at + plot.minutes(2, 6);
  plot.effect(Do::guess, plot.at, until, plot.random.between(5, 25), 1 + plot.random.below(5));
  plot.incident(plot.at, until, {"security_threat"});
  return plot.end(until);
}

// Two tries a minute from each of many addresses: none of them is blocked.
Scenario guessing_slow(std::uint64_t seed, double) {
  Plot plot("guessing_slow", seed);
  const Ns until = plot.at + plot.minutes(15, 25);
  const std::uint64_t addresses = 20 + plot.random.below(40);
  plot.effect(Do::guess, plot.at, until, static_cast<double>(addresses) / 30, addresses);
  plot.incident(plot.at, until, {"security_threat"});
  return plot.end(until);
}

Scenario bad_tokens(std::uint64_t seed, double) {
  Plot plot("bad_tokens", seed);
  const Ns until = plot.at + plot.minutes(2, 6);
  plot.effect(Do::bad_tokens, plot.at, until, plot.random.between(2, 20),
              1 + plot.random.below(10));
  plot.incident(plot.at, until, {"security_threat"});
  return plot.end(until);
}

Scenario rate_limit_storm(std::uint64_t seed, double) {
  Plot plot("rate_limit_storm", seed);
  const Ns until = plot.at + plot.minutes(2, 6);
  plot.effect(Do::flood, plot.at, until, plot.random.between(40, 120), 2).op = Op::SEND_MESSAGE;
  plot.incident(plot.at, until, {"security_threat"});
  return plot.end(until);
}

Scenario traffic_gone(std::uint64_t seed, double) {
  Plot plot("traffic_gone", seed);
  const Ns until = plot.at + plot.minutes(4, 10);
  plot.effect(Do::gone, plot.at, until, plot.random.between(0.97, 1));
  plot.incident(plot.at, until, {"server_down"}).aftermath = 75 * kSecondNs;
  return plot.end(until);
}

Scenario traffic_explodes(std::uint64_t seed, double) {
  Plot plot("traffic_explodes", seed);
  const Ns until = plot.at + plot.minutes(3, 8);
  plot.effect(Do::traffic, plot.at, until, plot.random.between(12, 25));
  plot.incident(plot.at, until, {"system_overload"});
  return plot.end(until);
}

}  // namespace

std::vector<ScenarioKind> client_kinds() {
  return {
      {"connection_surge", "thousands of connections more", Part::trouble, connection_surge},
      {"guessing_fast", "wrong passwords from a few addresses", Part::trouble, guessing_fast},
      {"guessing_slow", "wrong passwords from many addresses, two a minute each", Part::trouble,
       guessing_slow},
      {"bad_tokens", "rejected tokens", Part::trouble, bad_tokens},
      {"rate_limit_storm", "calls that are refused for their rate", Part::trouble,
       rate_limit_storm},
      {"traffic_gone", "nearly all clients are cut off", Part::trouble, traffic_gone},
      {"traffic_explodes", "a dozen times as much traffic", Part::trouble, traffic_explodes},
  };
}

}  // namespace ringside::simulate
