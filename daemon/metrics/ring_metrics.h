// Everything that is counted of one ring, over all its lives: a series for each operation and event, errors,
// and who is behind it. Takes records; knows no clock.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/metrics/error_table.h"
#include "daemon/metrics/series.h"
#include "daemon/metrics/top.h"
#include "report/model/snapshot.h"
#include "shm/clock.h"
#include "shm/lane.h"
#include "shm/names.h"

namespace ringside {

// A record may be this far ahead of the tick that reads it (it ended after the clock was read) and still counts as now;
// further ahead it is late in the other direction.
inline constexpr std::int64_t kRecordAheadNs = 1'000'000'000;

struct RingMetricsOptions {
  std::size_t last = 100;   // operations kept of each kind
  std::size_t top = 20;     // rows of each top list
};

// Which series. Operations and events are named apart: an operation may have an event's name.
struct SeriesKey {
  Kind kind = Kind::operation;
  std::string name;
  friend auto operator<=>(const SeriesKey&, const SeriesKey&) = default;
};

// When a ring was made, and over which time it was read. Instants are of CLOCK_MONOTONIC.
struct RingTimes {
  std::int64_t now_ns = 0;
  std::int64_t wall_minus_monotonic_ns = 0;
  std::int64_t born_ns = 0;             // of the first ring under this name
  // Every record that ended since then was read, or is counted as lost.
  std::int64_t observed_since_ns = 0;
  // Earlier stretches together. Between them and `observed_since_ns` nobody read, and records were overwritten.
  std::int64_t observed_before_ns = 0;
};

// Four stage marks at once.
using StageVector = StageTicks __attribute__((vector_size(16)));

class RingMetrics {
 public:
  explicit RingMetrics(const RingMetricsOptions& options) : options_(options) {}

  void reconfigure(const RingMetricsOptions& options);

  // Tells how the records that follow are to be read: their clock, as of now, and which life of the ring they are
  // of. Must be called before ingest() whenever `now` has moved on.
  void set_time(const TickScale& scale, std::int64_t now_monotonic_ns, std::uint32_t instance);
  // Before records come from a segment with another clock: what is counted in ticks so far is converted.
  void end_clock(std::int64_t wall_minus_monotonic_ns);

  // Names of the ids, as the segment has them now; an id without a name gets one of its own ("operation-17").
  void set_name(std::uint16_t id, const NameEntry& name);
  bool named(std::uint16_t id) const { return named_[id]; }
  // Asked when a record comes whose id has no name yet; may answer through set_name().
  void ask_names_of(std::function<void(std::uint16_t)> source) { ask_name_ = std::move(source); }
  void set_error_name(std::uint16_t code, std::string name) { error_names_[code] = std::move(name); }
  void forget_names();

  // Drains one lane: see() each believable record, at most kMostSeen of them, then seen(); end_run() when the lane has been
  // caught up with. What each id had is added to `read_of`.
  static constexpr std::uint32_t kMostSeen = 256;
  using Counts = std::array<std::uint64_t, kIdCount>;
  void see(const RecordWords& record, std::uint64_t position, std::uint32_t lane);
  void seen(Counts& read_of);
  void end_run();
  // All of it for one record that was read in another way.
  void take(const Record& record, std::uint32_t lane, Counts& read_of);

  Series* series_of(std::uint16_t id);
  void add_skipped(std::uint16_t id, std::uint64_t count) { series_of(id)->add_skipped(now_slice_, count); }

  // Rolls on to the slice that holds `now`. Implied by set_time().
  std::int64_t now_slice() const { return now_slice_; }
  std::uint64_t late_records() const { return late_; }

  // What the server's totals and the reader's books say of one id, in the present life of the ring.
  struct Living {
    std::uint64_t count = 0, errors = 0;
    Books books;
  };
  using LivingById = std::vector<Living>;   // kIdCount of them
  // Fills in what the snapshot shows of this ring's metrics.
  void show(const std::string& ring, const LivingById& living, const RingTimes& times, Snapshot& out);
  // That life is over: its figures stay with the series.
  void retire(const LivingById& living);
  // Lost in the lives that are over, and known by operation.
  std::uint64_t retired_lost() const;

  std::size_t bytes() const;

  // Who stands out is not kept: those lists begin anew with the daemon.
  void encode(Encoder& out, std::int64_t wall_minus_monotonic_ns);
  // `slice_shift` is added to every slice's number: after a reboot CLOCK_MONOTONIC has begun anew.
  void decode(Decoder& in, std::int64_t now_slice, std::int64_t slice_shift);

