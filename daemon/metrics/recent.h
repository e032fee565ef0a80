// The last N operations of one kind: exactly those that completed latest, on any thread, in
// whatever order the lanes were read.
//
// A lane's records come in the order in which they ended. A run is what one lane gives in one go.
// Each record of a run that may be among the latest is copied, and its key is put at the end of the
// run's keys. At the end of the run its last N are merged with the N kept so far. The earliest of
// those N is then the floor. A record that ended before the floor is dropped before it is copied:
// with several lanes that is most of them. Only 16-byte keys move. A record stays where it was
// copied to.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <vector>

#include "shm/record.h"

namespace ringside {

class Series;

class Recent {
 public:
  struct Origin {
    std::uint32_t lane = 0;
    std::uint32_t instance = 0;   // of the ring; all operations of a later one are later
    // Set when the ring's clock goes away, and not valid before:
    bool fixed = false;
    std::int64_t end_ns = 0;      // CLOCK_MONOTONIC
    std::int64_t wall_ns = 0;     // of its end
    double ticks_per_second = 0;  // of the clock that it was measured by
    const Series* context = nullptr;   // events: the operation they happened in
  };
  struct Entry {
    Record record;
    Origin origin;
  };

  explicit Recent(std::size_t wanted) { resize(wanted); }

  // Ticks: a record of `instance` that ended before them is not among the last N. "Before" as in a
  // clock that wraps. Returns `none` while there is no such bound.
  std::uint64_t floor(std::uint32_t instance, std::uint64_t none) const {
    return floor_instance_ == instance ? floor_end_ : none;
  }
  bool wants(std::uint64_t end, std::uint32_t instance) const {
    return floor_instance_ != instance || static_cast<std::int64_t>(end - floor_end_) >= 0;
  }

  // Where to copy the next record to, before push_placed().
  Record* place() { return &records_[free_[free_count_ - 1]]; }
  // Adds the record in place(), which ended at `end`.
  void push_placed(std::uint64_t end, std::uint32_t lane) {
    const Key key{end, free_[--free_count_], lane};
    if (run_count_ > 0 && static_cast<std::int64_t>(end - run_[run_count_ - 1].end) <= 0 &&
        !later(key, run_[run_count_ - 1])) [[unlikely]] {
      run_in_order_ = false;
    }
    run_[run_count_++] = key;
    if (run_count_ == run_.size()) [[unlikely]] shorten_run();
    // Some time passes until the next record. By then its place should be in the cache.
    __builtin_prefetch(place(), 1);
  }
  void push(const Record& record, std::uint32_t lane, std::uint32_t instance) {
    if (!wants(record.end(), instance)) return;
    *place() = record;
    push_placed(record.end(), lane);
  }

  // Ends a run of records of one lane and one instance.
  void end_run(std::uint32_t instance) {
    if (run_count_ != 0) merge(instance);
  }
  // Only valid between runs.
  std::size_t size() const { return kept_count_; }
  // 0 is the latest.
  const Record& record(std::size_t i) const { return records_[key(i).place]; }
  const Origin& origin(std::size_t i) const { return origins_[key(i).place]; }

  void restore(const Entry& entry) {
    const std::uint32_t place = free_[free_count_ - 1];
    push(entry.record, entry.origin.lane, entry.origin.instance);
    if (run_count_ == 0) return;
    end_run(entry.origin.instance);
    origins_[place] = entry.origin;
  }

  // To be called when the ring's clock goes away. For each record `fix` fills in what only the
  // clock and the names of the ids can tell.
  template <typename Fix>
  void fix_origins(const Fix& fix) {
    for (std::size_t i = 0; i < size(); ++i) {
      Origin& origin = origins_[key(i).place];
      if (origin.fixed) continue;
      fix(record(i), origin);
      origin.fixed = true;
    }
  }

  void resize(std::size_t wanted) {
    if (wanted == wanted_) return;
    std::vector<Entry> entries;
    for (std::size_t i = std::min(wanted, size()); i > 0; --i)
      entries.push_back({record(i - 1), origin(i - 1)});
    wanted_ = wanted;
    // A run may grow to twice the length before it is shortened, so it is seldom shortened.
    run_.assign(2 * wanted + 16, Key{});
    kept_.assign(wanted, Key{});
    merged_.assign(wanted, Key{});
    const std::size_t places = kept_.size() + run_.size();
    records_.assign(places, Record{});
    origins_.assign(places, Origin{});
    free_.resize(places);
    std::iota(free_.rbegin(), free_.rend(), 0U);   // place 0 is taken first
    free_count_ = places;
    run_count_ = kept_count_ = 0;
    run_in_order_ = true;
    floor_instance_ = kNoFloor;
    for (const Entry& entry : entries) restore(entry);
  }

  std::size_t bytes() const {
    return records_.capacity() * (sizeof(Record) + sizeof(Origin)) +
           (run_.capacity() + kept_.capacity() + merged_.capacity()) * sizeof(Key) +
           free_.capacity() * sizeof(std::uint32_t);
  }

 private:
  struct Key {
    std::uint64_t end;
    std::uint32_t place;
    std::uint32_t lane;
  };

