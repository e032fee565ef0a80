// Everything that touches a disk, on threads of its own: alert lines and state on one, reports on
// another (report_writer.h), so that no line waits for a report. The drain hands work over and goes
// on. A disk that hangs holds up only these threads.
//
// Work from one thread is done in the order in which it comes. So the state that knows of an alert
// and of its line is written before the line is. The next daemon gets the lines that may not have
// been written, and writes those that are not at the log's end (run/line_outbox.h). The queue keeps
// no order between threads, so no task can be the last one. At the end the queue is emptied first,
// then that of the reports, and the last report and state follow.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "daemon/alerts/sink.h"
#include "daemon/outputs/alert_log.h"
#include "daemon/outputs/outputs.h"
#include "daemon/outputs/report_files.h"
#include "daemon/outputs/report_writer.h"
#include "daemon/storage/files.h"
#include "daemon/storage/state_file.h"
#include "daemon/storage/thread_check.h"
#include "report/model/snapshot.h"
#include "shm/failure.h"

namespace ringside {

struct IoOptions {
  std::string alert_log_path;
  AlertLogFormat alert_log_format = AlertLogFormat::logfmt;
  bool alert_log_transitions = false;  // those of alerts too, and not only the incidents' lines
  ReportFiles reports;
  DeadRingFiles dead_rings = {};
  std::string state_path;
  std::chrono::milliseconds retry{1000};   // until failed alert lines are written again
  // How long the end waits for a stalled reader of standard output.
  std::chrono::milliseconds patience{1000};
};

// What is written last, at an orderly end.
struct LastWords {
  std::shared_ptr<const Snapshot> snapshot;   // its report; null: none
  SavedState state;
};

// What could not be written at the end.
struct Unwritten {
  std::uint64_t alert_lines = 0;
  std::uint64_t reports = 0;   // files
  bool state = false;
  std::uint64_t minutes = 0;  // batches of the history
  bool nothing() const { return alert_lines == 0 && reports == 0 && !state && minutes == 0; }
  std::string text() const;  // "the state, reports, 3 alert lines"
};

class IoWorker final : public Outputs, public AlertSink {
 public:
  // `write` and `limits` are for tests.
  explicit IoWorker(WriteFile write = write_whole_file, AlertLogLimits limits = {});
  ~IoWorker() override;   // without finish() it ends without last words

  // Opens the alert log and starts the thread. Nothing is started on failure. `left`: lines that
  // the last daemon may not have written.
  std::optional<Failure> start(const IoOptions& options,
                               const std::vector<AlertTransition>& left = {});

  // The rest may be called from any thread, and none of it waits.
  void tell(const std::vector<AlertTransition>& transitions) override;
  bool write_report(std::shared_ptr<const Snapshot> snapshot) override;
  bool write_daily_report(std::int64_t begin_wall_s) override;
  bool keep_ring(DeadRing ring) override;
  bool save_state(SavedState state) override;
  void save_state_before_lines(SavedState state) override;
  std::uint64_t settled() const override { return settled_.load(std::memory_order_relaxed); }
  bool state_failed() const override { return state_failed_.load(std::memory_order_relaxed); }
  // Whether lines of the alert log wait because they can't be written. Our own log says why.
  bool log_failing() const { return log_failing_.load(std::memory_order_relaxed); }
  // Opens the alert log anew and takes over the options. If it can't be opened, the old log stays
  // in use.
  void reopen(IoOptions options);

  // Tries whether reports could be written, and says so where not; and where they can be again.
  void try_reports();

  // Does all the work that was handed over, writes the last words, calls `ended` on the I/O thread
  // and ends the thread. Call it once, after everything is handed over. Does not wait.
  void finish(LastWords last, std::function<void()> ended);
  // Waits for that end.
  Unwritten join();

 private:
  using Task = std::function<void()>;
  struct Queue;   // keeps the queue's headers out of this one

  void enqueue(Task task);
  bool enqueue_counted(std::atomic<int>& waiting, int most, Task task);
  void run();
  bool next(Task& task);
  void retry_waiting_lines();
  void write_newest_state();
  void note_settled();
  void say_log_state();
  void write_state(const SavedState& state);
  void write_last();

  const WriteFile write_;
  std::unique_ptr<Queue> queue_;
  ReportWriter reports_;
  std::thread thread_;
  std::atomic<int> states_waiting_{0};
  std::atomic<bool> state_failed_{false};
  std::atomic<bool> log_failing_{false};
  std::atomic<std::uint64_t> settled_{0};
  // States are numbered as they are handed over, so that none is written over a newer one.
  std::atomic<std::uint64_t> states_given_{0};
  std::mutex newest_state_mutex_;
  std::optional<SavedState> newest_state_;
  std::uint64_t newest_number_ = 0;
  // ORDER finish -> next: a thread that sees true also sees the last words and all earlier work.
  std::atomic<bool> finishing_{false};
  std::optional<LastWords> last_;
  std::function<void()> ended_;
  Unwritten unwritten_;
  // Only for the I/O thread, once it runs.
  ThreadCheck here_;
  IoOptions options_;
  AlertLog log_;
  std::optional<std::chrono::steady_clock::time_point> retry_at_;  // set while lines wait
  std::uint64_t tells_ = 0;          // whose lines were given to the log
  std::uint64_t state_written_ = 0;  // its number
};

}  // namespace ringside