 private:
  struct Slow {
    Record record;
    std::uint32_t lane;
    std::uint64_t duration_ns;
    std::int64_t end_monotonic_ns;
    std::string operation;
  };

  struct Hot;
  void open_hot(std::uint16_t id);
  void see_odd(RecordWords words, std::uint64_t position, std::uint32_t lane);
  void keep(Hot& hot, const RecordWords& record, std::uint64_t position, std::uint32_t lane);
  void add_elsewhere(Series& series, const Record& record, std::uint64_t end);
  void note_failure(Series& series, const Record& record, std::uint64_t end);
  void credit(std::uint64_t what, std::uint64_t actor, std::uint64_t subject);
  void note_slow(const Record& record, std::uint32_t lane);
  void rotate();
  std::map<Series*, Living> by_series(const LivingById& living);
  Series* series_named(const SeriesKey& key, const NameEntry& name);
  // `ticks_per_second` 0: the present clock's.
  RecordView view(const Record& record, const std::string& operation, const std::string& ring, std::uint32_t lane,
                  std::int64_t end_wall_ns, double ticks_per_second) const;

  RingMetricsOptions options_;
  TickScale scale_;
  UnitScale units_;
  bool timed_ = false;                    // set_time() was called
  std::uint32_t instance_ = 0;
  std::int64_t now_slice_ = 0;
  std::uint64_t slice_begin_ = 0;         // ticks
  std::uint64_t slice_ticks_ = 0;
  std::uint64_t previous_begin_ = 0;
  std::uint64_t late_ = 0;

  WindowSum sum_;
  std::map<SeriesKey, std::unique_ptr<Series>> series_;
  static constexpr std::size_t kMaxSeries = 1024;
  std::array<Series*, kIdCount> by_id_{};
  std::array<bool, kIdCount> named_{};
  std::function<void(std::uint16_t)> ask_name_;

  // What see() touches of an id: two cache lines. Sums wait here for seen(); the bounds are those of the series' slice.
  struct alignas(64) Hot {
    // A record is plain when none of these bits is set in its what, and its span lies in [least, least + width).
    std::uint64_t odd_bits = ~std::uint64_t{0};
    std::uint64_t least = 0;
    std::uint64_t width = 0;
    std::uint64_t floor = 0;             // what ended before it is not among the last N
    std::uint32_t* buckets = nullptr;
    std::uint64_t plain = 0;
    std::uint64_t ticks = 0;
    std::uint64_t values = 0;            // events: their first tail word
    // Stage marks are plain when none is above its bound. The bounds are biased, because SSE2 compares signed.
    StageVector bounds{};
    StageVector sums{};
    StageVector absent{};
    Series* series = nullptr;
    std::uint64_t odd = 0;               // records that were not plain
  };
  std::vector<Hot> hot_ = std::vector<Hot>(kIdCount);
  std::vector<std::uint16_t> ids_;        // that have a series
  std::map<std::uint16_t, std::string> error_names_;
  ErrorTable errors_;
  // Failures come in kinds, and mostly in the same ones: where each was counted last.
  struct FailureKind {
    std::uint64_t what = 0;               // operation, outcome and error; 0 none
    ErrorTable::Entry* entry = nullptr;
  };
  std::array<FailureKind, 64> failure_kinds_{};

  // Who takes the time. Exact for the first records of a slice; beyond them the time that has passed since the
  // last credit goes to whoever completes it, which is right on average and costs an addition a record. How much time
  // that is grows with what the slice has seen.
  static constexpr std::uint64_t kExactPerSlice = 20'000;
  std::uint64_t credit_ = 0;
  std::uint64_t credit_count_ = 0;
  std::uint64_t credit_step_ = 0;         // ticks; 0: every record
  std::uint64_t credits_in_slice_ = 0;
  std::uint64_t ticks_in_slice_ = 0;

  // Two halves of up to 30 minutes, so that the lists say who it is now, not who it was last week.
  struct Half {
    TopTable actors_by_time, actors_by_errors, subjects_by_time, subjects_by_errors;
    std::vector<Slow> slowest;
  };
  static constexpr std::int64_t kHalfSlices = 30 * kSlicesPerMinute;
  std::array<Half, 2> halves_;
  std::int64_t half_ = INT64_MIN;
  std::uint64_t slow_floor_ = 0;          // ticks; a record must take longer to be among the slowest
};

}  // namespace ringside
