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

// A try every half minute from one address, each at another account: too slow for any count by the
// minute, and for the server's own block.
Scenario guessing_hidden(std::uint64_t seed, double) {
  Plot plot("guessing_hidden", seed);
  const Ns until = plot.at + plot.minutes(40, 60);
  plot.effect(Do::guess, plot.at, until, 1 / plot.random.between(20, 30), 1);
  plot.incident(plot.at, until, {"security_threat"});
  return plot.end(until);
}

// One account, from hundreds of addresses: none of them stands out.
Scenario guessing_one_account(std::uint64_t seed, double) {
  Plot plot("guessing_one_account", seed);
  const Ns until = plot.at + plot.minutes(30, 50);
  Effect& effect = plot.effect(Do::guess, plot.at, until, 1 / plot.random.between(6, 12), 200);
  effect.only_account = true;
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
      {"guessing_hidden", "a wrong password each 25 s, from one address for many accounts",
       Part::trouble, guessing_hidden},
      {"guessing_one_account", "a wrong password each 9 s for one account, from many addresses",
       Part::trouble, guessing_one_account},
      {"bad_tokens", "rejected tokens", Part::trouble, bad_tokens},
      {"rate_limit_storm", "calls that are refused for their rate", Part::trouble,
       rate_limit_storm},
      {"traffic_gone", "nearly all clients are cut off", Part::trouble, traffic_gone},
      {"traffic_explodes", "a dozen times as much traffic", Part::trouble, traffic_explodes},
  };
}

}  // namespace ringside::simulate
