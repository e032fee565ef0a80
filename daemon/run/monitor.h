// What the daemon does at each pass and each tick: it makes a snapshot from the rings, evaluates
// alerts, and hands over what must be written. The time comes from outside and nothing is written
// here, so a test runs an hour in a moment. One thread at a time uses it.
//
//   pass     drains the rings
//   urgent   every second: looks for an emergency, which makes the next tick come at once
//   tick     closes a window: snapshot, alerts, sinks; a report and the state where they are due
//            and, once a minute, what the history gets
//   handle   what a person says of alerts
//   report   a snapshot between two ticks; alerts are shown and not evaluated
//   last     the last tick, and what is to be written last
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/alerts/alert_engine.h"
#include "daemon/alerts/sink.h"
#include "daemon/config/config.h"
#include "daemon/history/history_recorder.h"
#include "daemon/history/history_writer.h"
#include "daemon/history/regression_feed.h"
#include "daemon/outputs/io_worker.h"
#include "daemon/outputs/outputs.h"
#include "daemon/outputs/report_schedule.h"
#include "daemon/outputs/state_saver.h"
#include "daemon/rings/watch.h"
#include "daemon/run/host_sampling.h"
#include "daemon/run/line_outbox.h"
#include "daemon/run/ring_log.h"
#include "daemon/run/threshold_log.h"
#include "daemon/storage/state_file.h"
#include "daemon/storage/thread_check.h"
#include "report/model/snapshot.h"

namespace ringside {

class Monitor {
 public:
  using Published = std::shared_ptr<const Snapshot>;

  // `now` is the start of the daemon. Outputs and sinks must outlive the monitor.
  Monitor(const Config& config, std::string version, const Instant& now, Outputs& outputs,
          std::vector<AlertSink*> sinks);

  // Continues from a saved state, before the first pass. It takes all of the state, or nothing:
  // then `why` says the reason.
  bool restore(const SavedState& saved, const Instant& now, std::string* why);
  const StateMeta& meta() const { return meta_; }
  // Lines that the last daemon may not have written.
  std::vector<AlertTransition> left_lines() const { return outbox_.lines(); }

  // Gives each minute that is over to `hand_over`, which must not wait; false: it was dropped.
  // Before the first pass, after restore().
  using HandOver = std::function<bool(std::shared_ptr<const HistoryBatch>)>;
  void record_history(HandOver hand_over);
  // Looks for regressions in what is handed over, beside what another thread reads of the past.
  // After record_history().
  void watch_regressions(RegressionFeed::Past past);
  // How long a regression that is over stays in the snapshot.
  std::int64_t kept_regressions_s() const;

  // From now on the calling thread uses it.
  void take_over() { here_.take_over(); }

  // The files whose appearance must be reported to pass().
  std::vector<std::string> wanted_files() const { return watch_.wanted_files(); }
  PassResult pass(const Instant& now, const Arrivals& arrivals = {});
  Published tick(const Instant& now);
  // Whether an emergency has begun since the last tick, by what the latest pass has read. Then the
  // next tick should come now.
  bool urgent(const Instant& now);
  Published report(const Instant& now);
  LastWords last(const Instant& now);
  // Acknowledges, silences or clears alerts. What it changes is told and saved at once.
  AlertAnswer handle(const AlertRequest& request, const Instant& now);
  void reconfigure(const Config& config, const Instant& now);

 private:
  enum class Evaluate : bool { no, yes };
  Published make_snapshot(const Instant& now, Evaluate evaluate);
  void fill_in(Snapshot& snapshot, const Instant& now);
  // With `snapshot`, once an hour, advice is looked for in it.
  void hand_over_minutes(const Instant& now, RingMetrics::TakeMinutes which,
                         const Published& snapshot);
  SavedState saved_state(const Instant& now);
  void save_where_due(const Snapshot& snapshot, const Instant& now);
  void say(const std::vector<AlertTransition>& transitions, const Instant& now);

  const std::string version_;
  const Instant started_;
  Outputs& outputs_;
  const std::vector<AlertSink*> sinks_;
  ThreadCheck here_;
  Config config_;
  std::string config_text_;
  std::string config_changed_;  // of it, what differs from the defaults
  Watch watch_;
  AlertEngine alerts_;
  HostSampling host_;
  RingLog ring_log_;
  ThresholdLog threshold_log_;
  ReportSchedule schedule_;
  ReportSchedule advice_;
  DailySchedule daily_;
  StateSaver saver_;
  LineOutbox outbox_;
  std::size_t lines_saved_ = 0;    // in the outbox of the state that was handed over last
  bool saved_with_lines_ = false;  // in this tick
  HandOver hand_over_;             // empty: no history
  HistoryRecorder recorder_;
  bool history_dropping_ = false;
  RegressionFeed regressions_;
  StateMeta meta_;
  std::uint64_t passes_ = 0;
};

}  // namespace ringside
