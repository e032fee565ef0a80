// Helps to write scenarios: a beginning, effects and incidents, with sizes drawn from the seed.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tools/simulate/random.h"
#include "tools/simulate/scenario.h"

namespace ringside::simulate {

// Nothing happens for that long, before and after. An engine may learn what is normal before.
inline constexpr Ns kLead = 20 * kMinuteNs;
inline constexpr Ns kTail = 14 * kMinuteNs;

class Plot {
 public:
  // A working day between nine and five, unless changed.
  Plot(std::string kind, std::uint64_t seed) : random(seed * 31 + hash(kind)) {
    scenario.kind = std::move(kind);
    scenario.seed = seed;
    const auto day = static_cast<Ns>(random.below(5));
    scenario.begin_wall = kMondayWall + day * kDayNs + ns_of(random.between(9, 17) * 3600);
    // Not at a tick's beginning.
    at = kLead + ns_of(random.between(0, 5));
  }

  Effect& effect(Do what, Ns from, Ns until, double amount = 0, std::uint64_t count = 0) {
    Effect one;
    one.what = what;
    one.from = from;
    one.until = until;
    one.amount = amount;
    one.count = count;
    scenario.effects.push_back(one);
    return scenario.effects.back();
  }
  Incident& incident(Ns from, Ns until, std::vector<std::string> causes,
                     AlertLevel least = AlertLevel::warning) {
    Incident one;
    one.kind = scenario.kind;
    one.from = from;
    one.until = until;
    one.causes = std::move(causes);
    one.least = least;
    scenario.incidents.push_back(one);
    return scenario.incidents.back();
  }
  Incident& hard_incident(Ns from, Ns until, std::vector<std::string> causes) {
    Incident& one = incident(from, until, std::move(causes), AlertLevel::critical);
    one.hard = true;
    return one;
  }
  Ns minutes(double low, double high) { return ns_of(random.between(low, high) * 60); }
  Ns seconds(double low, double high) { return ns_of(random.between(low, high)); }

  Scenario end(Ns until) {
    scenario.length = until + kTail;
    return std::move(scenario);
  }

  Random random;
  Scenario scenario;
  Ns at;  // when the trouble begins

 private:
  // FNV-1a.
  static std::uint64_t hash(const std::string& text) {
    std::uint64_t h = 0xcbf29ce484222325U;
    for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    return h;
  }
};

}  // namespace ringside::simulate
