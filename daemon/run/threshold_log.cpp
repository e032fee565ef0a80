#include "daemon/run/threshold_log.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <string>
#include <vector>

#include "daemon/config/known_operations.h"

namespace ringside {

void ThresholdLog::follow(const Snapshot& snapshot, std::int64_t monotonic_ns) {
  if (said_) return;
  const bool live = std::any_of(snapshot.rings.begin(), snapshot.rings.end(),
                                [](const RingView& ring) { return ring.live(); });
  if (live && !live_since_ns_) live_since_ns_ = monotonic_ns;
  if (!live_since_ns_ || monotonic_ns - *live_since_ns_ < kAfterNs) return;
  std::vector<std::string> registered;
  for (const SeriesView& operation : snapshot.operations) registered.push_back(operation.name);
  for (const UnknownOperation& unknown : unknown_operations(snapshot.thresholds, registered)) {
    spdlog::warn("{}", unknown_operation_text(unknown));
  }
  said_ = !registered.empty();
}

void ThresholdLog::begin_anew() { said_ = false; }

}  // namespace ringside
