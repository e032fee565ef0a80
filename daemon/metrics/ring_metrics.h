// Everything that is counted of one ring, over all its lives: a series for each operation and
// event, errors, the actors and subjects behind them, the slowest operations, and what became of
// blocked addresses. The caller passes records and the time in. This class reads no clock. Only one
// thread uses it.
//
// The order of calls for a pass: set_time(), then for each lane add() and end_batch() in turns, and
// end_run() at the end of the lane.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "daemon/metrics/blocks.h"
#include "daemon/metrics/error_table.h"
#include "daemon/metrics/login_failures.h"
#include "daemon/metrics/minutes.h"
#include "daemon/metrics/observed_time.h"
#include "daemon/metrics/parties.h"
#include "daemon/metrics/sampler.h"
#include "daemon/metrics/series.h"
#include "daemon/metrics/slowest.h"
#include "daemon/metrics/windowed_count.h"
#include "report/model/history.h"
#include "report/model/snapshot.h"
#include "shm/clock.h"
#include "shm/lane.h"
#include "shm/names.h"

namespace ringside {

// A record may be this far ahead of the tick that reads it, because it ended after the clock was
// read. It still counts as now. A record further ahead ended in the future and counts as late.
inline constexpr std::int64_t kRecordAheadNs = 1'000'000'000;

struct RingMetricsOptions {
  std::size_t last = 100;   // operations kept of each kind
  std::size_t top = 20;     // rows of each top list
};

// Names a series. Operations and events are kept apart: an operation may have an event's name.
struct SeriesKey {
  Kind kind = Kind::operation;
  std::string name;
  friend auto operator<=>(const SeriesKey&, const SeriesKey&) = default;
};

// When a ring is looked at, and how long it was observed. Instants are of CLOCK_MONOTONIC.
struct RingTimes {
  std::int64_t now_ns;
  std::int64_t wall_minus_monotonic_ns;
  // Every record that ended since then was read, or is counted as lost.
  std::int64_t observed_since_ns;
  // The earlier observed spans together. Between them nobody read, and records were overwritten.
  std::int64_t observed_before_ns;
};

// Four words of 32 bits at once.
using StageVector = StageTicks __attribute__((vector_size(16)));

// The six stages of a record, unpacked into two vectors. `most` has the stages 0, 1, 3 and 4, and
// `rest` has stage 2, nothing, stage 5 and nothing.
struct StageVectors {
  StageVector most;
  StageVector rest;

  // The place of stage i: place(i) of most and rest, one after the other.
  static constexpr std::size_t kPlaces[kStageCount] = {0, 1, 4, 2, 3, 6};
  static constexpr std::size_t place(std::size_t i) { return kPlaces[i]; }
  StageTicks operator[](std::size_t i) const {
    return place(i) < 4 ? most[place(i)] : rest[place(i) - 4];
  }
  void set(std::size_t i, StageTicks value) {
    if (place(i) < 4) {
      most[place(i)] = value;
    } else {
      rest[place(i) - 4] = value;
    }
  }
};

class RingMetrics {
 public:
  explicit RingMetrics(const RingMetricsOptions& options)
      : options_(options), slowest_(options.top) {}

  void reconfigure(const RingMetricsOptions& options);

  // Lets minutes begin where those of the wall clock do, to half a slice. Only the first call has
  // an effect, and only before the first set_time() and on no restored state of this boot.
  void align(std::int64_t wall_minus_monotonic_ns);

  // From that instant on every record is read or counted as lost. To be called before the first
  // set_time(), and when reading goes on after a gap. Records that ended earlier are history: they
  // count since start, and in no window and no rate.
  void observe_from(std::int64_t since_monotonic_ns) { observed_.begin(since_monotonic_ns); }
  // Nothing is known of what came after that instant, until observe_from() is called again.
  void stop_observing(std::int64_t until_monotonic_ns) { observed_.end(until_monotonic_ns); }

  // Says how to read the records that follow: by which clock, as of now, and of which life of the
  // ring. Must be called before add() whenever `now` has moved on.
  void set_time(const TickScale& scale, std::int64_t now_monotonic_ns, std::uint32_t instance);
  // To be called before records come from a segment with another clock. Converts what has been
  // counted in ticks.
  void end_clock(std::int64_t wall_minus_monotonic_ns);

  // The names of the ids, as the segment has them now. An id without a name gets one of its own
  // ("operation-17").
  void set_name(std::uint16_t id, const NameEntry& name);
  bool named(std::uint16_t id) const { return named_[id]; }
  // `source` is called when a record comes whose id has no name yet. It may call set_name().
  void ask_names_of(std::function<void(std::uint16_t)> source) { ask_name_ = std::move(source); }
  void set_error_name(std::uint16_t code, std::string name) {
    error_names_[code] = std::move(name);
  }
  void forget_names();

