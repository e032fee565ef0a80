// Everything that touches a disk, on a thread of its own: alert lines, reports, state. The drain
// hands work over and goes on; a disk that hangs holds up this thread and nothing else.
//
// Work of one thread is done in the order in which it was handed over. So an alert's line is in the
// log before the state says that the alert was raised: killed between the two, the daemon writes
// the line again, and never loses it. The queue keeps no order between threads, so no task can be
// the last word: at the end the queue is emptied first, and the last report and state follow.
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
#include "daemon/storage/files.h"
#include "daemon/storage/state_file.h"
#include "daemon/storage/thread_check.h"
#include "report/model/snapshot.h"
#include "shm/failure.h"

namespace ringside {

struct IoOptions {
  std::string alert_log_path;
  AlertLogFormat alert_log_format = AlertLogFormat::logfmt;
  ReportFiles reports;
  std::string state_path;
  std::chrono::milliseconds retry{1000};   // of alert lines that could not be written
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
  bool nothing() const { return alert_lines == 0 && reports == 0 && !state; }
};

class IoWorker final : public Outputs, public AlertSink {
 public:
  // `write` is for tests.
  explicit IoWorker(WriteFile write = write_whole_file);
  ~IoWorker() override;   // ends without last words, if it was not finished

  // Opens the alert log and starts the thread. Nothing is started on failure.
  std::optional<Failure> start(const IoOptions& options);

  // From here on from any thread, and none of them waits.
  void tell(const std::vector<AlertTransition>& transitions) override;
  bool write_report(std::shared_ptr<const Snapshot> snapshot) override;
  bool save_state(SavedState state) override;
  bool state_failed() const override { return state_failed_.load(std::memory_order_relaxed); }
  // Opens the alert log anew and takes over the options. If it can't be opened, the old one goes
  // on.
  void reopen(IoOptions options);

  // Does all that was handed over, writes the last words, calls `ended` on the I/O thread and ends
  // it. Called once, after everything that is handed over. Does not wait.
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
  void say_log_state();
  void write_state(const SavedState& state);
  std::size_t write_report_files(const Snapshot& snapshot);
  void write_last();

  const WriteFile write_;
  std::unique_ptr<Queue> queue_;
  std::thread thread_;
  std::atomic<int> states_waiting_{0};
  std::atomic<int> reports_waiting_{0};
  std::atomic<bool> state_failed_{false};
  // ORDER finish -> next: whoever sees true sees the last words and all that was handed over.
  std::atomic<bool> finishing_{false};
  std::optional<LastWords> last_;
  std::function<void()> ended_;
  Unwritten unwritten_;
  // At once in force, and not behind a task: a report may be asked for by another thread than the
  // one that reopens, and the queue keeps no order between the two.
  std::mutex report_files_mutex_;
  ReportFiles report_files_;
  // Of the thread alone, once it runs.
  ThreadCheck here_;
  IoOptions options_;
  AlertLog log_;
  std::optional<std::chrono::steady_clock::time_point> retry_at_;   // set while lines wait
  bool log_failing_ = false;
};

}  // namespace ringside
