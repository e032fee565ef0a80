// Everything that touches a disk or a terminal, on a thread of its own: alert lines, reports, state, the daemon's own
// log. The drain hands work over and goes on; a disk that hangs holds up this thread and nothing else.
//
// Work is done in the order in which it was handed over, so that an alert's line is in the log before the state says
// that the alert was raised: killed between the two, the daemon writes the line again, and never loses it.
#pragma once

#include <spdlog/common.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "daemon/outputs/alert_log.h"
#include "daemon/outputs/report_files.h"
#include "daemon/storage/state_file.h"
#include "report/model/snapshot.h"
#include "shm/failure.h"

namespace ringside {

struct IoOptions {
  std::string alert_log_path;
  AlertLogFormat alert_log_format = AlertLogFormat::logfmt;
  ReportFiles reports;
  std::string state_path;
};

class IoWorker {
 public:
  IoWorker();
  ~IoWorker();

  // Opens the alert log and starts the thread. Nothing is started on failure.
  std::optional<Failure> start(const IoOptions& options);
  // Does all that was handed over, and ends the thread. Nothing may be handed over after it.
  void finish();

  // From here on from any thread, and none of them waits.
  void log_alerts(std::vector<AlertTransition> transitions);
  // if_free: false, and nothing done, while the last state (or two reports) are still waiting to be written, so that
  // a disk that hangs does not fill the memory.
  enum class When : bool { if_free, in_any_case };
  bool save_state(SavedState state, When when);
  bool write_reports(std::shared_ptr<const Snapshot> snapshot, When when);
  // Opens the alert log anew and takes over the options. What can't be opened is said, and the old file goes on.
  void reopen(IoOptions options);
  void say(spdlog::level::level_enum level, std::string text);

 private:
  using Task = std::function<void()>;
  struct Queue;   // keeps the queue's headers out of this one

  void enqueue(Task task);
  bool enqueue_counted(std::atomic<int>& waiting, int most, When when, Task task);
  void run();
  void check_log();
  void store(const SavedState& state);
  void report(const Snapshot& snapshot);

  std::unique_ptr<Queue> queue_;
  std::thread thread_;
  std::atomic<int> states_waiting_{0};
  std::atomic<int> reports_waiting_{0};
  // Of the thread alone, once it runs.
  IoOptions options_;
  AlertLog log_;
  bool finished_ = false;
  bool log_failing_ = false;
  bool state_failing_ = false;
};

}  // namespace ringside