  // Counts one lane: add() for each believable record, end_batch() after at most kBatch of them,
  // and end_run() when the lane has been caught up with. end_batch() adds the number of records of
  // each id to `read_of`.
  static constexpr std::uint32_t kBatch = 256;
  using Counts = std::array<std::uint64_t, kIdCount>;
  void add(const RecordWords& record, std::uint64_t position, std::uint32_t lane);
  void end_batch(Counts& read_of);
  void end_run();
  // Does all of this for one record that was read in another way.
  void add_alone(const Record& record, std::uint32_t lane, Counts& read_of);

  Series* series_of(std::uint16_t id);
  // Adds what the server counted without a record. It happened since the last show(), or, the first
  // time, since the instant given to count_skipped_since(). If that may be long ago, it is in no
  // window.
  void add_skipped(std::uint16_t id, std::uint64_t count);
  void count_skipped_since(std::int64_t since_monotonic_ns) {
    skipped_since_ns_ = since_monotonic_ns;
  }
  // Adds records that were overwritten before they were read, while the ring was observed.
  void add_lost(std::uint64_t count) { lost_.add(now_slice_, now_slice_, count); }
  std::array<std::uint64_t, kWindows> lost() const { return lost_.over_windows(now_slice_); }
  const ObservedTime& observed() const { return observed_; }

  std::uint64_t late_records() const { return late_; }
  // Operations that were read, of any id. Begins at 0 with this object.
  std::uint64_t calls() const { return calls_; }
  // How often the event of that name said "error" since start, and its latest record. Absent: there
  // is none.
  struct LatestEvent {
    std::uint64_t errors;
    std::optional<RecordView> record;
  };
  std::optional<LatestEvent> latest_event(std::string_view name, const RingTimes& times) const;

  // What the server's totals and the reader's books say of one id, in the present life of the ring.
  struct Living {
    std::uint64_t count = 0, errors = 0;
    Books books;
  };
  using LivingById = std::vector<Living>;   // kIdCount of them
  // Fills in what the snapshot shows of this ring's metrics.
  void show(const std::string& ring, const LivingById& living, const RingTimes& times,
            Snapshot& out);
  // Adds the minutes that are over and that were not taken yet, or in which something was counted
  // since then. all: those under way, too. After decode() every minute of the last hour is taken
  // again: it is not known which of them the history has.
  enum class TakeMinutes { over, all };
  void take_minutes(const std::string& ring, std::int64_t wall_minus_monotonic_ns,
                    TakeMinutes which, HistorySpan& out);
  // The present life of the ring is over. Its figures stay with the series.
  void retire(const LivingById& living);
  // Records lost in the lives that are over, as far as their operation is known.
  std::uint64_t retired_lost() const;

  std::size_t bytes() const;

  // The state has no actors and subjects: those lists begin anew with the daemon, and say so.
  void encode(Encoder& out, std::int64_t wall_minus_monotonic_ns);
  // `slice_shift` is added to every slice's number. It is not 0 after a reboot, when
  // CLOCK_MONOTONIC has begun anew.
  void decode(Decoder& in, std::int64_t now_slice, std::int64_t slice_shift);

 private:
  // Where a record counts, by the time at which it ended.
  struct Place {
    enum class When { history, slice, future } when;
    std::int64_t slice;
  };
  // The end of a kept record, by the clock that measured it.
  struct End {
    std::int64_t monotonic_ns;
    std::int64_t wall_ns;
    double ticks_per_second;   // 0: the present clock's
  };

  struct Plain;
  std::int64_t slice_at(std::int64_t monotonic_ns) const { return slice_of(monotonic_ns) + phase_; }
  std::int64_t begin_of_slice(std::int64_t slice) const { return (slice - phase_) * kSliceNs; }
  void note_losses(const SeriesKey& key, std::uint64_t lost);
  bool take_minute(const Minutes::Minute& minute, double observed_seconds,
                   std::map<const Series*, HistorySeries>& out);
  void set_plain_bounds(std::uint16_t id);
  void add_singly(RecordWords words, std::uint64_t position, std::uint32_t lane);
  void keep(const RecordWords& record, std::uint64_t position, std::uint32_t lane);
  Place place_of(std::int64_t end_ns) const;
  void add_elsewhere(Series& series, const Record& record, std::uint64_t end);
  void count_failure(Series& series, const Record& record, std::uint64_t end);
  void look_at(std::uint64_t descriptor, std::uint64_t actor, std::uint64_t subject,
               std::uint64_t ticks);
  void expect_sampling();
  void offer_slowest(const Series& series, const Record& record, std::uint32_t lane);
  void count_block(const Record& record);
  void count_login_failure(const Record& record, std::uint64_t address);
  void begin_half();
  std::map<Series*, Living> by_series(const LivingById& living);
  Series* series_named(const SeriesKey& key, const NameEntry& name);
  const Series* context_of(const Record& record) const;
  template <typename Kept>
  End end_of(const Record& record, const Kept& kept, std::int64_t wall_minus_monotonic_ns) const;
  RecordView view(const Record& record, const Series& series, const std::string& ring,
                  std::uint32_t lane, std::uint32_t instance, const Series* context,
                  const End& end) const;
  void show_series(const std::string& ring, const LivingById& living, const RingTimes& times,
                   Snapshot& out);
  void show_login_failures(const std::string& ring, const RingTimes& times, Snapshot& out) const;
  void show_parties(const std::string& ring, Snapshot& out) const;
  void show_slowest(const std::string& ring, const RingTimes& times, Snapshot& out) const;
  void encode_last(Encoder& out, const Series& series, std::int64_t wall_minus_monotonic_ns) const;
  void encode_losses(Encoder& out) const;
  void decode_losses(Decoder& in, std::int64_t slice_shift);
  void decode_last(Decoder& in, Series& series, std::int64_t slice_shift);
  void encode_slowest(Encoder& out, std::int64_t wall_minus_monotonic_ns) const;
  void decode_slowest(Decoder& in, std::int64_t now_slice, std::int64_t slice_shift);

