// What is known at one instant: plain data that the daemon makes at each tick and never changes
// afterwards. Everything that is shown anywhere (report, API, dashboard, alerts) is read from here.
//
// Times are nanoseconds since the Unix epoch (…_wall_ns) or spans in nanoseconds (…_ns). Record
// times are taken from the server's clock; see shm/README.md for how they become wall time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "report/model/alerts.h"
#include "report/model/books.h"
#include "report/model/incidents.h"
#include "report/model/regressions.h"
#include "report/model/rings.h"
#include "report/model/series.h"
#include "report/model/system.h"
#include "report/model/thresholds.h"

namespace ringside {

struct Snapshot {
  std::uint64_t tick = 0;
  std::int64_t wall_ns = 0;        // when it was taken
  double tick_seconds = 0;         // length of the tick that this snapshot closes
  // 0: taken of living rings. Otherwise made of the history of so many seconds up to wall_ns
  // (report/analysis/past_snapshot.h): series have figures in Window::since_start only.
  std::int64_t past_seconds = 0;
  std::vector<RingView> rings;
  std::vector<SeriesView> operations;   // those that were seen or registered, by id
  std::vector<SeriesView> events;
  std::vector<SeriesView> categories;
  SeriesView all;
  std::vector<ErrorStats> errors;       // most first, by the last hour
  std::vector<TopEntry> actors_by_errors, actors_by_time, subjects_by_errors, subjects_by_time;
  double parties_seconds = 0;  // observed time that those four lists cover: up to an hour
  std::vector<RecordView> slowest;      // slowest single operations that ended in the last hour
  std::vector<RecordView> slowest_since_start;
  std::vector<BlockView> blocks;        // the latest first
  // Of each ring kMostFailedLogins at most, those with most in the last hour first.
  std::vector<FailedLogins> failed_by_address, failed_by_account;
  std::vector<LaneView> lanes;
  Books books;                          // of everything
  std::uint64_t unattributed_lost = 0;  // of books.lost: the operation is not known yet
  // Arrived after their slice was stored. They are counted in it all the same.
  std::uint64_t late_records = 0;
  std::vector<GaugeView> gauges;
  std::vector<ProcessView> processes;
  HostView host;
  DaemonView daemon;
  std::vector<AlertView> alerts;              // active
  std::vector<AlertView> resolved_alerts;     // over for up to 15 min, the latest first
  std::vector<SilenceView> silences;          // that hold
  std::vector<IncidentView> incidents;        // those that last, then those over for up to 15 min
  std::vector<AlertTransition> transitions;   // recent, oldest first
  // Older ones that are no longer kept here. The alert log has them.
  std::uint64_t transitions_forgotten = 0;
  // What an analysis of the report found to have become slower. Empty: none has looked, or none is.
  std::vector<RegressionView> regressions;
  RegressionWatchView regression_watch;
  std::string configuration;                  // in force, as TOML
  std::string configuration_changed;          // what of it differs from the defaults, as TOML
  Thresholds thresholds;                      // the part of it that the report judges by

  bool is_past() const { return past_seconds > 0; }
};

}  // namespace ringside
