// The daemon as a whole: the threads around the deterministic core.
//
//   drain thread   Watch::pass ... at each tick: Watch::tick, /proc, alerts, publish   (the only one that uses Watch)
//   I/O thread     alert lines, reports, state                                          (io_worker.h)
//   caller         waits for signals and calls the requests below
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "daemon/alerts/alert_engine.h"
#include "daemon/config/config.h"
#include "daemon/storage/files.h"
#include "daemon/outputs/io_worker.h"
#include "daemon/storage/state_file.h"
#include "daemon/host/directory_watch.h"
#include "daemon/host/doorbell.h"
#include "daemon/host/system_sampler.h"
#include "daemon/rings/watch.h"
#include "report/model/snapshot.h"
#include "shm/failure.h"

namespace ringside {

class Service {
 public:
  // The paths must be resolved.
  Service(const Config& config, std::string version);
  ~Service();   // stops

  // Takes the state directory, goes on from the state in it, opens the log and starts the threads. A state that is
  // damaged is moved aside and said, and counting begins anew. Nothing runs on failure.
  std::optional<Failure> start();

  // Drains, evaluates once more, writes reports and state, and ends the threads.
  void stop();

  // What was known at the last tick; null before the first.
  std::shared_ptr<const Snapshot> snapshot() const;

  // From any thread; they wait for nothing.
  void write_reports();                  // of this moment
  void reopen_logs();
  void reconfigure(const Config& config);   // all but the state directory, which must be the same

 private:
  enum class Evaluate : bool { no, yes };

  std::optional<Failure> restore();
  void run();
  bool sleep(std::int64_t pause_ns);
  void apply(const Config& config);
  std::shared_ptr<const Snapshot> look(const Instant& now, Evaluate evaluate);
  void fill_in(Snapshot& snapshot, const Instant& now) const;
  void sample(const Instant& now);
  void tick(const Instant& now);
  void follow_rings(const Snapshot& snapshot);
  void save_state(const Instant& now, const Snapshot& snapshot, IoWorker::When when);
  void note_reports(const Snapshot& snapshot);
  IoOptions io_options(const Config& config) const;

  const std::string version_;
  std::unique_ptr<DirectoryLock> lock_;
  IoWorker io_;
  std::thread thread_;

  // Requests to the drain thread, and what it publishes.
  mutable std::mutex mutex_;
  Doorbell bell_;   // wakes the drain thread
  bool stop_ = false;
  bool report_ = false;
  std::optional<Config> next_config_;
  std::shared_ptr<const Snapshot> published_;
  IoOptions io_options_;   // as last handed to io_

  // Of the drain thread alone, once it runs.
  Config config_;
  std::string config_text_;
  Watch watch_;
  DirectoryWatch directories_;   // those of the rings
  AlertEngine alerts_;
  SystemSampler sampler_;
  SystemSampler::Sample sample_;
  StateMeta meta_;
  std::int64_t started_wall_ns_ = 0;
  std::int64_t started_ns_ = 0;   // CLOCK_MONOTONIC
  std::uint64_t passes_ = 0;
  std::int64_t report_slot_ = 0;
  std::map<std::string, std::string> ring_states_;   // as last said
  // What the saved state was made of: the same again need not be saved again.
  std::vector<std::uint64_t> saved_figures_;
  std::int64_t saved_ns_ = 0;
};

}  // namespace ringside
