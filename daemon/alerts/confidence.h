// How sure a rule must be of a share of calls, derived from `alerts.false_alarms`.
//
// "1 per 90d" with a tick of 5 s: 1,555,200 ticks may raise one alert by chance, of all the shares
// that are judged at each. With 20 operations and one ring there are 45 of them, so each may raise
// 1.4e-8 alerts a tick. An alert takes 3 of 5 ticks, which happens in 10 ways, and by chance alone
// the ticks don't depend on each other: each may be over with p = (1.4e-8 / 10)^(1/3) = 1.1e-3.
// That is 3.1 standard deviations, the z of evidence.h.
#pragma once

#include <cstddef>

#include "daemon/config/config.h"

namespace ringside {

// How many shares of calls are judged, at least one: latency and errors of each operation; errors,
// rollbacks, slow transactions and the database's errors of each ring; one for each burn rule of an
// objective.
std::size_t judged_shares(const Config& config, std::size_t operations, std::size_t rings);

// For a share that is judged at each tick and raised by raise_ticks of of_ticks.
double tick_z(const Config& config, std::size_t shares);
// For a share over windows of hours, which changes little from tick to tick. It is a new one with
// each slot of an objective (objectives.h), and raises at once.
double slot_z(const Config& config, std::size_t shares);

}  // namespace ringside
