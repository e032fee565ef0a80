#include "report/analysis/regression_finding.h"

#include <algorithm>
#include <utility>

namespace ringside {

void RegressionFinding::end(std::int64_t wall_s, RegressionView::Ending how) {
  ended_wall_s = wall_s;
  ending = how;
  minutes = 0;
}

void RegressionFinding::set_back(std::int64_t wall_s) {
  for (std::int64_t* time : {&since_wall_s, &found_wall_s, &seen_wall_s, &ended_wall_s})
    *time = std::min(*time, wall_s);
}

const RegressionFinding* KeptFindings::ongoing() const {
  return !all_.empty() && all_.back().ongoing() ? &all_.back() : nullptr;
}

RegressionFinding* KeptFindings::ongoing() {
  return !all_.empty() && all_.back().ongoing() ? &all_.back() : nullptr;
}

void KeptFindings::open(RegressionFinding found) {
  if (all_.size() >= kMost) all_.erase(all_.begin());
  all_.push_back(std::move(found));
}

void KeptFindings::end_minute(std::int64_t kept_s) {
  std::erase_if(all_, [&](const RegressionFinding& found) {
    return !found.ongoing() && (found.minutes - 1) * 60 > kept_s;
  });
  for (RegressionFinding& found : all_) ++found.minutes;
}

void KeptFindings::set_back(std::int64_t wall_s) {
  for (RegressionFinding& found : all_) found.set_back(wall_s);
}

}  // namespace ringside