  RingMetricsOptions options_;
  TickScale scale_;
  UnitScale units_;
  double ns_per_tick_ = 0;
  bool timed_ = false;                    // set_time() has been called
  bool in_run_ = false;                   // end_batch() was called, and end_run() not yet
  std::uint32_t instance_ = 0;
  std::int64_t now_ns_ = 0;
  std::int64_t now_slice_ = 0;
  std::uint64_t slice_begin_ = 0;         // ticks; of the part of the slice that is observed
  std::uint64_t slice_ticks_ = 0;
  std::uint64_t previous_begin_ = 0;
  std::uint64_t late_ = 0;
  std::uint64_t calls_ = 0;
  ObservedTime observed_;
  std::int64_t skipped_since_ns_ = INT64_MIN;   // INT64_MIN: since the last show()
  WindowedCount<std::uint64_t> lost_;
  bool aligned_ = false;
  std::int64_t phase_ = 0;  // added to each slice's number: see align()
  Minutes minutes_;
  struct KnownLosses {
    std::uint64_t known = 0;  // in all
    WindowedCount<std::uint32_t> by_minute;
  };
  std::map<SeriesKey, KnownLosses> losses_;  // of those that have any

  WindowSum sum_;
  std::map<SeriesKey, std::unique_ptr<Series>> series_;
  static constexpr std::size_t kMaxSeries = 1024;
  std::array<Series*, kIdCount> by_id_{};
  std::array<bool, kIdCount> named_{};
  std::array<BlockTable::Part, kIdCount> block_part_{};
  std::function<void(std::uint16_t)> ask_name_;

  // What add() touches of an id: three cache lines. Sums wait here for end_batch(). The bounds are
  // those of the series' present slice. All zeros: the id has no series, and no record is plain.
  struct alignas(64) Plain {
    // A record is plain when none of these bits is set in its descriptor, and its span lies in
    // [least, least + width).
    std::uint64_t single_bits;
    std::uint64_t least;
    std::uint64_t width;
    std::uint64_t floor;  // a record that ended before is not among the last N
    // Keep it away from `values`. Next to each other, the compiler would add both as one vector,
    // gathered through memory.
    std::uint64_t ticks;
    std::uint32_t* buckets;
    std::uint32_t count;   // plain records
    std::uint32_t single;  // others
    std::uint64_t values;  // events: their values
    // Stage marks are plain when none is above its bound. bounds[0] is for records without
    // kFlagStages, which must have none; bounds[1] for records with it.
    StageVectors bounds[2];
    StageVectors sums;
    StageVectors absent;
  };
  static_assert(sizeof(Plain) == 192);
  // No initializers, so that 60 KiB are zeroed at once.
  static_assert(std::is_trivial_v<Plain>);
  // A believable record has no other id (believable()).
  static constexpr std::size_t kPlainCount = kFirstEvent + kMaxEvents;
  std::unique_ptr<Plain[]> plain_;        // from the first set_time() or name on
  std::vector<std::uint16_t> ids_;        // those that have a series
  std::map<std::uint16_t, std::string> error_names_;
  ErrorTable errors_;
  // Most failures are of a few kinds. This remembers where each kind was counted last.
  struct FailureKind {
    std::uint64_t descriptor = 0;         // operation, outcome and error; 0 none
    ErrorTable::Entry* entry = nullptr;
  };
  std::array<FailureKind, 64> failure_kinds_{};

  // Two halves of up to 30 minutes each. So the lists say who it is now, not who it was last week.
  struct Half {
    PartyTable actors, subjects;
  };
  static constexpr std::int64_t kHalfSlices = 30 * kSlicesPerMinute;
  std::array<Half, 2> halves_;
  std::int64_t half_ = INT64_MIN;
  std::int64_t parties_since_ns_ = INT64_MAX;   // the lists begin with the daemon
  Sampler sampler_;

  Slowest slowest_;
  BlockTable blocks_;
  LoginFailures failures_from_;  // by address
  LoginFailures failures_for_;   // by account
};

}  // namespace ringside
