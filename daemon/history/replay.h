// Replays the history's past into the analysis of regressions: what is usual at each hour of the
// week is learned from it, and a change that lasts is found again.
#pragma once

#include <atomic>
#include <cstdint>
#include <future>
#include <string>
#include <thread>

#include "report/analysis/regression_watch.h"

namespace ringside {

// Hours of the last seven days, or of a pinned baseline, as far as there are no minutes; then all
// minutes before `until_wall_s`. It reads an hour of minutes at a time, so it needs little memory.
// Ends early once `stop` is true. A file that isn't there teaches nothing; throws
// std::runtime_error when one can't be read.
//
// A pinned baseline of which the history has no hour of two days any more would judge nothing, for
// good. Then the log says so, and the past week is what is usual (RegressionWatch::options()).
RegressionWatch replay_history(const std::string& path, const RegressionOptions& options,
                               std::int64_t until_wall_s, const std::atomic<bool>& stop);

// A thread of low priority that does it.
class HistoryReplay {
 public:
  ~HistoryReplay();

  std::future<RegressionWatch> start(std::string path, const RegressionOptions& options,
                                     std::int64_t until_wall_s);
  // Waits until it has ended; soon.
  void stop();

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace ringside
