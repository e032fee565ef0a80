// A real daemon's alert log, scored as a simulated one is: the reference server's load says when
// its incidents began and ended. So the simulator is held against reality.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/simulate/policy.h"
#include "tools/simulate/scenario.h"
#include "tools/simulate/score.h"

namespace ringside::simulate {

// What ringside-chatload wrote with --json: its incidents, on a time that begins with the load.
// Incidents that did not take place are left out. Nothing, and `why`, when it is no such file.
std::optional<Scenario> truth_of(const std::string& json, std::string* why);

// The lines of incidents in an alert log, logfmt or JSON, of the scenario's time. Lines of another
// kind, or that are cut off, are passed over.
std::vector<Line> lines_of_log(const std::string& log, const Scenario& scenario);

// A table of incidents, and how many alarms belong to none. `good`: none was missed, each cause was
// named rightly, and no alarm was false.
struct RealScore {
  bool good = false;
  std::string text;
};
RealScore score_log(const std::string& log, const Scenario& truth, Ns tick);

}  // namespace ringside::simulate
