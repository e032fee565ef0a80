// All lanes of one ring, as its reader has them: drained together, settled together, saved
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

  // From which instant on every record is there to be read, by CLOCK_MONOTONIC: the oldest record
  // that is still there in each lane that has overwritten what was not read. None when no lane has.
  std::optional<std::int64_t> complete_since(const Segment& segment, const TickScale& scale) const;

  // The end of the newest record in any lane. None when there is no record.
  std::optional<std::int64_t> newest(const Segment& segment, const TickScale& scale) const;

  PassResult drain(const Segment& segment, RingMetrics& metrics);
  void settle(const Segment& segment, Writers writers, RingMetrics& metrics);
  // The ring's end: what dead writers left is taken in, and nothing stays open. `crashed`: no
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
};

}  // namespace ringside
