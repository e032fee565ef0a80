// When a report is due: at full multiples of an interval of the wall clock in UTC. So hourly
// reports cover full hours.
#pragma once

#include <cstdint>
#include <utility>

namespace ringside {

class ReportSchedule {
 public:
  // The interval that contains `wall_ns` has had its report, or never gets one. 0: never due. The
  // same interval again changes nothing.
  void set(std::int64_t interval_ns, std::int64_t wall_ns) {
    if (interval_ns == interval_ns_) return;
    interval_ns_ = interval_ns;
    if (interval_ns_ > 0) slot_ = wall_ns / interval_ns_;
  }

  // True once in each interval. A clock that is set back into an earlier interval makes that one
  // due again.
  bool due(std::int64_t wall_ns) {
    if (interval_ns_ <= 0) return false;
    const std::int64_t slot = wall_ns / interval_ns_;
    return slot != std::exchange(slot_, slot);
  }

 private:
  std::int64_t interval_ns_ = 0;
  std::int64_t slot_ = 0;
};

}  // namespace ringside
