#include "daemon/drain.h"

#include "daemon/ring_metrics_see.h"

namespace ringside {

namespace {

// A piece that the metrics take at once. Returns how many positions it was.
std::uint64_t drain_some(const LaneToDrain& lane, RingMetrics& metrics) {
  if (lane.overflow) {
    return read_overflow(
        lane.slots, *lane.header, lane.capacity, *lane.cursor, RingMetrics::kMostSeen,
        [&](const Record& record) { metrics.see(words_of(record), record.sequence / 2 - 1, lane.lane); });
  }
  return read_lane_words(
      lane.slots, *lane.header, lane.capacity, *lane.cursor, RingMetrics::kMostSeen,
      [&](const RecordWords& record, std::uint64_t position) { metrics.see(record, position, lane.lane); });
}

}  // namespace

void drain(std::vector<LaneToDrain>& lanes, RingMetrics& metrics) {
  for (LaneToDrain& lane : lanes) {
    for (std::uint64_t some = 1; some != 0 && lane.moved < 2 * lane.capacity; lane.moved += some) {
      some = drain_some(lane, metrics);
      metrics.seen(*lane.read_of);
    }
    metrics.end_run();
  }
}

}  // namespace ringside
