// Records on a line of time, in the order of their begins, with what leads from one thread to
// another.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "tools/ringside/export/tracks.h"
#include "tools/ringside/source/records.h"
#include "tools/ringside/source/ring_file.h"

namespace ringside::tool {

// The next call of the same user about the same room or message is work that goes on elsewhere if
// it begins on another thread so soon after the end of the last one. Later it is a new thought.
inline constexpr std::int64_t kFlowNs = 100'000'000;

struct TimelineItem {
  std::int64_t begin_ns = 0;  // CLOCK_MONOTONIC, not below 0
  std::int64_t end_ns = 0;
  std::uint32_t record = 0;  // its index
  // Flows that end and begin here; 0 for none. Each number is once an end and once a begin.
  std::uint32_t flow_in = 0;
  std::uint32_t flow_out = 0;
  // No span is known: it is untimed, had no duration, or its clock stepped back meanwhile.
  bool instant = false;
};

class Timeline {
 public:
  // `records` may be in any order. `unfinished` are operations that began and never end: of a
  // server that has died.
  Timeline(const RingFile& file, std::vector<Seen> records, const std::vector<Seen>& unfinished);

  const std::vector<Seen>& records() const { return records_; }
  const std::vector<TimelineItem>& items() const { return items_; }
  const Seen& record_of(std::uint32_t item) const { return records_[items_[item].record]; }
  // For each lane that has a record, in ascending order.
  const std::vector<std::uint32_t>& lanes() const { return lanes_; }
  std::uint32_t flows() const { return flows_; }

  // Calls with some marks of a lane, again and again. The marks of each track are in the order of
  // time. Ends when `take` says false.
  using Take = std::function<bool(std::uint32_t lane, const std::vector<TrackMark>& marks)>;
  void play(const Take& take) const;

 private:
  Span span_of(std::uint32_t item) const;
  void find_flows();

  const RingFile& file_;
  std::vector<Seen> records_;
  std::vector<TimelineItem> items_;
  std::vector<std::uint32_t> lanes_;
  std::uint32_t flows_ = 0;
};

// What the threads of a dead server had begun and not ended, as records without a duration whose
// position is that of the record that never came. None of a server that lives.
std::vector<Seen> unfinished_of(const RingFile& file);

}  // namespace ringside::tool
