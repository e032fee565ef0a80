// The daemon as a whole: a state directory, and the threads around the deterministic core.
//
//   loop     signals, and the calls of the requests below              (loop.h)
//   drain    passes, ticks, alerts; publishes a snapshot                (drain_thread.h, monitor.h)
//   I/O      alert lines, state                                        (outputs/io_worker.h)
//   report   reports                                                   (outputs/report_writer.h)
//   history  the SQLite file                         (history/history_writer.h)
//   replay   at first, reads the days before for what is usual         (history/replay.h)
//   delivery webhooks, Alertmanagers                (outputs/receivers/alert_delivery.h)
//   OTLP     metrics to a collector, if one is configured              (outputs/otlp_exporter.h)
//   HTTP     the API, and a few threads that read and render for it    (api.h)
//
// An orderly end follows the data. The drain thread reads what is there and hands its last words to
// the I/O thread. The I/O thread empties its queue and writes them last. Meanwhile the delivery
// thread tells receivers what it can within AlertDelivery::kPatienceNs.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/config/config.h"
#include "daemon/history/history_writer.h"
#include "daemon/history/replay.h"
#include "daemon/outputs/io_worker.h"
#include "daemon/outputs/otlp_exporter.h"
#include "daemon/outputs/receivers/alert_delivery.h"
#include "daemon/run/api.h"
#include "daemon/run/drain_thread.h"
#include "daemon/run/monitor.h"
#include "daemon/run/otlp.h"
#include "daemon/run/receivers.h"
#include "daemon/storage/files.h"
#include "daemon/storage/thread_check.h"
#include "report/model/snapshot.h"
#include "shm/failure.h"

namespace ringside {

// Only snapshot() may be called by a thread other than the one that made the service.
class Service {
 public:
  // The paths must be resolved. `write` is for tests.
  Service(const Config& config, std::string version, WriteFile write = write_whole_file);
  ~Service();   // stops

  // Takes the state directory, reads the receivers' files, continues from the state, opens the log
  // and starts the threads. A damaged state is moved aside with a message, and counting begins
  // anew. On failure nothing runs.
  std::optional<Failure> start();

  // Drains, evaluates once more, writes reports and state, tells receivers. Does not wait: one of
  // the threads calls `ended` when all is done or has failed. Later requests are ignored.
  void begin_stop(std::function<void()> ended);
  // Begins the stop if begin_stop() was not called, waits for the end, and says what could not be
  // written.
  Unwritten stop();

  // What was known at the last tick; null before the first. From any thread.
  std::shared_ptr<const Snapshot> snapshot() const { return drain_.snapshot(); }

  // None of these waits. A receiver whose files can't be read changes nothing about receivers.
  void write_reports();                     // a report of this moment
  void reopen_logs();
  void reconfigure(const Config& config);   // all but the state directory, which must be the same

 private:
  std::optional<Failure> restore();
  void start_history();
  std::optional<Failure> start_api();
  void one_ended();
  void tell_receivers();
  void tell_collector();
  bool running() const;

  ThreadCheck here_;
  const std::string state_directory_;
  const DrainThread::Intervals intervals_;  // at the start
  Receivers receivers_;          // as they are read, until delivery_ has them
  IoOptions io_options_;   // as io_ last got them
  const std::string version_;
  IoWorker io_;
  AlertDelivery delivery_;
  bool history_enabled_;
  HistoryOptions history_options_;
  HistoryWriter history_;
  HistoryReplay replay_;
  HttpConfig http_config_;
  OtlpTarget otlp_target_;  // as it is read, until otlp_ has it
  Api api_;
  OtlpExporter otlp_;
  Monitor monitor_;
  DrainThread drain_;
  std::unique_ptr<DirectoryLock> lock_;
  std::atomic<bool> history_runs_{false};
  bool started_ = false;
  bool stopping_ = false;
  std::function<void()> ended_;
  // I/O, delivery, the exporter, and history if there is one: who has not ended.
  std::atomic<int> at_work_{3};
};

}  // namespace ringside
