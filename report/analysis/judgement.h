// Compares figures with their thresholds, for the verdict. Alerts take the same thresholds. Shares
// of calls they judge with their own evidence (daemon/alerts/evidence.h).
//
// Everything is about the last minute. A minute with fewer than Thresholds::min_samples proves
// nothing. The verdict must also judge a quiet server, so it takes the next longer window that
// holds enough (judged_window). It never does so while the minute itself can be judged.
#pragma once

#include <optional>
#include <string>

#include "report/model/snapshot.h"

namespace ringside {

struct Judgement {
  std::uint64_t samples = 0;
  bool enough = false;  // whether there are enough samples; if not, value is 0
  double value = 0;
  double threshold = 0;

  bool over() const { return enough && value > 0 && value >= threshold; }
};

// The shortest window of at least `min_samples` calls. Of the past there is only one: the span.
std::optional<Window> judged_window(const Snapshot& snapshot, const SeriesView& series);

// p95 of the timed calls against the operation's response time, in nanoseconds. Without a threshold
// nothing is enough.
Judgement judge_latency(const SeriesView& operation, const Thresholds& thresholds,
                        Window window = Window::minute);
// Errors and timeouts in percent of all calls. The empty name stands for a ring's operations
// together (sum_of_ring).
Judgement judge_errors(const std::string& operation, const WindowStats& calls,
                       const Thresholds& thresholds);

// All operations of one ring: only counts and errors. The series has the ring's name and no other.
SeriesView sum_of_ring(const Snapshot& snapshot, const std::string& ring);

// The largest process of a ring by resident memory. Null where none could be sampled.
const ProcessView* largest_process(const Snapshot& snapshot, const std::string& ring);
Judgement judge_memory(const ProcessView& process, const Thresholds& thresholds);

// The gauge `connections` of a ring. Null where the server sets none.
const GaugeView* connections_of(const Snapshot& snapshot, const std::string& ring);
Judgement judge_connections(const GaugeView& gauge, const Thresholds& thresholds);

// Records of a ring that ended in a window and were read; of the past, in the span.
std::uint64_t records_of(const Snapshot& snapshot, const std::string& ring, Window window);

// The window over which losses are judged: the last minute; of the past, the span.
Window loss_window(const Snapshot& snapshot);

// Records of a ring that were overwritten before the daemon read them, as a share of those written
// in that window. What was lost before the daemon came does not count. The caller sets the
// threshold.
Judgement judge_losses(const Snapshot& snapshot, const RingView& ring);

}  // namespace ringside
