// The slowest single operations: of the last hour, and since start.
//
// The list of the last hour is exact. When a record leaves the hour, one that was not among the
// slowest takes its place. So a record is kept until as many slower ones as are wanted ended in the
// same slice or later. Until then it may still come up. Of random spans that leaves a few hundred.
#pragma once

#include <cstdint>
#include <vector>

#include "shm/record.h"

namespace ringside {

class Series;

class Slowest {
 public:
  struct Entry {
    Record record{};
    const Series* series = nullptr;
    std::uint64_t span_ns;
    std::int64_t end_ns;          // CLOCK_MONOTONIC
    std::int64_t slice;           // the slice in which it counts
    std::uint32_t lane;
    std::uint32_t instance;
    // Set when the ring's clock goes away, and not valid before:
    bool fixed = false;
    std::int64_t wall_ns;         // of its end
    double ticks_per_second;      // of the clock that it was measured by
  };
  static constexpr std::int64_t kSlices = 720;   // an hour, the present slice included
  static constexpr std::size_t kMostWanted = 1000;
  static constexpr std::size_t kMostOfHour = 2 * kSlices * kMostWanted;

  explicit Slowest(std::size_t wanted) : wanted_(wanted) {}
  void resize(std::size_t wanted);

  // A record of the present slice that took no longer than this is not among the slowest.
  std::uint64_t floor_ticks() const { return floor_ticks_; }
  // Adds a record of any slice. One that ended in the future is only among those since start.
  void add(const Entry& entry, std::int64_t now_slice);
  // Moves on to a later slice.
  void roll(std::int64_t to);
  // To be called when the ring's clock goes away. For each entry `fix` fills in what only the clock
  // can tell.
  template <typename Fix>
  void fix_entries(const Fix& fix) {
    for (std::vector<Entry>* entries : {&current_, &earlier_, &since_start_}) {
      for (Entry& entry : *entries) {
        if (entry.fixed) continue;
        fix(entry);
        entry.fixed = true;
      }
    }
    floor_ticks_ = 0;
  }

  // Slowest first.
  std::vector<Entry> last_hour(std::int64_t now_slice) const;
  const std::vector<Entry>& since_start() const { return since_start_; }
  // All entries of the hour, to be saved, and back.
  template <typename Take>
  void each_of_hour(const Take& take) const {
    for (const Entry& entry : current_) take(entry);
    for (const Entry& entry : earlier_) take(entry);
  }
  void restore_of_hour(const Entry& entry, std::int64_t now_slice);
  void restore_since_start(const Entry& entry);

  std::size_t bytes() const {
    return (current_.capacity() + earlier_.capacity() + since_start_.capacity()) * sizeof(Entry);
  }

 private:
  static bool slower(const Entry& a, const Entry& b);
  void insert(std::vector<Entry>& list, const Entry& entry) const;
  void add_earlier(const Entry& entry);
  void thin_out(std::int64_t now_slice);

  std::size_t wanted_;
  std::uint64_t floor_ticks_ = 0;
  std::vector<Entry> current_;       // of the present slice, slowest first
  std::vector<Entry> earlier_;       // of earlier slices, in any order
  std::size_t thin_out_at_ = 0;
  std::vector<Entry> since_start_;   // slowest first
};

}  // namespace ringside
