// The metrics of one operation or event: the slice that is being filled, the windows, everything
// since start, and the last N.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "daemon/metrics/exemplars.h"
#include "daemon/metrics/recent.h"
#include "daemon/metrics/slices.h"
#include "report/model/books.h"
#include "report/model/windows.h"
#include "shm/names.h"

namespace ringside {

class Series {
 public:
  Series(NameEntry name, std::size_t last) : name_(std::move(name)), recent_(last) {}

  const NameEntry& name() const { return name_; }
  void rename(NameEntry name) { name_ = std::move(name); }
  // A server may declare something else after a restart.
  void declare(const NameEntry& declared) {
    name_.waits_for_client = declared.waits_for_client;
    name_.threshold_ns = declared.threshold_ns;
  }

  // What the drain writes to. `current` is the present slice, `previous` the one before it.
  DenseSlice& current() { return current_; }
  DenseSlice& previous() { return previous_; }
  Recent& recent() { return recent_; }
  const Recent& recent() const { return recent_; }

  Exemplars& exemplars() { return exemplars_; }

  // Keeps the sums of time since start from falling. The spans of the present slice are converted
  // by a rate of the clock that is still being measured: a better one makes them shorter by parts
  // in a million. Whoever takes the difference of two sums would take that for a new beginning. To
  // be called for each that is shown.
  void hold_sums(WindowStats& since_start);

  // Moves on to slice `to`. Stores the dense slices that are over.
  void roll(std::int64_t from, std::int64_t to, const TickScale& scale);
  // Stores the dense slices. To be called when the ring's clock is about to change.
  void flush(std::int64_t now_slice, const TickScale& scale);
  // Adds to a slice that is over. If it has left every window, adds only to "since start".
  void add_late(std::int64_t slice, std::int64_t now_slice, const StoredSlice& part);
  // Adds a part from before the observed time. It counts since start, and in no rate.
  void add_history(const StoredSlice& part);
  // Adds a part that ended in the future. It counts since start, and in no window.
  void add_future(const StoredSlice& part) { store_since_start(part); }
  // Add what was counted without a record: in the present slice, at some time since start, or
  // before the observed time.
  void add_skipped(std::int64_t now_slice, std::uint64_t count);
  void add_skipped_sometime(std::uint64_t count);
  void add_skipped_history(std::uint64_t count);

  // Adds the window's slices to `into`.
  void sum(Window window, std::int64_t now_slice, const TickScale& scale, WindowSum& into) const;
  // The same of the last `slices` that are over (1 to kFine - 1) and of the present one.
  void sum_latest(std::int64_t slices, std::int64_t now_slice, const TickScale& scale,
                  WindowSum& into) const;

  // Adds what ended in that minute, which is not older than the hour.
  void sum_minute(std::int64_t minute, std::int64_t now_slice, const TickScale& scale,
                  WindowSum& into) const;

  // Records that failed, since start.
  std::uint64_t errors_since_start() const;

  void encode(Encoder& out, std::int64_t now_slice, const TickScale& scale) const;
  // `slice_shift`, a multiple of a minute, is added to every slice's number.
  void decode(Decoder& in, std::int64_t now_slice, std::int64_t slice_shift);

  std::size_t bytes() const;

  static constexpr std::size_t kFine = 60;     // slices: 5 min
  static constexpr std::size_t kCoarse = 61;   // minutes: 1 h and the one that is under way
  static std::int64_t minute_of(std::int64_t slice);
  // The index of the slice or minute of that number in a ring of `size` of them.
  static std::size_t place_of(std::int64_t number, std::size_t size);
  // The first slice of a window that ends with `now_slice`.
  static std::int64_t first_slice(Window window, std::int64_t now_slice);

  // What the server's totals say, over all lives of the ring that are over. The present life is
  // added at each tick.
  std::uint64_t retired_count = 0;
  std::uint64_t retired_errors = 0;
  Books retired_books;

 private:
  struct Kept {
    std::int64_t number = -1;   // of the slice or minute; -1 none
    std::unique_ptr<StoredSlice> stats;
  };
  void add_fine(std::int64_t first, std::int64_t now_slice, WindowSum& into) const;
  void add_dense(const TickScale& scale, WindowSum& into) const;
  void store(std::int64_t slice, std::int64_t now_slice, const StoredSlice& part);
  void store_since_start(const StoredSlice& part);
  static void put(Kept& kept, std::int64_t number, const StoredSlice& part);

  NameEntry name_;
  DenseSlice current_;
  DenseSlice previous_;
  std::array<Kept, kFine> fine_;
  std::array<Kept, kCoarse> coarse_;
  StoredSlice since_start_;   // all but the buckets
  std::uint64_t history_ = 0;   // the part of since_start_ from before the observed time
  std::array<std::uint64_t, kBucketCount> since_start_buckets_{};
  Recent recent_;
  Exemplars exemplars_;
  std::uint64_t shown_sum_ns_ = 0;
  std::array<std::uint64_t, kStages> shown_stage_sums_ns_{};
};

}  // namespace ringside
