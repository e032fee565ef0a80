#include "daemon/rings/drain.h"

#include "daemon/metrics/ring_metrics_add.h"

namespace ringside {

namespace {

// Reads a part of a lane: as much as the metrics take at once. Returns the number of positions.
std::uint64_t drain_some(const LaneToDrain& lane, RingMetrics& metrics) {
  const auto reject = [&lane](const RecordWords& record) {
    if (lane.rejected_of != nullptr) ++(*lane.rejected_of)[record.descriptor & (kIdCount - 1)];
  };
  if (!lane.overflow) {
    const std::uint64_t moved = read_lane_words(
        lane.slots, *lane.header, lane.capacity, *lane.cursor, RingMetrics::kBatch,
        [&](const RecordWords& record, std::uint64_t position) {
          metrics.add(record, position, lane.lane);
        },
        reject);
    metrics.end_batch(*lane.read_of);
    return moved;
  }
  // One call for all that the lane can hold, because every call looks at all holes again. Filled
  // holes come on top of the call's limit.
  std::uint32_t added = 0;
  const std::uint64_t moved = read_overflow(
      lane.slots, *lane.header, lane.capacity, *lane.cursor, lane.capacity,
      [&](const Record& record) {
        metrics.add(words_of(record), record.sequence / 2 - 1, lane.lane);
        if (++added % RingMetrics::kBatch == 0) metrics.end_batch(*lane.read_of);
      },
      reject);
  metrics.end_batch(*lane.read_of);
  return moved;
}

}  // namespace

void drain(std::vector<LaneToDrain>& lanes, RingMetrics& metrics) {
  for (LaneToDrain& lane : lanes) {
    for (std::uint64_t some = 1; some != 0 && lane.moved < 2 * lane.capacity; lane.moved += some) {
      some = drain_some(lane, metrics);
    }
    metrics.end_run();
  }
}

}  // namespace ringside
