// The records of a source in the order of their ends, over all lanes, each with its place.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shm/clock.h"
#include "shm/lane_reader.h"
#include "shm/segment.h"

namespace ringside::tool {

// A record and where it stands: what `ringside show RING LANE:POSITION` takes.
struct Seen {
  std::uint32_t lane = 0;
  std::uint64_t position = 0;
  Record record{};
};

// What became of the records that were written: earlier + read + lost, at all times.
struct RecordCounts {
  std::uint64_t earlier = 0;  // overwritten, or passed over, before the reader began
  std::uint64_t read = 0;
  std::uint64_t rejected = 0;  // among the read: not believable, and not handed over
  std::uint64_t lost = 0;      // overwritten before they were read, or missing in a recording
};

class Records {
 public:
  virtual ~Records() = default;

  enum class Next : std::uint8_t {
    more,   // ask again at once
    later,  // nothing at present; a server may write more
    ended   // nothing more comes
  };
  // Appends the next records in the order of their ends, also from call to call. What ended within
  // the last millisecond waits for the next call, as an earlier record of another lane may still
  // come, unless `all`. A record whose thread was held up for longer than that between its end and
  // its store comes late.
  virtual Next read(std::vector<Seen>& into, bool all) = 0;
  const RecordCounts& counts() const { return counts_; }
  // From now on records that are not believable are handed over, too, and are not among the
  // rejected. Those of a ring's overflow lane are not kept.
  void keep_rejected() { keep_rejected_ = true; }
  // What a reader should be told of the source, a sentence each, as "is cut off at offset 7".
  virtual std::vector<std::string> take_faults() { return {}; }
  // How much of the fullest lane was written between the last two reads: 1 for all of it or more.
  double fullest() const { return fullest_; }

 protected:
  RecordCounts counts_;
  double fullest_ = 0;
  bool keep_rejected_ = false;
};

// Those of a segment. The first call reads what is there; each later one reads what has come.
class SegmentRecords final : public Records {
 public:
  // The segment must live as long. `clock` and its rate are those of the ring.
  SegmentRecords(const Segment& segment, ClockKind clock, double ticks_per_second);

  // `later` for ever: whether a server still writes is for the caller to ask.
  Next read(std::vector<Seen>& into, bool all) override;
  // From here on only what is written later is read.
  void skip_to_now();

 private:
  struct Lane {
    LaneCursor cursor;
    bool begun = false;
  };
  // Passes over what was overwritten before, or, with `all`, over everything.
  void begin(std::uint32_t lane, const LaneHeader& header, bool all);
  void read_new(std::uint32_t lane, const LaneHeader& header);

  const Segment& segment_;
  const ClockKind clock_;
  const std::uint64_t patience_ticks_;
  std::vector<Lane> lanes_;
  std::vector<Seen> held_;  // not handed over yet
};

// How long ago each ended, seen from `now`: ticks wrap, and a garbage end may be anything.
// Distances from one instant have an order.
inline std::int64_t age_ticks(const Record& record, std::uint64_t now) {
  return static_cast<std::int64_t>(now - record.end());
}
// The order of ends.
void sort_by_end(std::vector<Seen>& records, std::uint64_t now);

}  // namespace ringside::tool
