// What the online analysis of regressions says: a change, from its beginning to its end.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "report/model/regressions.h"

namespace ringside {

// A change of an operation, or of all operations of a ring (`operation` empty: their mix).
struct RegressionFinding {
  using Kind = RegressionView::Kind;
  std::string ring;
  std::string operation;
  std::string stage;   // where the time went; empty: all of the operation, or not one stage
  std::string figure;  // "p50", "p95" or "mean"; of the stage if `of_stage`
  bool of_stage = false;
  Kind kind = Kind::slower;
  std::int64_t since_wall_s = 0;  // as well as it can be told
  std::int64_t found_wall_s = 0;  // the end of the minute that showed it
  std::int64_t ended_wall_s = 0;  // 0: it is ongoing
  RegressionView::Ending ending = RegressionView::Ending::went_away;  // if it is not ongoing
  std::int64_t seen_wall_s = 0;  // the end of the last minute with a point of what has risen
  // That have ended since it was found, the one that showed it too; then since it ended.
  std::int64_t minutes = 0;
  double effect_percent = 0;
  double before_ns = 0;
  double now_ns = 0;
  // Of a mix shift within an operation: calls longer than this are the slow kind, and their share.
  double boundary_ns = 0;
  double slow_before = 0;
  double slow_now = 0;

  bool ongoing() const { return ended_wall_s == 0; }
  // See RegressionView. A clock that jumps ahead adds nothing.
  std::int64_t lasted_s() const {
    return ongoing() ? std::min((minutes - 1) * 60, seen_wall_s - found_wall_s) : 0;
  }
  void end(std::int64_t wall_s, RegressionView::Ending how);
  // The clock was set back to that time, so what was later is now.
  void set_back(std::int64_t wall_s);
  // One line: from what to what, since when.
  std::string text() const;
};

// The findings of an operation, or of the mix of a ring: the latest, which may be ongoing, and
// those before it that ended a short while ago.
class KeptFindings {
 public:
  static constexpr std::size_t kMost = 16;  // then the oldest leaves

  const std::vector<RegressionFinding>& all() const { return all_; }  // oldest first
  // nullptr: there is none.
  const RegressionFinding* ongoing() const;
  RegressionFinding* ongoing();
  // None is ongoing.
  void open(RegressionFinding found);
  void drop_ongoing() { all_.pop_back(); }  // there must be one
  // A minute is over. One that ended more than `kept_s` ago is dropped.
  void end_minute(std::int64_t kept_s);
  void set_back(std::int64_t wall_s);

 private:
  std::vector<RegressionFinding> all_;
};

}  // namespace ringside
