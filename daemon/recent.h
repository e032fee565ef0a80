// The last N operations of one kind: exactly those that completed latest, whatever thread they ran on and in
// whatever order its lane was read.
//
// A lane's records come in the order in which they ended, so within one run of one lane only the last N can
// count: they go round a ring of N places, at the cost of one copy. At the end of the run they are merged, from
// the latest backwards, into what is kept in order. Only 16-byte keys move; the records stay where they were
// copied to, and a place whose record has dropped out becomes a place of the run's ring.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

#include "shm/record.h"

namespace ringside {

class Recent {
 public:
  struct Origin {
    std::uint32_t lane = 0;
    std::uint32_t instance = 0;   // which life of the ring; a later one's operations are all later
    std::int64_t wall_ns = 0;     // of its end, once it was fixed; 0 while the ring's clock can still say
    double ticks_per_second = 0;  // of the clock that it was measured by, once wall_ns is fixed
  };
  struct Entry {
    Record record;
    Origin origin;
  };

  explicit Recent(std::size_t wanted) { resize(wanted); }

  // Records pushed since the last end_run().
  std::uint64_t run_total() const { return run_folded_ + run_count_; }

  // Where the next record of the run goes. What is put there counts once it is pushed.
  Record* place() { return &records_[run_places_[run_count_ & run_mask_]]; }

  // Takes in the record that was put into place().
  void push_placed(const Record& record, std::uint32_t lane, std::uint32_t instance) {
    const std::uint64_t end = record.end();
    // Not in order: a handed-in end, a signal handler, the overflow lane, or a clock that stepped. The run is
    // closed and another begun, which keeps the result exact.
    if (static_cast<std::int64_t>(end - run_last_) < 0 && run_count_ > 0) [[unlikely]] {
      const Record copy = record;
      fold(lane, instance);
      *place() = copy;
    }
    run_last_ = end;
    ++run_count_;
  }

  void push(const Record& record, std::uint32_t lane, std::uint32_t instance) {
    *place() = record;
    push_placed(*place(), lane, instance);
  }

  // Ends a run of records of one lane.
  void end_run(std::uint32_t lane, std::uint32_t instance) {
    fold(lane, instance);
    run_folded_ = 0;
  }

  void restore(const Entry& entry) {
    push(entry.record, entry.origin.lane, entry.origin.instance);
    const std::uint32_t place = run_places_[0];
    end_run(entry.origin.lane, entry.origin.instance);
    // Unless it was too early to be kept.
    if (run_places_[0] != place) origins_[place] = entry.origin;
  }

  std::size_t size() const { return static_cast<std::size_t>(end_ - begin_); }
  // 0 is the latest.
  const Record& record(std::size_t i) const { return records_[key(i).place]; }
  const Origin& origin(std::size_t i) const { return origins_[key(i).place]; }

  // For entries whose ring's clock goes away: `wall_of` says when a record ended.
  template <typename WallOf>
  void fix_wall(double ticks_per_second, const WallOf& wall_of) {
    for (std::size_t i = 0; i < size(); ++i) {
      Origin& origin = origins_[key(i).place];
      if (origin.wall_ns != 0) continue;
      origin.wall_ns = wall_of(record(i));
      origin.ticks_per_second = ticks_per_second;
    }
  }

  // Between runs only.
  void resize(std::size_t wanted) {
    if (wanted == wanted_) return;
    std::vector<Entry> entries;
    for (std::size_t i = std::min(wanted, size()); i > 0; --i) entries.push_back({record(i - 1), origin(i - 1)});
    // One more than can be kept of a run: the next record is copied into its place before it is known to count.
    const std::size_t run = std::bit_ceil(wanted + 1);
    wanted_ = wanted;
    records_.assign(wanted + run, Record{});
    origins_.assign(wanted + run, Origin{});
    run_places_.resize(run);
    for (std::size_t i = 0; i < run; ++i) run_places_[i] = static_cast<std::uint32_t>(i);
    free_.clear();
    for (std::size_t i = 0; i < wanted; ++i) free_.push_back(static_cast<std::uint32_t>(run + i));
    run_mask_ = run - 1;
    run_count_ = 0;
    keys_.assign(std::bit_ceil(2 * wanted), Key{});
    key_mask_ = keys_.size() - 1;
    begin_ = end_ = 0;
    for (const Entry& entry : entries) restore(entry);
  }

