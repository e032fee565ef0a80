// Figures against their thresholds. Alerts and verdict both ask here, so they cannot contradict
// each other.
//
// All is about the last minute. Where it holds fewer than Thresholds::min_samples, nothing follows
// from it: an alert then stays as it is. The verdict must also say something of a quiet server, and
// looks at the next longer window that holds enough (judged_window). It never does so while the
// minute itself can be judged.
#pragma once

#include <optional>
#include <string>

#include "report/model/snapshot.h"

namespace ringside {

struct Judgement {
  std::uint64_t samples = 0;
  bool enough = false;  // samples; the value is 0 where there are too few
  double value = 0;
  double threshold = 0;

  bool over() const { return enough && value > 0 && value >= threshold; }
};

// The shortest window of at least `min_samples` calls.
std::optional<Window> judged_window(const SeriesView& series, std::uint64_t min_samples);

// p95 of the timed calls against the operation's response time, in nanoseconds.
Judgement judge_latency(const SeriesView& operation, const Thresholds& thresholds,
                        Window window = Window::minute);
// Errors and timeouts of all calls, in percent. The empty name: a ring's operations together
// (sum_of_ring).
Judgement judge_errors(const std::string& operation, const WindowStats& calls,
                       const Thresholds& thresholds);

// All operations of one ring: counts and errors alone. The series has the ring's name and no other.
SeriesView sum_of_ring(const Snapshot& snapshot, const std::string& ring);

// The largest process of a ring by resident memory. Null where none could be sampled.
const ProcessView* largest_process(const Snapshot& snapshot, const std::string& ring);
Judgement judge_memory(const ProcessView& process, const Thresholds& thresholds);

// The gauge `connections` of a ring. Null where the server sets none.
const GaugeView* connections_of(const Snapshot& snapshot, const std::string& ring);
Judgement judge_connections(const GaugeView& gauge, const Thresholds& thresholds);

// Records read of a ring that ended in a window.
std::uint64_t records_of(const Snapshot& snapshot, const std::string& ring, Window window);

// Records of a ring that were overwritten before the daemon read them: the share of those that were
// written in the last minute. What was lost before the daemon came is no fault of now. The
// threshold is the caller's.
Judgement judge_losses(const Snapshot& snapshot, const RingView& ring);

}  // namespace ringside
