// The daemon's eyes: the real metrics (daemon/metrics), fed from the simulated ring, and snapshots
// that are filled in as daemon/rings/ring_view.cpp and daemon/run/monitor.cpp do it.
#pragma once

#include <memory>
#include <string>

#include "daemon/history/regression_feed.h"
#include "daemon/metrics/ring_metrics.h"
#include "report/model/pulse.h"
#include "report/model/snapshot.h"
#include "tools/simulate/machine.h"
#include "tools/simulate/server.h"

namespace ringside::simulate {

class Observer {
 public:
  explicit Observer(Site& site);

  // Reads all that the ring holds.
  void pass();
  // What is in the ring's header and in /proc, beside the records.
  struct Outside {
    const Server& server;
    Machine& machine;
    std::uint64_t connections;
    const Thresholds& thresholds;
  };
  Snapshot tick(const Outside& outside);
  Pulse pulse(const Outside& outside);

  // The server's process has ended, in order or not; another one has made the ring anew.
  void server_ended(bool crashed);
  void server_began(std::uint32_t pid);

  // The daemon ends, and another one goes on from what it has saved.
  void save();
  void restore();
  // Of the metrics, as they would be saved now.
  std::size_t state_bytes();

 private:
  void name_ids();
  RingTimes times() const;
  Books books() const;
  void hand_over_minutes();
  void show_ring(const Outside& outside, Snapshot& out);
  void show_lanes(const Server& server, Snapshot& out) const;
  RingMetrics::LivingById living() const;

  Site& site_;
  RingMetricsOptions options_{};
  std::unique_ptr<RingMetrics> metrics_;
  RingMetrics::Counts read_of_{};
  RegressionFeed regressions_;
  Ns minute_ = 0;  // the latest that was handed over
  std::string saved_;
  std::uint32_t instance_ = 1;
  RingState state_ = RingState::live;
  std::uint64_t crashes_ = 0;
  std::uint32_t pid_ = 4242;
  Ns created_wall_ = 0;
  Books retired_;
  std::uint64_t tick_ = 0;
  Ns last_tick_ = 0;
  Ns daemon_began_ = 0;
  Ns daemon_began_wall_ = 0;
  std::uint64_t restarts_ = 0;
  std::int64_t most_connections_ = 0, most_transactions_ = 0;
};

}  // namespace ringside::simulate
