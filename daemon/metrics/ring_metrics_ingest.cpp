// What becomes of records that are not plain: the rare half of RingMetrics::see().
#include <algorithm>

#include "daemon/metrics/ring_metrics_see.h"

namespace ringside {

namespace {

// A plain record's stage mark is below it, so that 256 of them fit a sum of 32 bits: 6 ms at 2.6 GHz.
constexpr StageTicks kSummable = 1U << 24;
static_assert(RingMetrics::kMostSeen <= 1U << 8);

std::uint64_t span_ticks(const Record& record) {
  return record.duration > 0 ? static_cast<std::uint64_t>(record.duration) : 0;
}

}  // namespace

// Sets what is plain for an id: what changes nothing but sums.
void RingMetrics::open_hot(std::uint16_t id) {
  Hot& hot = hot_[id];
  if (hot.series == nullptr) ids_.push_back(id);
  const bool operation = id < kFirstEvent;
  Series& series = *by_id_[id];
  DenseSlice& slice = series.current();
  hot.series = &series;
  hot.buckets = slice.buckets.data();
  hot.odd_bits = kOddBits;
  // Above the slowest's floor it is noted, above the maximum it becomes it; and a bucket index must fit.
  const std::uint64_t most = std::min({slice.max_ticks, units_.max_ticks, operation ? slow_floor_ : ~std::uint64_t{0}});
  hot.least = slice.min_ticks;
  hot.width = most >= hot.least ? most - hot.least + 1 : 0;
  for (std::size_t i = 0; i < kStageCount; ++i) {
    const StageTicks bound = operation ? std::min(slice.stages[i].max_packed, kSummable - 1) : ~StageTicks{0};
    hot.bounds[i] = bound ^ kSignBit;
  }
  // Without a floor: half the clock's range ago.
  hot.floor = series.recent().floor(instance_, slice_begin_ - (std::uint64_t{1} << 62));
}

void RingMetrics::seen(Counts& read_of) {
  for (const std::uint16_t id : ids_) {
    Hot& hot = hot_[id];
    if (hot.plain + hot.odd == 0) continue;
    read_of[id] += hot.plain + hot.odd;
    DenseSlice& slice = hot.series->current();
    slice.outcomes[static_cast<std::size_t>(Outcome::ok)] += hot.plain;
    slice.sum_ticks += hot.ticks;
    if (id < kFirstEvent) {
      for (std::size_t i = 0; i < kStageCount; ++i) {
        slice.stages[i].count += hot.plain - hot.absent[i];
        slice.stages[i].sum_ticks += hot.sums[i];
      }
    } else {
      slice.value_sum = static_cast<std::int64_t>(static_cast<std::uint64_t>(slice.value_sum) + hot.values);
    }
    hot.plain = hot.odd = hot.ticks = hot.values = 0;
    hot.sums = hot.absent = StageVector{};
  }
}

void RingMetrics::end_run() {
  for (const std::uint16_t id : ids_) {
    Recent& recent = hot_[id].series->recent();
    recent.end_run(instance_);
    hot_[id].floor = recent.floor(instance_, hot_[id].floor);
  }
}

void RingMetrics::take(const Record& record, std::uint32_t lane, Counts& read_of) {
  see(words_of(record), record.sequence / 2 - 1, lane);
  seen(read_of);
  end_run();
}

void RingMetrics::see_odd(RecordWords words, std::uint64_t position, std::uint32_t lane) {
  Record record;
  put_record(words, position, record);
  Series& series = *series_of(record.operation);
  Hot& hot = hot_[record.operation];
  const std::uint64_t end = record.end();
  ++hot.odd;
  if (end - slice_begin_ < slice_ticks_) {
    series.current().add(record, units_);
  } else {
    add_elsewhere(series, record, end);
  }
  if (record.outcome != 0) note_failure(series, record, end);
  if (record.operation < kFirstEvent) {
    credit_ += span_ticks(record);
    ++credit_count_;
    if (credit_ >= credit_step_) credit(words.descriptor, words.actor, words.subject);
    if (span_ticks(record) > slow_floor_) note_slow(record, lane);
  }
  // Bounds may have moved.
  open_hot(record.operation);
}

void RingMetrics::add_elsewhere(Series& series, const Record& record, std::uint64_t end) {
  if (end - previous_begin_ < slice_begin_ - previous_begin_) {
    series.previous().add(record, units_);
    return;
  }
  const std::int64_t end_ns = scale_.monotonic_ns(end);
  const std::int64_t slice = slice_of(end_ns);
  if (slice == now_slice_ + 1 && end_ns <= (now_slice_ + 1) * kSliceNs + kRecordAheadNs) {
    // It ended in the next slice, just after the clock was read; it is now as far as anybody can tell.
    series.current().add(record, units_);
    return;
  }
  ++late_;
  DenseSlice one;
  one.add(record, units_);
  series.add_late(slice, now_slice_, StoredSlice::of(one, scale_));
}

void RingMetrics::note_failure(Series& series, const Record& record, std::uint64_t end) {
  const std::int64_t end_ns = scale_.monotonic_ns(end);
  if (record.kind == static_cast<std::uint8_t>(Kind::operation)) {
    const std::uint64_t what = pack_descriptor(record.operation, Kind::operation,
                                               static_cast<Outcome>(record.outcome), 0, record.error);
    FailureKind& kind = failure_kinds_[(record.operation * 5U + record.error * 3U + record.outcome) % failure_kinds_.size()];
    if (kind.what != what) kind = {what, &errors_.entry(series.name().name, record.error, record.outcome)};
    ErrorTable::count(*kind.entry, std::min(slice_of(end_ns), now_slice_), now_slice_, end_ns,
                      static_cast<std::uint8_t>(record.actor_kind()), record.actor);
    const auto time_ns = static_cast<std::uint64_t>(std::max<std::int64_t>(0, scale_.span_ns(record.duration)));
    const std::uint64_t errors = is_error(static_cast<Outcome>(record.outcome)) ? 1 : 0;
    // Refusals weigh too: an actor who is refused a thousand times is behind something.
    if (record.actor_kind() != ActorKind::none) {
      halves_[0].actors_by_errors.add({static_cast<std::uint8_t>(record.actor_kind()), record.actor}, 1, 1, errors,
                                      time_ns);
    }
    if (record.subject_kind() != SubjectKind::none) {
      halves_[0].subjects_by_errors.add({static_cast<std::uint8_t>(record.subject_kind()), record.subject}, 1, 1, errors, time_ns);
    }
  }
}

// Gives the time that has passed since the last credit to whoever completes it.
void RingMetrics::credit(std::uint64_t what, std::uint64_t actor, std::uint64_t subject) {
  const auto time_ns =
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, scale_.span_ns(static_cast<std::int64_t>(credit_))));
  const std::uint64_t errors = is_error(outcome_of(what)) ? 1 : 0;
  const std::uint64_t flags = what >> kFlagsShift;
  const auto actor_kind = static_cast<std::uint8_t>(flags & kFlagActorMask);
  const auto subject_kind = static_cast<std::uint8_t>((flags & kFlagSubjectMask) >> kFlagSubjectShift);
  if (actor_kind != 0) halves_[0].actors_by_time.add({actor_kind, actor}, time_ns, credit_count_, errors, time_ns);
  if (subject_kind != 0) {
    halves_[0].subjects_by_time.add({subject_kind, subject}, time_ns, credit_count_, errors, time_ns);
  }
  ticks_in_slice_ += credit_;
  credit_ = 0;
  credit_count_ = 0;
  // Of the first 20,000 records every one is looked at, then one in 64 until that was done 20,000 times, then one in 256.
  if (++credits_in_slice_ == kExactPerSlice) {
    credit_step_ = std::max<std::uint64_t>(1, ticks_in_slice_ / kExactPerSlice * 64);
  } else if (credits_in_slice_ == 2 * kExactPerSlice) {
    credit_step_ *= 4;
  }
}

void RingMetrics::note_slow(const Record& record, std::uint32_t lane) {
  std::vector<Slow>& slowest = halves_[0].slowest;
  Slow slow;
  slow.record = record;
  slow.lane = lane;
  slow.duration_ns = static_cast<std::uint64_t>(std::max<std::int64_t>(0, scale_.span_ns(record.duration)));
  slow.end_monotonic_ns = scale_.monotonic_ns(record.end());
  slow.operation = series_of(record.operation)->name().name;
  const auto slower = [](const Slow& a, const Slow& b) { return a.duration_ns > b.duration_ns; };
  slowest.insert(std::upper_bound(slowest.begin(), slowest.end(), slow, slower), slow);
  if (slowest.size() > options_.top) slowest.resize(options_.top);
  if (slowest.size() == options_.top) {
    slow_floor_ = static_cast<std::uint64_t>(std::max<std::int64_t>(0, slowest.back().record.duration));
  }
}

}  // namespace ringside
