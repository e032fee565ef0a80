// Operations that have become slower than they were: what an analysis hands to the alerts.
#pragma once

#include <string>

namespace ringside {

// One comparison with a baseline. The analysis decides whether it is a regression, and the alert
// performance_regression says so.
//
// The analysis fills Snapshot::regressions before the alerts are evaluated, at every tick. A
// regression that is over stays in the list with `ongoing` = false until its alert is resolved, so
// for alerts.clear_after at least. One that leaves the list is held as not known.
struct RegressionView {
  std::string ring;
  std::string operation;
  std::string stage;          // where the time went; empty: all of the operation
  double effect_percent = 0;  // how much slower than the baseline; 12 is 12 % slower
  bool ongoing = true;
  std::string text;  // in words, one line: from what to what, since when
};

}  // namespace ringside
