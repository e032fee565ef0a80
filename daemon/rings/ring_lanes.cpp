#include "daemon/rings/ring_lanes.h"

#include <algorithm>

#include "shm/assert.h"

namespace ringside {

void RingLanes::reset(std::size_t count) {
  lanes_.clear();
  lanes_.resize(count);
}

namespace {

// When a record ended. None when the record is gone, is not there yet, or is not believable.
std::optional<std::int64_t> end_of(const Segment& segment, std::uint32_t lane,
                                   std::uint64_t position, const TickScale& scale) {
  Record record;
  const Slot& slot = segment.slots(lane)[position & (segment.geometry().capacity(lane) - 1)];
  if (read_slot(slot, position, record) != Poll::record || !believable(record)) return std::nullopt;
  return scale.monotonic_ns(record.end());
}

}  // namespace

std::optional<std::int64_t> RingLanes::complete_since(const Segment& segment,
                                                      const TickScale& scale) const {
  std::optional<std::int64_t> since;
  for (std::uint32_t i = 0; i < lanes_.size(); ++i) {
    const LaneHeader& header = segment.lane_header(i);
    if (!lane_readable(header)) continue;
    const std::uint64_t capacity = segment.geometry().capacity(i);
    const std::uint64_t head = header.head.load(std::memory_order_acquire);
    const std::uint64_t position = lanes_[i] != nullptr ? lanes_[i]->cursor().position : 0;
    if (head <= position || head - position < capacity) continue;
    const std::uint64_t oldest = head - capacity + 1;
    // The record may be overwritten while we look. Then the lane is busy, and its records are of
    // this moment.
    since =
        std::max(since.value_or(INT64_MIN), end_of(segment, i, oldest, scale).value_or(INT64_MAX));
  }
  return since;
}

std::optional<std::int64_t> RingLanes::newest(const Segment& segment,
                                              const TickScale& scale) const {
  std::optional<std::int64_t> newest;
  for (std::uint32_t i = 0; i < lanes_.size(); ++i) {
    const LaneHeader& header = segment.lane_header(i);
    if (!lane_readable(header)) continue;
    const std::uint64_t head = header.head.load(std::memory_order_acquire);
    const auto end = head > 0 ? end_of(segment, i, head - 1, scale) : std::nullopt;
    if (end && (!newest || *end > *newest)) newest = end;
  }
  return newest;
}

PassResult RingLanes::drain(const Segment& segment, RingMetrics& metrics) {
  // The lanes belong to the ring that is drained.
  RINGSIDE_ASSERT(lanes_.size() == std::size_t{segment.geometry().lane_count} + 1);
  PassResult result;
  to_drain_.clear();
  for (std::uint32_t i = 0; i < lanes_.size(); ++i) {
    const LaneHeader& header = segment.lane_header(i);
    if (!lane_readable(header)) continue;
    if (lanes_[i] == nullptr) lanes_[i] = std::make_unique<LaneBooks>();
    LaneBooks& lane = *lanes_[i];
    if (!lane.behind(header)) continue;
    to_drain_.push_back(lane.to_drain(segment, i));
    result.records -= lane.cursor().read;
    result.lost -= lane.cursor().lost;
  }
  ringside::drain(to_drain_, metrics);
  for (const LaneToDrain& lane : to_drain_) {
    result.records += lane.cursor->read;
    result.lost += lane.cursor->lost;
    result.fullest = std::max(result.fullest,
                              static_cast<double>(lane.moved) / static_cast<double>(lane.capacity));
  }
  result.fullest = std::min(result.fullest, 1.0);
  return result;
}

void RingLanes::settle(const Segment& segment, Writers writers, RingMetrics& metrics) {
  if (segment.broken()) return;
  for (std::uint32_t i = 0; i < lanes_.size(); ++i) {
    if (!lane_readable(segment.lane_header(i))) continue;
    if (lanes_[i] == nullptr) lanes_[i] = std::make_unique<LaneBooks>();
    lanes_[i]->settle(segment, i, writers, metrics, spare_totals_);
  }
}

void RingLanes::close(const Segment& segment, bool crashed, RingMetrics& metrics) {
  const std::uint32_t overflow = segment.overflow_lane();
  for (std::uint32_t i = 0; i < overflow && !segment.broken(); ++i) {
    if (lanes_[i] != nullptr && lane_readable(segment.lane_header(i))) {
      lanes_[i]->take_remainder(segment, i, crashed, metrics);
    }
  }
  if (lanes_[overflow] != nullptr) lanes_[overflow]->close_holes(segment, overflow);
  settle(segment, Writers::gone, metrics);
}

Books RingLanes::books(const Segment* segment) const {
  Books books;
  for (std::uint32_t i = 0; i < lanes_.size(); ++i) {
    if (lanes_[i] != nullptr) books += lanes_[i]->books(segment, i);
  }
  return books;
}

RingMetrics::LivingById RingLanes::living() const {
  RingMetrics::LivingById living(kIdCount);
  for (const auto& lane : lanes_) {
    if (lane != nullptr) lane->add_to(living);
  }
  return living;
}

std::uint64_t RingLanes::settled_lost() const {
  std::uint64_t lost = 0;
  for (const auto& lane : lanes_) lost += lane != nullptr ? lane->settled_lost() : 0;
  return lost;
}

void RingLanes::encode(Encoder& out) const {
  out.u64(lanes_.size());
  for (const auto& lane : lanes_) {
    out.flag(lane != nullptr);
    if (lane != nullptr) lane->encode(out);
  }
}

void RingLanes::decode(Decoder& in) {
  reset(in.count(1, kMaxLanes + 1));
  for (auto& lane : lanes_) {
    if (!in.flag()) continue;
    lane = std::make_unique<LaneBooks>();
    lane->decode(in, &lane == &lanes_.back());
  }
}

}  // namespace ringside
