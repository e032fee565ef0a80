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

#include "daemon/error_table.h"
#include "daemon/series.h"
#include "daemon/top.h"
#include "report/snapshot.h"
#include "shm/clock.h"
#include "shm/lane.h"
#include "shm/names.h"

namespace ringside {

struct RingMetricsOptions {
  std::size_t last = 100;   // operations kept of each kind
  std::size_t top = 20;     // rows of each top list
};

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

  // Where a record is to be copied to, given its word with operation, kind and outcome: into its operation's last N,
  // so that it is copied only once. Any word is taken.
  Record* place(std::uint64_t what) {
    Series* series = by_id_[what & (kIdCount - 1)];
    return series != nullptr ? series->recent().place() : &elsewhere_;
  }

  // One believable record of one lane, which lies in its place().
  // Inlined into the drain's loop, where it was measured (callgrind: ringside-bench --part drain).
  [[gnu::always_inline]] void ingest(Record& record, std::uint32_t lane) {
    Series* series = by_id_[record.operation];
    if (series == nullptr) [[unlikely]] {
      series = series_of(record.operation);
      *series->recent().place() = record;
    }
    const std::uint64_t end = record.end();
    if (end - slice_begin_ < slice_ticks_) [[likely]] {
      series->current().add(record, units_);
    } else {
      add_elsewhere(*series, record, end);
    }
    if (record.outcome != 0) [[unlikely]] note_failure(*series, record, end);
    if (record.operation < kFirstEvent) [[likely]] {
      const auto ticks = static_cast<std::uint64_t>(record.duration < 0 ? 0 : record.duration);
      credit_ += ticks;
      ++credit_count_;
      if (credit_ >= credit_step_) [[unlikely]] credit(record);
      if (ticks > slow_floor_) [[unlikely]] note_slow(record, lane);
    }
    Recent& recent = series->recent();
    if (recent.run_total() == 0) [[unlikely]] touched_.push_back(record.operation);
    recent.push_placed(record, lane, instance_);
  }
  // The same for a record that lies elsewhere.
  void ingest_copy(const Record& record, std::uint32_t lane) {
    Record& copy = *series_of(record.operation)->recent().place();
    copy = record;
    ingest(copy, lane);
  }
  // Ends a run of records of one lane: read_of(id, count) says how many of each it held.
  template <typename ReadOf>
  void end_run(std::uint32_t lane, const ReadOf& read_of) {
    for (const std::uint16_t id : touched_) {
      Recent& recent = by_id_[id]->recent();
      read_of(id, recent.run_total());
      recent.end_run(lane, instance_);
    }
    touched_.clear();
  }

  Series* series_of(std::uint16_t id);
  void add_skipped(std::uint16_t id, std::uint64_t count) { series_of(id)->add_skipped(now_slice_, count); }

  // Rolls on to the slice that holds `now`. Implied by set_time().
  std::int64_t now_slice() const { return now_slice_; }
  std::uint64_t late_records() const { return late_; }

  // Fills in what the snapshot shows of this ring's metrics. Server totals and books of the living segment are
  // given by name.
  struct Living {
    std::uint64_t count = 0, errors = 0;
    Books books;
  };
  void show(const std::string& ring, const std::map<std::string, Living>& living, std::int64_t now_monotonic_ns,
            std::int64_t wall_minus_monotonic_ns, std::int64_t born_monotonic_ns, Snapshot& out);

  std::map<std::string, std::unique_ptr<Series>>& series() { return series_; }
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

  void add_elsewhere(Series& series, const Record& record, std::uint64_t end);
  void note_failure(Series& series, const Record& record, std::uint64_t end);
  void credit(const Record& record);
  void note_slow(const Record& record, std::uint32_t lane);
  void rotate();
  Series* series_named(const std::string& key, const NameEntry& name);
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
  std::map<std::string, std::unique_ptr<Series>> series_;   // by name; events with a leading '!'
  static constexpr std::size_t kMaxSeries = 1024;
  std::array<Series*, kIdCount> by_id_{};
  std::array<bool, kIdCount> named_{};
  std::function<void(std::uint16_t)> ask_name_;
  Record elsewhere_{};                    // the place of records that have no series yet
  std::vector<std::uint16_t> touched_;
  std::map<std::uint16_t, std::string> error_names_;
  ErrorTable errors_;

  // Who takes the time. Exact for the first records of a slice; beyond them the time that has passed since the
  // last credit goes to whoever completes it, which is right on average and costs an addition a record.
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
