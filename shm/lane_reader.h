// A reader's end of a lane: its own position and what it has counted. Nothing here writes to the
// segment.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "shm/lane.h"
#include "shm/segment.h"

namespace ringside {

// Where a reader stands in one lane. Plain data, so that it can be saved and restored.
struct LaneCursor {
  std::uint64_t position = 0;   // the next one to read
  std::uint64_t read = 0;
  std::uint64_t lost = 0;
  std::uint64_t rejected = 0;   // among the read
  // Overflow lane: positions that were reserved but not published when the reader came by. They are
  // neither read nor lost so far. Ascending.
  std::vector<std::uint64_t> holes;

  // How many published positions this reader has passed: read + lost, at all times.
  std::uint64_t written() const { return position - holes.size(); }
};

// Holes beyond this many are given up as lost, oldest first. So a reader's memory is bounded,
// whatever is written.
inline constexpr std::size_t kMaxHoles = 1024;

// True when the lane has memory that may be touched.
inline bool lane_readable(const LaneHeader& header) {
  // ORDER pages.
  return header.state.load(std::memory_order_acquire) == kReady;
}

// How many records ahead a reader prefetches. The records lie in another processor's cache.
// Measured from 0 to 64 (ringside-bench --part drain, Xeon, 64 lanes): 14.3 ns a record at 0, 11.1
// at 12, 10.3 at 32 and 64.
inline constexpr std::uint64_t kReadAhead = 64;

// For readers that only count the records they reject.
struct IgnoreRejected {
  void operator()(const RecordWords&) const {}
};

// Reads what a single-writer lane has published, oldest first, at most `limit` records. Calls
// take(const RecordWords&, position) for each believable one and reject(const RecordWords&) for the
// others. A lapped reader goes on at the oldest record that is safe to read and counts the rest as
// lost. Returns how many positions it moved on, read and lost.
template <typename Take, typename Reject = IgnoreRejected>
inline std::uint64_t read_lane_words(const Slot* slots, const LaneHeader& header,
                                     std::uint64_t capacity, LaneCursor& cursor,
                                     std::uint64_t limit, const Take& take,
                                     const Reject& reject = {}) {
  RINGSIDE_ASSERT(capacity > 0 && (capacity & (capacity - 1)) == 0);
  // ORDER head -> totals: and every record below head is published.
  std::uint64_t head = header.head.load(std::memory_order_acquire);
  // Counted in locals: `take` writes through pointers, and the compiler must assume that they alias
  // the cursor.
  const std::uint64_t begin = cursor.position;
  std::uint64_t position = begin;
  std::uint64_t lost = 0;
  std::uint64_t rejected = 0;
  const auto resume = [&](std::uint64_t oldest) {
    lost += oldest - position;
    position = oldest;
  };
  if (head > position && head - position >= capacity) resume(head - capacity + 1);
  std::uint64_t left = limit;
  while (position < head && left > 0) {
    // One bound for both, so that the loop has one comparison.
    const std::uint64_t first = position;
    const std::uint64_t end = position + std::min(left, head - position);
    for (; position != end; ++position) {
      RecordWords words;
      __builtin_prefetch(&slots[(position + kReadAhead) & (capacity - 1)]);
      if (__builtin_expect(
              read_words(slots[position & (capacity - 1)], position, words) != Poll::record, 0)) {
        break;
      }
      if (__builtin_expect(believable(words), 1)) {
        take(words, position);
      } else {
        ++rejected;
        reject(words);
      }
    }
    left -= position - first;
    if (position == end) continue;
    --left;
    head = header.head.load(std::memory_order_acquire);
    const bool lapped = head > position && head - position >= capacity;
    // The reader was not lapped, and the record is not there although head says so. No writer of
    // this format does that. Count it as lost and move on. Another process controls these bytes, so
    // a reader must never wait for them.
    resume(lapped ? head - capacity + 1 : position + 1);
  }
  cursor.position = position;
  cursor.lost += lost;
  cursor.read += position - begin - lost;
  cursor.rejected += rejected;
  return position - begin;
}

// The same with whole records: take(const Record&).
template <typename Take>
inline std::uint64_t read_lane(const Slot* slots, const LaneHeader& header, std::uint64_t capacity,
                               LaneCursor& cursor, std::uint64_t limit, const Take& take) {
  Record record;
  return read_lane_words(slots, header, capacity, cursor, limit,
                         [&](const RecordWords& words, std::uint64_t position) {
                           put_record(words, position, record);
                           take(static_cast<const Record&>(record));
                         });
}

// The same for the overflow lane, whose records may become readable out of order.
template <typename Take, typename Reject = IgnoreRejected>
std::uint64_t read_overflow(const Slot* slots, const LaneHeader& header, std::uint64_t capacity,
                            LaneCursor& cursor, std::uint64_t limit, Take&& take,
                            const Reject& reject = {}) {
  RINGSIDE_ASSERT(capacity > 0 && (capacity & (capacity - 1)) == 0);
  const std::uint64_t begin = cursor.position;
  const std::uint64_t head = header.head.load(std::memory_order_acquire);
  Record record;
  const auto count = [&] {
    ++cursor.read;
    if (believable(record)) {
      take(record);
    } else {
      ++cursor.rejected;
      reject(words_of(record));
    }
  };
  std::size_t kept = 0;
  for (const std::uint64_t hole : cursor.holes) {
    const Poll poll = read_slot(slots[hole & (capacity - 1)], hole, record);
    if (poll == Poll::record) {
      count();
    } else if (poll == Poll::lapped || (head > hole && head - hole >= capacity)) {
      ++cursor.lost;
    } else {
      cursor.holes[kept++] = hole;
    }
  }
  cursor.holes.resize(kept);
  if (head > cursor.position && head - cursor.position > capacity) {
    cursor.lost += head - capacity - cursor.position;
    cursor.position = head - capacity;
  }
  for (std::uint64_t done = 0; cursor.position < head && done < limit; ++done) {
    const std::uint64_t position = cursor.position++;
    const Poll poll = read_slot(slots[position & (capacity - 1)], position, record);
    if (poll == Poll::record) {
      count();
    } else if (poll == Poll::lapped) {
      ++cursor.lost;
    } else {
      if (cursor.holes.size() == kMaxHoles) {
        cursor.holes.erase(cursor.holes.begin());
        ++cursor.lost;
      }
      cursor.holes.push_back(position);
    }
  }
  return cursor.position - begin;
}

// A lane's totals as one copy.
struct TotalsCopy {
  struct Entry {
    std::uint64_t recorded = 0, skipped = 0, errors = 0, ticks = 0;
  };
  std::array<Entry, kIdCount> entries{};
};

void copy_totals(const Totals* totals, TotalsCopy& out);

// Copies the totals of a single-writer lane if they stand exactly at `position`: nothing was being
// written while they were copied. False when the writer is busy; try again later.
bool copy_totals_at(const Slot* slots, const LaneHeader& header, const Totals* totals,
                    std::uint64_t capacity, std::uint64_t position, TotalsCopy& out);

// What the last owner left at head. Only meaningful when nobody writes the lane any more.
enum class Remainder { clean, unpublished_head, torn };
Remainder lane_remainder(const Slot* slots, const LaneHeader& header, std::uint64_t capacity);

}  // namespace ringside
