// When a report is due: at full multiples of an interval of the wall clock in UTC. So hourly
// reports cover full hours. Of each day in UTC one is due when it is over.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

namespace ringside {

// The last minute of a day is in the history so long after its end.
inline constexpr std::int64_t kDaySettlesS = 120;

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

// Asks for the report of yesterday at the first tick and then two minutes after each full hour, in
// seconds since the Unix epoch: whoever writes it passes over a day that has its report. So a day
// gets one, too, whose midnight nobody was there for, or whose disk was full. By then the day's
// last minute is in the history.
class DailySchedule {
 public:
  // The begin of the day that is to have its report. Nothing: not now.
  std::optional<std::int64_t> due(std::int64_t wall_ns) {
    constexpr std::int64_t kHourLength = 3'600;
    constexpr std::int64_t kDayLength = 24 * kHourLength;
    const std::int64_t wall_s = wall_ns / 1'000'000'000 - kDaySettlesS;
    const std::int64_t hour = wall_s / kHourLength;
    if (hour == std::exchange(hour_, hour) || wall_s < 2 * kDayLength) return std::nullopt;
    return (wall_s / kDayLength - 1) * kDayLength;
  }

 private:
  std::int64_t hour_ = -1;
};

}  // namespace ringside