  std::size_t bytes() const {
    return records_.capacity() * (sizeof(Record) + sizeof(Origin)) + keys_.capacity() * sizeof(Key) +
           (run_places_.capacity() + free_.capacity()) * sizeof(std::uint32_t);
  }

 private:
  struct Key {
    std::uint64_t end;
    std::uint32_t instance;
    std::uint32_t place;
  };

  const Key& key(std::size_t i) const { return keys_[(end_ - 1 - i) & key_mask_]; }

  // Completed later than what is kept under `b`; a tie goes to the larger lane, then to the later position.
  bool later(const Key& a, std::uint32_t lane, const Key& b) const {
    if (a.instance != b.instance) [[unlikely]] return a.instance > b.instance;
    const auto apart = static_cast<std::int64_t>(a.end - b.end);
    if (apart != 0) [[likely]] return apart > 0;
    if (lane != origins_[b.place].lane) return lane > origins_[b.place].lane;
    return records_[a.place].sequence > records_[b.place].sequence;
  }

  void fold(std::uint32_t lane, std::uint32_t instance) {
    const std::uint64_t from = run_count_;
    std::uint64_t first = from - std::min<std::uint64_t>(from, wanted_);
    run_folded_ += run_count_;
    run_count_ = 0;
    const auto run_key = [&](std::uint64_t at) {
      const std::uint32_t place = run_places_[at & run_mask_];
      return Key{records_[place].end(), instance, place};
    };
    // What is no later than the earliest of a full list can't enter it. The run is in order: find its first that can.
    if (size() == wanted_) {
      std::uint64_t high = from;
      while (first < high) {
        const std::uint64_t middle = first + (high - first) / 2;
        if (later(run_key(middle), lane, keys_[begin_ & key_mask_])) {
          high = middle;
        } else {
          first = middle + 1;
        }
      }
    }
    std::uint64_t old = end_;   // one past the latest kept that has not moved
    std::uint64_t to = end_ += from - first;
    for (std::uint64_t next = from; next > first;) {
      const Key key = run_key(--next);
      while (old > begin_ && !later(key, lane, keys_[(old - 1) & key_mask_])) {
        keys_[--to & key_mask_] = keys_[--old & key_mask_];
      }
      keys_[--to & key_mask_] = key;
      origins_[key.place] = {lane, instance, 0, 0};
    }
    // Places whose records dropped out replace the run's that stay kept.
    for (; size() > wanted_; ++begin_) free_.push_back(keys_[begin_ & key_mask_].place);
    for (std::uint64_t at = first; at < from; ++at) {
      run_places_[at & run_mask_] = free_.back();
      free_.pop_back();
    }
  }

  std::size_t wanted_ = 0;
  std::vector<Record> records_;
  std::vector<Origin> origins_;               // of the kept, by place
  std::vector<std::uint32_t> run_places_;     // ring of a power of two > wanted_
  std::vector<std::uint32_t> free_;           // wanted_ - size() places
  std::uint64_t run_mask_ = 0;
  std::uint64_t run_count_ = 0;
  std::uint64_t run_last_ = 0;                // end of the run's latest record
  std::uint64_t run_folded_ = 0;
  std::vector<Key> keys_;                     // ring of a power of two >= 2 * wanted_, earliest first
  std::uint64_t key_mask_ = 0;
  std::uint64_t begin_ = 0;
  std::uint64_t end_ = 0;
};

}  // namespace ringside
