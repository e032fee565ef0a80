#include "daemon/alerts/confidence.h"

#include <algorithm>
#include <cmath>

#include "daemon/alerts/evidence.h"

namespace ringside {
namespace {

// How many alerts one share may raise by chance alone at one of its looks.
double allowed(const Config& config, std::size_t shares, std::int64_t every_ns) {
  const Frequency& often = config.alerts.false_alarms;
  const double looks = static_cast<double>(often.per_ns) / static_cast<double>(every_ns);
  return static_cast<double>(often.times) / (looks * static_cast<double>(shares));
}

}  // namespace

std::size_t judged_shares(const Config& config, std::size_t operations, std::size_t rings) {
  std::size_t shares = 2 * operations + 4 * rings + 1;
  for (const ObjectiveConfig& objective : config.objectives) shares += burn_rules(objective).size();
  return shares;
}

double tick_z(const Config& config, std::size_t shares) {
  const auto raise = static_cast<double>(config.alerts.raise_ticks);
  const auto of = static_cast<double>(config.alerts.of_ticks);
  // raise_ticks of of_ticks can be over in so many ways.
  const double ways =
      std::exp(std::lgamma(of + 1) - std::lgamma(raise + 1) - std::lgamma(of - raise + 1));
  return z_of(std::pow(std::min(0.5, allowed(config, shares, config.tick_ns) / ways), 1 / raise));
}

double slot_z(const Config& config, std::size_t shares) {
  return z_of(allowed(config, shares, std::max(kSloSlotNs, config.tick_ns)));
}

}  // namespace ringside
