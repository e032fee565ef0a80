#include "tools/ringside/source/records.h"

#include <algorithm>
#include <cstddef>

namespace ringside::tool {

namespace {
constexpr double kPatienceSeconds = 1e-3;
}

SegmentRecords::SegmentRecords(const Segment& segment, ClockKind clock, double ticks_per_second)
    : segment_(segment),
      clock_(clock),
      patience_ticks_(static_cast<std::uint64_t>(ticks_per_second * kPatienceSeconds)),
      lanes_(std::size_t{segment.overflow_lane()} + 1) {}

void SegmentRecords::begin(std::uint32_t lane, const LaneHeader& header, bool all) {
  const std::uint64_t head = header.head.load(std::memory_order_acquire);
  const std::uint64_t capacity = segment_.geometry().capacity(lane);
  LaneCursor& cursor = lanes_[lane].cursor;
  std::uint64_t position = head;
  // A lane's oldest slot may be the one that is being written (lane.h).
  const std::uint64_t kept = lane == segment_.overflow_lane() ? capacity : capacity - 1;
  if (!all) position = head > kept ? head - kept : 0;
  const std::uint64_t before = cursor.written();
  cursor = {};
  cursor.position = position;
  if (position > before) counts_.earlier += position - before;
  lanes_[lane].begun = true;
}

void SegmentRecords::read_new(std::uint32_t lane, const LaneHeader& header) {
  LaneCursor& cursor = lanes_[lane].cursor;
  const std::uint64_t read = cursor.read;
  const std::uint64_t rejected = cursor.rejected;
  const std::uint64_t lost = cursor.lost;
  const std::uint64_t capacity = segment_.geometry().capacity(lane);
  const auto take = [&](const Record& record) {
    held_.push_back({lane, record.sequence / 2 - 1, record});
  };
  std::uint64_t kept = 0;
  if (lane == segment_.overflow_lane()) {
    read_overflow(segment_.slots(lane), header, capacity, cursor, capacity, take);
  } else {
    std::uint64_t next = cursor.position;
    const auto hold = [&](const RecordWords& words, std::uint64_t position) {
      Seen& seen = held_.emplace_back();
      seen.lane = lane;
      seen.position = position;
      put_record(words, position, seen.record);
      next = position + 1;
    };
    // The reader does not say where a rejected record stood. It is the next one, unless records
    // were lost right before it.
    const auto reject = [&](const RecordWords& words) {
      if (!keep_rejected_) return;
      hold(words, next);
      ++kept;
    };
    read_lane_words(segment_.slots(lane), header, capacity, cursor, capacity, hold, reject);
  }
  counts_.read += cursor.read - read;
  counts_.rejected += cursor.rejected - rejected - kept;
  counts_.lost += cursor.lost - lost;
  const std::uint64_t moved = cursor.read - read + cursor.lost - lost;
  fullest_ = std::max(fullest_, static_cast<double>(moved) / static_cast<double>(capacity));
}

Records::Next SegmentRecords::read(std::vector<Seen>& into, bool all) {
  const std::uint64_t settled = read_ticks(clock_) - patience_ticks_;
  fullest_ = 0;
  for (std::uint32_t lane = 0; lane < lanes_.size(); ++lane) {
    const LaneHeader& header = segment_.lane_header(lane);
    if (!lane_readable(header)) continue;
    if (!lanes_[lane].begun) begin(lane, header, false);
    read_new(lane, header);
  }
  sort_by_end(held_, settled);
  if (all && into.empty()) {
    // Everything that was there may be much: it is not copied.
    into.swap(held_);
    return Next::later;
  }
  auto waiting = held_.end();
  auto future = held_.end();
  if (!all) {
    const auto since = static_cast<std::int64_t>(read_ticks(clock_) - settled);
    const auto younger_than = [&](std::int64_t age) {
      return [=](const Seen& one) { return age_ticks(one.record, settled) < age; };
    };
    waiting = std::find_if(held_.begin(), held_.end(), younger_than(0));
    // Nothing would ever come before an end that lies in the future, so it does not wait.
    future = std::find_if(waiting, held_.end(), younger_than(-since));
  }
  into.insert(into.end(), held_.begin(), waiting);
  into.insert(into.end(), future, held_.end());
  held_.erase(future, held_.end());
  held_.erase(held_.begin(), waiting);
  return Next::later;
}

void SegmentRecords::skip_to_now() {
  for (std::uint32_t lane = 0; lane < lanes_.size(); ++lane) {
    const LaneHeader& header = segment_.lane_header(lane);
    // A lane that gets its first owner later is read from its begin.
    lanes_[lane].begun = true;
    if (lane_readable(header)) begin(lane, header, true);
  }
  held_.clear();
}

void sort_by_end(std::vector<Seen>& records, std::uint64_t now) {
  std::stable_sort(records.begin(), records.end(), [now](const Seen& a, const Seen& b) {
    return age_ticks(a.record, now) > age_ticks(b.record, now);
  });
}

}  // namespace ringside::tool
