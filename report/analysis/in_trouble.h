// Which rings had an incident: what went on then is not learned as usual.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "report/model/incidents.h"

namespace ringside {

// Rings with an incident in the minute or hour that begins then; an empty name is the host. An
// incident that a performance_regression began does not count: a change that stays must become
// usual. Of one that lasts for days the first day counts: after that, it is what is usual. One that
// ended before it began, because the clock was set back, counts at its begin.
std::set<std::string> in_trouble(const std::vector<IncidentView>& incidents,
                                 std::int64_t begin_wall_s, std::int64_t seconds);

// The same for many minutes: each question takes the logarithm of the number of incidents.
class TroubledSpans {
 public:
  explicit TroubledSpans(const std::vector<IncidentView>& incidents);
  // Whether in_trouble() names that ring or the host.
  bool hit(const std::string& ring, std::int64_t begin_wall_s, std::int64_t seconds) const;

 private:
  using Spans = std::vector<std::pair<std::int64_t, std::int64_t>>;  // ascending, apart; inclusive
  bool hit_one(const std::string& ring, std::int64_t begin_wall_s, std::int64_t end_wall_s) const;
  std::map<std::string, Spans> of_rings_;
};

}  // namespace ringside
