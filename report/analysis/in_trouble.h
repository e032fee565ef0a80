// Which rings had an incident: what went on then is not learned as usual.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "report/model/incidents.h"

namespace ringside {

// Rings with an incident in the minute or hour that begins then; an empty name is the host. An
// incident that a performance_regression began does not count: a change that stays must become
// usual. Of one that lasts for days the first day counts: after that, it is what is usual.
std::set<std::string> in_trouble(const std::vector<IncidentView>& incidents,
                                 std::int64_t begin_wall_s, std::int64_t seconds);

}  // namespace ringside
