// Collects, tick by tick, what the history has beside the metrics' minutes: gauges and figures of
// processes and of the host, incidents, transitions of alerts, and marks. Deterministic: all of it
// comes out of snapshots and is handed out once a minute.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "daemon/history/sampling_changes.h"
#include "report/model/history.h"
#include "report/model/snapshot.h"

namespace ringside {

class HistoryRecorder {
 public:
  // A minute is handed out this long after its end: by then its last records have been read.
  static constexpr std::int64_t kSettleNs = 10'000'000'000;

  // Of each tick, with its alerts.
  void follow(const Snapshot& snapshot);
  void tell(const std::vector<AlertTransition>& transitions);
  void mark(HistoryMark mark) { marks_.push_back(std::move(mark)); }
  // From then on this configuration is in force.
  void configure(HistoryConfiguration now) { configurations_.push_back(std::move(now)); }

  // True once for each minute that has settled.
  bool due(std::int64_t wall_ns);

  // Adds what was collected to a batch that has the metrics' minutes. Samples of the minute that is
  // under way come with a later batch again, unless they change no more.
  void take(HistorySpan& batch);

 private:
  void sample(const std::string& ring, const char* name, double value, std::int64_t wall_ns);
  void sample_processes(const Snapshot& snapshot);
  void follow_ring(const RingView& ring, std::int64_t wall_ns);
  void mark_sampling(const std::string& ring, std::string text, std::int64_t wall_ns);
  void follow_incidents(const Snapshot& snapshot);
  void follow_error_names(const Snapshot& snapshot);
  void follow_declared(const Snapshot& snapshot);
  void take_in_force(HistorySpan& batch);

  struct Ring {
    std::string instance;
    RingState state = RingState::waiting;
    SamplingMarks sampling;
    HistoryBuild build;
  };
  std::map<std::string, Ring> rings_;
  std::map<std::pair<std::string, std::string>, std::map<std::int64_t, HistorySample>> samples_;
  std::map<std::pair<std::string, std::uint16_t>, std::string> error_names_;  // all known
  std::map<std::string, IncidentView> incidents_;  // by id; those that last, and those to be taken
  std::map<std::string, std::int64_t> ended_;      // incidents' ends that were told
  std::vector<AlertTransition> transitions_;
  std::vector<HistoryMark> marks_;
  std::vector<HistoryBuild> builds_;  // of servers that started since the last batch
  std::vector<HistoryConfiguration> configurations_;  // the last one is in force
  std::map<std::pair<std::string, std::string>, HistoryDeclared> declared_;  // all known
  std::int64_t minute_ = INT64_MIN;  // the latest that was handed out
};

}  // namespace ringside
