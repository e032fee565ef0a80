// Which minutes of a ring the history has, by the wall clock. A minute is named once, when it
// begins to count, and keeps its name: records that come late must not find it under another one.
//
// Minutes are those of Series: twelve slices each. Their numbers begin at a whole minute of the
// wall clock (RingMetrics::align()), to half a slice. After the clock was set by less than that
// shows, the nearest whole minute is the name.
//
// Worked example: the clock is set back by two minutes at 08:05. The minutes are named 08:03,
// 08:04, then again 08:03 (again 1), 08:04 (again 1), and 08:05.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "daemon/metrics/series.h"
#include "daemon/storage/codec.h"
#include "report/model/history.h"

namespace ringside {

class Minutes {
 public:
  struct Minute {
    std::int64_t number = INT64_MIN;
    std::int64_t begin_wall_s = 0;
    std::uint32_t again = 0;  // HistorySlot::again
    bool due = false;         // something was counted since it was taken
  };

  // Names all minutes up to `number`, and forgets those of more than an hour before it. `begin_of`
  // gives the wall time in nanoseconds at which a minute begins.
  template <typename BeginOf>
  void reach(std::int64_t number, const BeginOf& begin_of) {
    const std::int64_t first = std::max(reached_ + 1, number - kKept + 1);
    for (std::int64_t next = first; next <= number; ++next) name(next, begin_of(next));
    reached_ = std::max(reached_, number);
  }

  // Something was counted in a minute that was perhaps taken already.
  void touch(std::int64_t number) {
    Minute& minute = at(number);
    if (minute.number == number) minute.due = true;
  }
  void touch_all() {
    for (Minute& minute : minutes_) minute.due = true;
  }

  // Calls `take` for each minute before `end` that is due, the oldest first. Then it is not due any
  // more.
  template <typename Take>
  void take_due(std::int64_t end, const Take& take) {
    for (std::int64_t number = reached_ - kKept + 1; number <= std::min(reached_, end - 1);
         ++number) {
      Minute& minute = at(number);
      if (minute.number != number || !minute.due) continue;
      minute.due = false;
      take(minute);
    }
  }

  void encode(Encoder& out) const;
  // `shift` is added to every number.
  void decode(Decoder& in, std::int64_t shift);

 private:
  static constexpr std::int64_t kKept = static_cast<std::int64_t>(Series::kCoarse);
  static constexpr std::int64_t kNever = INT64_MIN / 2;

  Minute& at(std::int64_t number) { return minutes_[Series::place_of(number, minutes_.size())]; }
  void name(std::int64_t number, std::int64_t begin_wall_ns);

  std::array<Minute, Series::kCoarse> minutes_;
  std::int64_t reached_ = kNever;
  std::int64_t latest_wall_s_ = kNever;   // the name that was given last
  std::int64_t highest_wall_s_ = kNever;  // the latest name of all
  std::uint32_t again_ = 0;               // of the minute that was named last
  std::uint32_t times_set_back_ = 0;
};

}  // namespace ringside
