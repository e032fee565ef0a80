// Operations that have become slower than they were: what an analysis hands to the alerts and to
// the report.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace ringside {

// One comparison with a baseline. The analysis decides whether it is a regression, and the alert
// performance_regression says so.
//
// The analysis fills Snapshot::regressions before the alerts are evaluated, at every tick. A
// regression that is over stays in the list with `ongoing` = false until its alert is resolved, so
// for alerts.clear_after at least. One that leaves the list is held as not known.
struct RegressionView {
  enum class Kind : std::uint8_t {
    slower,
    mix_shift  // more of the calls are of a slow kind; none became slower, and no alert is raised
  };
  enum class Ending : std::uint8_t {
    went_away,
    usual_now,  // it lasted so long that it is what is usual
    not_seen    // too few calls to tell for hours: the operation or the stage may be gone
  };
  static constexpr std::array<const char*, 3> kEndingNames = {"went_away", "usual_now", "not_seen"};
  std::string ring;
  std::string operation;      // empty: all of the ring's, whose mix has shifted
  std::string stage;          // where the time went; empty: all of the operation
  double effect_percent = 0;  // how much slower than the baseline; 12 is 12 % slower
  bool ongoing = true;
  std::string text;  // in words, one line: from what to what, since when
  Kind kind = Kind::slower;
  std::int64_t since_wall_ns = 0;  // as well as it can be told
  Ending ending = Ending::went_away;  // if it is not ongoing
  // From the minute that showed it to the last one with a point of it, in minutes that were
  // watched; 0 if it is not ongoing.
  std::int64_t lasted_s = 0;
};

constexpr const char* name_of(RegressionView::Ending ending) {
  return RegressionView::kEndingNames[static_cast<std::size_t>(ending)];
}

// What the analysis looks at.
struct RegressionWatchView {
  bool on = false;             // off: there is no history
  bool reading = false;        // it still reads the history of the days before
  std::uint64_t watched = 0;   // figures with enough of a past to be judged
  std::uint64_t too_many = 0;  // minutes of operations for which there was no room
  // The pinned baseline that is compared with; both 0: the days before.
  std::int64_t pinned_begin_wall_ns = 0;
  std::int64_t pinned_end_wall_ns = 0;

  bool pinned() const { return pinned_end_wall_ns > pinned_begin_wall_ns; }
};

}  // namespace ringside
