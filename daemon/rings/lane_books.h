// The books of one lane: the reader's position, what was read and lost, and of which operation.
//
// written = read + lost holds at all times. Rejected records are among the read. Only the server's
// totals can tell the operations of lost records: lost = recorded - read. That is exact only when
// the totals were copied while the writer was at the reader's position (settle()).
//
// Worked example, a lane of four slots. The writer has written A A A B B B (positions 0 to 5). The
// reader comes late and resumes at the oldest safe record: it loses positions 0 to 2 and reads 3 to
// 5, B B B. The totals say A 3, B 3. So the three lost records were three of A.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "daemon/metrics/ring_metrics.h"
#include "daemon/rings/drain.h"
#include "daemon/storage/codec.h"
#include "report/model/books.h"
#include "shm/lane_reader.h"
#include "shm/segment.h"

namespace ringside {

// Whether the server still writes the ring, or has left it for good.
enum class Writers : std::uint8_t { at_work, gone };

class LaneBooks {
 public:
  const LaneCursor& cursor() const { return cursor_; }

  // False when the lane's head says that there is nothing to read.
  bool behind(const LaneHeader& header) const {
    return header.head.load(std::memory_order_relaxed) != cursor_.position ||
           !cursor_.holes.empty();
  }
  LaneToDrain to_drain(const Segment& segment, std::uint32_t lane);

  // Copies the lane's totals and adds what is new in `skipped` to the metrics. Attributes the lost
  // records to operations if that is possible now. `gone`: nobody writes any more, so the copy is
  // exact.
  // `spare` is where the copy is made; it comes back with the copy before.
  void settle(const Segment& segment, std::uint32_t lane, Writers writers, RingMetrics& metrics,
              std::unique_ptr<TotalsCopy>& spare);

  // Takes in what the last owner of a lane left at its head. A record that was published and not
  // counted in `head` is read. A half-written one is torn. Only for a ring that nobody writes any
  // more.
  void take_remainder(const Segment& segment, std::uint32_t lane, bool crashed,
                      RingMetrics& metrics);
  // The same for the overflow lane: its holes will never be filled.
  void close_holes(const Segment& segment, std::uint32_t lane);

  // `segment` may be null, or cut off. Its own count of torn records is then left out.
  Books books(const Segment* segment, std::uint32_t lane) const;
  // Adds the figures that are known by id.
  void add_to(RingMetrics::LivingById& living) const;
  // Lost records whose operation is known.
  std::uint64_t settled_lost() const;

  void encode(Encoder& out) const;
  // Fails on books that are impossible: the lane's own numbers contradict each other.
  void decode(Decoder& in, bool overflow);

 private:
  std::uint64_t rejected_of(std::uint32_t id) const;

  LaneCursor cursor_;
  std::uint32_t torn_ = 0;                              // found at the end of a server that is gone
  RingMetrics::Counts read_{};                          // believed records, by id
  RingMetrics::Counts rejected_{};                      // rejected ones, by their claimed id
  std::unique_ptr<TotalsCopy> totals_ = std::make_unique<TotalsCopy>();   // as last copied
  std::array<std::uint64_t, kIdCount> settled_lost_{};  // by id, as of the last exact copy
};

}  // namespace ringside
