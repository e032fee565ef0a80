// The thread that drains: passes at the pace that the rings need, and a tick at each interval, or
// at once in an emergency. It notices requests between two passes. It waits for nobody: other
// threads hold its lock only to leave a request or to copy a pointer.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/config/config.h"
#include "daemon/host/directory_watch.h"
#include "daemon/host/doorbell.h"
#include "daemon/run/monitor.h"
#include "report/model/snapshot.h"

namespace ringside {

class DrainThread {
 public:
  explicit DrainThread(Monitor& monitor) : monitor_(monitor) {}
  ~DrainThread();   // stops

  struct Intervals {
    std::int64_t tick_ns;
    std::int64_t emergency_tick_ns;
    static Intervals of(const Config& config) {
      return {config.tick_ns, config.alerts.emergency_tick_ns};
    }
  };
  // `published` is called on the drain thread with each snapshot that snapshot() has from then on,
  // so it must not wait. Before start().
  void on_publish(std::function<void(std::shared_ptr<const Snapshot>)> published) {
    on_publish_ = std::move(published);
  }
  // The thread calls `at_the_end` as the last thing it does.
  void start(const Intervals& intervals, std::function<void(LastWords)> at_the_end);

  // From any thread.
  void ask_for_report();
  void reconfigure(const Config& config);
  // What a person says of alerts: all of it is handled at once, in its order. Both functions are
  // called on the drain thread, so they must not wait. Without a running thread, and after stop(),
  // they are not called.
  struct AlertCall {
    std::vector<AlertRequest> requests;
    std::function<bool()> begins;  // false: nothing is handled. Empty: true
    std::function<void(std::vector<AlertAnswer>)> answered;
  };
  void ask_to_handle(AlertCall call);
  void stop();   // does not wait
  // What was known at the last tick; null before the first.
  std::shared_ptr<const Snapshot> snapshot() const;

  void join();

 private:
  struct Requests {
    bool stop = false;
    bool report = false;
    std::vector<AlertCall> alerts;
    std::optional<Config> config;
  };

  void run();
  std::int64_t next_tick_after(std::int64_t now_ns) const;
  bool tick_is_due(const Instant& now);
  template <typename Change>
  void ask(const Change& change);
  struct Awoken {
    bool files_changed = false;   // in a directory of the rings
    Requests requests;
  };
  Awoken sleep(std::int64_t pause_ns);
  void handle_alerts(Requests& requests);
  void publish(std::shared_ptr<const Snapshot> snapshot);

  Monitor& monitor_;
  std::function<void(LastWords)> at_the_end_;
  std::function<void(std::shared_ptr<const Snapshot>)> on_publish_;
  // Only for the thread itself, once it runs.
  Intervals intervals_{};
  std::int64_t next_tick_ns_ = 0;
  std::int64_t next_look_ns_ = 0;  // for emergencies
  DirectoryWatch directories_;   // those of the rings
  Doorbell bell_;                // wakes the thread
  mutable std::mutex mutex_;
  Requests requests_;
  std::shared_ptr<const Snapshot> published_;
  std::thread thread_;
};

}  // namespace ringside