  const Key& key(std::size_t i) const { return kept_[kept_count_ - 1 - i]; }
  void give_back(const Key& key) { free_[free_count_++] = key.place; }

  // True when `a` completed later than `b`. Both are of one instance. A tie goes to the larger
  // lane, then to the later position.
  bool later(const Key& a, const Key& b) const {
    const auto apart = static_cast<std::int64_t>(a.end - b.end);
    return apart > 0 || (apart == 0 && later_of_tie(a, b));
  }
  [[gnu::cold]] bool later_of_tie(const Key& a, const Key& b) const {
    return a.lane != b.lane ? a.lane > b.lane
                            : records_[a.place].sequence > records_[b.place].sequence;
  }

  void sort_run() {
    // A run is not in order after a handed-in end, a signal handler, a record of the overflow lane,
    // or a clock that stepped.
    if (run_in_order_) return;
    std::sort(run_.begin(), run_.begin() + static_cast<std::ptrdiff_t>(run_count_),
              [this](const Key& a, const Key& b) { return later(b, a); });
    run_in_order_ = true;
  }

  // Leaves the last N of the run.
  void shorten_run() {
    sort_run();
    const std::size_t gone = run_count_ - wanted_;
    for (std::size_t i = 0; i < gone; ++i) give_back(run_[i]);
    std::move(run_.begin() + static_cast<std::ptrdiff_t>(gone), run_.end(), run_.begin());
    run_count_ = wanted_;
  }

  void merge(std::uint32_t instance) {
    sort_run();
    std::size_t run = run_count_;     // not merged yet: of the run, and of the kept
    std::size_t kept = kept_count_;
    // merged_ is filled from here on.
    const std::size_t first = wanted_ - std::min(wanted_, run + kept);
    std::size_t room = wanted_;
    // Records of a later instance are later, whatever their clock says. Then clocks are not
    // compared.
    const bool mixed = kept > 0 && origins_[kept_[0].place].instance != instance;
    if (!mixed) {
      // With several threads at work nothing predicts which of the two is later, so no branch
      // depends on it. Run min(room, run, kept) steps without bounds checks.
      while (const std::size_t steps = std::min({room - first, run, kept})) {
        for (std::size_t i = 0; i < steps; ++i) {
          const Key& of_run = run_[run - 1];
          const Key& of_kept = kept_[kept - 1];
          const auto apart = static_cast<std::int64_t>(of_run.end - of_kept.end);
          std::uint64_t kept_later = static_cast<std::uint64_t>(apart >> 63);   // all ones or 0
          if (apart == 0) [[unlikely]]
            kept_later = later_of_tie(of_run, of_kept) ? 0 : ~std::uint64_t{0};
          Key& to = merged_[--room];
          to.end = (of_kept.end & kept_later) | (of_run.end & ~kept_later);
          to.place = (of_kept.place & static_cast<std::uint32_t>(kept_later)) |
                     (of_run.place & ~static_cast<std::uint32_t>(kept_later));
          to.lane = (of_kept.lane & static_cast<std::uint32_t>(kept_later)) |
                    (of_run.lane & ~static_cast<std::uint32_t>(kept_later));
          kept += kept_later;
          run -= 1 + kept_later;
        }
      }
    } else {
      while (room > first && run > 0 && kept > 0) {
        const std::uint32_t of_kept = origins_[kept_[kept - 1].place].instance;
        const bool from_run =
            of_kept != instance ? instance > of_kept : later(run_[run - 1], kept_[kept - 1]);
        merged_[--room] = from_run ? run_[--run] : kept_[--kept];
      }
    }
    while (room > first && run > 0) merged_[--room] = run_[--run];
    // What is still missing of them there is among the kept.
    while (room > first) merged_[--room] = kept_[--kept];
    for (std::size_t i = run; i < run_count_; ++i)
      origins_[run_[i].place] = Origin{run_[i].lane, instance};
    for (std::size_t i = 0; i < run; ++i) give_back(run_[i]);
    for (std::size_t i = 0; i < kept; ++i) give_back(kept_[i]);
    run_count_ = 0;
    run_in_order_ = true;
    kept_count_ = wanted_ - first;
    if (first > 0)
      std::move(merged_.begin() + static_cast<std::ptrdiff_t>(first), merged_.end(),
                merged_.begin());
    std::swap(kept_, merged_);
    if (kept_count_ < wanted_) return;
    floor_end_ = kept_[0].end;
    floor_instance_ = origins_[kept_[0].place].instance;
  }

  std::size_t wanted_ = 0;
  std::vector<Record> records_;        // by place
  std::vector<Origin> origins_;        // by place, of the kept
  std::vector<std::uint32_t> free_;    // places; the first free_count_ of them
  std::size_t free_count_ = 0;
  std::vector<Key> run_;               // of the present run, in order of arrival
  std::size_t run_count_ = 0;
  bool run_in_order_ = true;
  std::vector<Key> kept_;              // the earliest first
  std::size_t kept_count_ = 0;
  std::vector<Key> merged_;            // scratch of merge()
  // The end and the instance of the earliest record, when the list is full.
  static constexpr std::uint32_t kNoFloor = ~0U;
  std::uint32_t floor_instance_ = kNoFloor;
  std::uint64_t floor_end_ = 0;
};

}  // namespace ringside
