// The books of one lane: where its reader stands, what was read and lost, and of which operation.
//
// written = read + lost holds at all times; rejected records are among the read. Of which operation
// a lost record was, only the server's totals can tell: lost = recorded - read, and that is exact
// only when the totals were copied while the writer stood where the reader stands (settle()).
//
// Worked example, a lane of four slots. The writer has written A A A B B B (positions 0 to 5). The
// reader comes late and resumes at the oldest safe record: it loses positions 0 to 2 and reads 3 to
// 5, B B B. The totals say A 3, B 3. So the three lost records were three of A.
#pragma once

#include <array>
#include <cstdint>

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

  // False when there is nothing to read, by the lane's head.
  bool behind(const LaneHeader& header) const {
    return header.head.load(std::memory_order_relaxed) != cursor_.position ||
           !cursor_.holes.empty();
  }
  LaneToDrain to_drain(const Segment& segment, std::uint32_t lane);

  // Copies the lane's totals, hands what is new in `skipped` to the metrics, and says of which
  // operation the lost records were if that can be told now. `gone`: nobody writes any more, so the
  // copy is exact.
  void settle(const Segment& segment, std::uint32_t lane, Writers writers, RingMetrics& metrics);

  // What the last owner of a lane left at its head: a record that was published and not counted in
  // `head` is read, one that was half written is torn. For a ring that nobody writes any more.
  void take_remainder(const Segment& segment, std::uint32_t lane, bool crashed,
                      RingMetrics& metrics);
  // The same for the overflow lane: its holes are never filled now.
  void close_holes(const Segment& segment, std::uint32_t lane);

  // `segment` may be null, or cut off: its own count of torn records is left out then.
  Books books(const Segment* segment, std::uint32_t lane) const;
  // Adds what is known by id.
  void add_to(RingMetrics::LivingById& living) const;
  // Lost, and known by operation.
  std::uint64_t settled_lost() const;

  void encode(Encoder& out) const;
  // Fails on books that cannot be: a lane's own numbers contradict one another.
  void decode(Decoder& in, bool overflow);

 private:
  std::uint64_t rejected_of(std::uint32_t id) const;

  LaneCursor cursor_;
  std::uint32_t torn_ = 0;                              // found at the end of a server that is gone
  RingMetrics::Counts read_{};                          // believed records, by id
  RingMetrics::Counts rejected_{};                      // others, by the id that they claim
  TotalsCopy totals_;                                   // as last copied
  std::array<std::uint64_t, kIdCount> settled_lost_{};  // by id, as of the last exact copy
};

}  // namespace ringside
