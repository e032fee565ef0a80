// Gives the analysis of regressions each minute that is over, and the snapshot what it found.
//
//   the history's days before ──> a thread replays them ──┐
//   minutes that are handed over ──> wait meanwhile ──────┴──> RegressionWatch ──> Snapshot
//
#pragma once

#include <cstdint>
#include <future>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "report/analysis/regression_watch.h"
#include "report/model/history.h"
#include "report/model/incidents.h"
#include "report/model/snapshot.h"

namespace ringside {

class RegressionFeed {
 public:
  // What the days before have taught, once the other thread has read them.
  using Past = std::future<RegressionWatch>;

  void begin(Past past);
  bool on() const { return on_; }
  // How long a regression that is over stays in the snapshot.
  void keep_for(std::int64_t kept_s);

  // Of each tick, with its incidents.
  void follow(const Snapshot& snapshot);
  // Minutes that are over, as the history gets them.
  void add(const HistorySpan& span);
  // With the rings that are in the snapshot, and by their clocks.
  void fill_in(Snapshot& snapshot);

 private:
  // Minutes of one batch: by their begin, the rings in trouble then.
  using Minutes = std::map<std::int64_t, std::set<std::string>>;
  struct Batch {
    std::vector<HistorySeries> series;
    Minutes minutes;
  };
  void take_past();
  void note_clocks(const Snapshot& snapshot);
  void add_to_watch(const std::vector<HistorySeries>& series, const Minutes& minutes);

  bool on_ = false;
  std::optional<Past> past_;    // still being read
  std::vector<Batch> waiting_;  // for it
  bool leaves_out_ = false;     // and said so
  RegressionWatch watch_;
  std::int64_t kept_s_ = 3600;
  std::map<std::string, double> ticks_ns_;         // of each ring's clock: the length of one
  std::map<std::string, IncidentView> incidents_;  // by id; those that minutes may still meet
  std::vector<RegressionView> found_;
};

}  // namespace ringside
