// All lanes of one ring as its reader sees them: drained together, settled together, saved
// together.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/rings/drain.h"
#include "daemon/rings/lane_books.h"

namespace ringside {

class RingLanes {
 public:
  // The ring's lanes, the overflow lane included. None of them has been used yet.
  void reset(std::size_t count);
  std::size_t size() const { return lanes_.size(); }
  // Null when the lane was never used.
  const LaneBooks* at(std::uint32_t lane) const { return lanes_[lane].get(); }

  // Since when every record can be read, by CLOCK_MONOTONIC. Each lane that has overwritten unread
  // records counts from the oldest record that it still has. None when no lane has overwritten any.
  std::optional<std::int64_t> complete_since(const Segment& segment, const TickScale& scale) const;

  // The end of the newest record in any lane. None when there is no record.
  std::optional<std::int64_t> newest(const Segment& segment, const TickScale& scale) const;

  PassResult drain(const Segment& segment, RingMetrics& metrics);
  void settle(const Segment& segment, Writers writers, RingMetrics& metrics);
  // The ring's end: takes in what dead writers left, so that nothing stays open. `crashed`: no
  // writer left in order.
  void close(const Segment& segment, bool crashed, RingMetrics& metrics);

  Books books(const Segment* segment) const;
  RingMetrics::LivingById living() const;
  std::uint64_t settled_lost() const;

  void encode(Encoder& out) const;
  void decode(Decoder& in);

 private:
  std::vector<std::unique_ptr<LaneBooks>> lanes_;   // by lane number; the last is the overflow lane
  std::vector<LaneToDrain> to_drain_;               // of one pass
  std::unique_ptr<TotalsCopy> spare_totals_ = std::make_unique<TotalsCopy>();
};

}  // namespace ringside
