// What happens to records that are not plain: the rare half of RingMetrics::add().
#include <algorithm>

#include "daemon/metrics/ring_metrics_add.h"
#include "shm/assert.h"

namespace ringside {

namespace {

// The longest stage of a plain record, packed: the sum of a batch fits 32 bits. It is 6 ms at 2.6
// GHz.
constexpr StageTicks kSummable = pack_stage_ticks(1U << 24) - 1;
static_assert(RingMetrics::kBatch <= 1U << 8);
constexpr StageTicks kNoBound = INT32_MAX;

std::uint64_t span_ticks(const Record& record) {
  return record.duration > 0 ? static_cast<std::uint64_t>(record.duration) : 0;
}

}  // namespace

// Sets the bounds within which a record of an id is plain: it changes nothing but sums.
void RingMetrics::set_plain_bounds(std::uint16_t id) {
  if (plain_ == nullptr) plain_ = std::make_unique<Plain[]>(kPlainCount);
  Plain& plain = plain_[id];
  if (plain.buckets == nullptr) ids_.push_back(id);
  const bool operation = id < kFirstEvent;
  Series& series = *by_id_[id];
  DenseSlice& slice = series.current();
  plain.buckets = slice.buckets.data();
  // An event that says something about a block is never plain: it is counted for its address.
  plain.single_bits = block_part_[id] == BlockTable::Part::none ? kSingleBits : ~std::uint64_t{0};
  // A longer span is offered to the slowest, or becomes the maximum. Its bucket index must fit,
  // too.
  const std::uint64_t most = std::min(
      {slice.max_ticks, units_.max_ticks, operation ? slowest_.floor_ticks() : ~std::uint64_t{0}});
  plain.least = slice.min_ticks;
  plain.width = most >= plain.least ? most - plain.least + 1 : 0;
  for (std::size_t i = 0; i < kStageCount; ++i) {
    plain.bounds[0].set(i, operation ? 0 : kNoBound);
    plain.bounds[1].set(i, operation ? std::min(slice.stages[i].max_packed, kSummable) : kNoBound);
  }
  // Where there is no floor, it lies far back, a quarter of the clock's range ago.
  plain.floor = series.recent().floor(instance_, slice_begin_ - (std::uint64_t{1} << 62));
}

void RingMetrics::end_batch(Counts& read_of) {
  // set_time() comes before the first record.
  RINGSIDE_ASSERT(timed_);
  in_run_ = true;
  for (const std::uint16_t id : ids_) {
    Plain& plain = plain_[id];
    if (plain.count + plain.single == 0) continue;
    read_of[id] += plain.count + plain.single;
    DenseSlice& slice = by_id_[id]->current();
    slice.outcomes[static_cast<std::size_t>(Outcome::ok)] += plain.count;
    slice.sum_ticks += plain.ticks;
    if (id < kFirstEvent) {
      calls_ += plain.count + plain.single;
      for (std::size_t i = 0; i < kStageCount; ++i) {
        slice.stages[i].count += plain.count - plain.absent[i];
        slice.stages[i].sum_ticks += plain.sums[i];
      }
    } else {
      slice.value_sum =
          static_cast<std::int64_t>(static_cast<std::uint64_t>(slice.value_sum) + plain.values);
    }
    plain.count = plain.single = 0;
    plain.ticks = plain.values = 0;
    plain.sums = plain.absent = StageVectors{};
  }
}

void RingMetrics::end_run() {
  in_run_ = false;
  for (const std::uint16_t id : ids_) {
    // end_batch() comes before end_run().
    RINGSIDE_ASSERT(plain_[id].count + plain_[id].single == 0);
    Recent& recent = by_id_[id]->recent();
    recent.end_run(instance_);
    plain_[id].floor = recent.floor(instance_, plain_[id].floor);
  }
}

void RingMetrics::add_alone(const Record& record, std::uint32_t lane, Counts& read_of) {
  add(words_of(record), record.sequence / 2 - 1, lane);
  end_batch(read_of);
  end_run();
}

void RingMetrics::add_singly(RecordWords words, std::uint64_t position, std::uint32_t lane) {
  Record record;
  put_record(words, position, record);
  Series& series = *series_of(record.operation);
  const std::uint64_t end = record.end();
  const bool operation = record.operation < kFirstEvent;
  ++plain_[record.operation].single;
  if (end - slice_begin_ < slice_ticks_) {
    const std::uint64_t longest = series.current().max_ticks;
    series.current().add(record, units_);
    if (operation && series.current().max_ticks > longest)
      series.exemplars().add(lane, position, instance_, scale_.span_ns(record.duration),
                             scale_.monotonic_ns(end));
  } else {
    add_elsewhere(series, record, end);
  }
  if (operation && record.outcome != 0) {
    count_failure(series, record, end);
  } else if (place_of(scale_.monotonic_ns(end)).when != Place::When::history) {
    const std::uint64_t ticks = std::min(span_ticks(record), units_.max_ticks);
    if (sampler_.looks_at(ticks)) look_at(words.descriptor, words.actor, words.subject, ticks);
  }
  if (operation && span_ticks(record) > slowest_.floor_ticks()) offer_slowest(series, record, lane);
  if (block_part_[record.operation] != BlockTable::Part::none) count_block(record);
  // The record may have moved the bounds.
  set_plain_bounds(record.operation);
}

RingMetrics::Place RingMetrics::place_of(std::int64_t end_ns) const {
  if (end_ns < observed_.since_ns()) return {Place::When::history, slice_at(end_ns)};
  const std::int64_t slice = slice_at(end_ns);
  if (end_ns > add_ns(now_ns_, kRecordAheadNs)) return {Place::When::future, slice};
  // A record in the next slice ended just after the clock was read. It counts as now.
  return {Place::When::slice, std::min(slice, now_slice_)};
}

void RingMetrics::add_elsewhere(Series& series, const Record& record, std::uint64_t end) {
  if (end - previous_begin_ < slice_begin_ - previous_begin_) {
    series.previous().add(record, units_);
    return;
  }
  const Place place = place_of(scale_.monotonic_ns(end));
  if (place.when == Place::When::slice && place.slice == now_slice_) {
    series.current().add(record, units_);
    return;
  }
  const StoredSlice stored = StoredSlice::of(record, units_, scale_);
  switch (place.when) {
    case Place::When::history: series.add_history(stored); return;
    case Place::When::future: series.add_future(stored); break;
    case Place::When::slice:
      series.add_late(place.slice, now_slice_, stored);
      minutes_.touch(Series::minute_of(place.slice));
      break;
  }
  ++late_;
}

void RingMetrics::count_failure(Series& series, const Record& record, std::uint64_t end) {
  const std::int64_t end_ns = scale_.monotonic_ns(end);
  const Place place = place_of(end_ns);
  const std::uint64_t descriptor = pack_descriptor(
      record.operation, Kind::operation, static_cast<Outcome>(record.outcome), 0, record.error);
  FailureKind& kind = failure_kinds_[(record.operation * 5U + record.error * 3U + record.outcome) %
                                     failure_kinds_.size()];
  if (kind.descriptor != descriptor) {
    kind = {descriptor, &errors_.entry(series.name().name, record.error, record.outcome)};
  }
  ErrorTable::Failure failure;
  failure.in_windows = place.when == Place::When::slice;
  failure.slice = place.slice;
  failure.end_monotonic_ns = place.when == Place::When::future ? INT64_MIN : end_ns;
  failure.actor_kind = static_cast<std::uint8_t>(record.actor_kind());
  failure.actor = record.actor;
  ErrorTable::count(*kind.entry, failure, now_slice_);
  if (place.when == Place::When::history) return;
  const auto time_ns =
      static_cast<double>(std::max<std::int64_t>(0, scale_.span_ns(record.duration)));
  // Refusals count too: an actor who is refused a thousand times is behind something.
  const bool refused = !is_error(static_cast<Outcome>(record.outcome));
  if (record.actor_kind() != ActorKind::none) {
    halves_[0].actors.add_failure({static_cast<std::uint8_t>(record.actor_kind()), record.actor},
                                  time_ns, refused);
  }
  if (record.subject_kind() != SubjectKind::none) {
    halves_[0].subjects.add_failure(
        {static_cast<std::uint8_t>(record.subject_kind()), record.subject}, time_ns, refused);
  }
}

// Counts a record that went well for its actor and its subject.
void RingMetrics::look_at(std::uint64_t descriptor, std::uint64_t actor, std::uint64_t subject,
                          std::uint64_t ticks) {
  const double most_ticks = sampler_.most_ticks();
  const double probability = sampler_.looked_at(ticks);
  if (sampler_.most_ticks() != most_ticks) expect_sampling();
  if (operation_of(descriptor) >= kFirstEvent) return;
  const double time_ns = static_cast<double>(ticks) * ns_per_tick_;
  const std::uint64_t flags = descriptor >> kFlagsShift;
  const auto actor_kind = static_cast<std::uint8_t>(flags & kFlagActorMask);
  const auto subject_kind =
      static_cast<std::uint8_t>((flags & kFlagSubjectMask) >> kFlagSubjectShift);
  if (actor_kind != 0) halves_[0].actors.add({actor_kind, actor}, time_ns, probability);
  if (subject_kind != 0) halves_[0].subjects.add({subject_kind, subject}, time_ns, probability);
}

void RingMetrics::expect_sampling() {
  if (!sampler_.passes_over()) return;
  const double most_time_ns = sampler_.most_ticks() * ns_per_tick_;
  halves_[0].actors.expect_sampling(sampler_.most_operations(), most_time_ns);
  halves_[0].subjects.expect_sampling(sampler_.most_operations(), most_time_ns);
}

void RingMetrics::offer_slowest(const Series& series, const Record& record, std::uint32_t lane) {
  Slowest::Entry entry{};
  entry.record = record;
  entry.series = &series;
  entry.span_ns =
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, scale_.span_ns(record.duration)));
  entry.end_ns = scale_.monotonic_ns(record.end());
  const Place place = place_of(entry.end_ns);
  entry.slice = place.when == Place::When::future ? now_slice_ + 1 : place.slice;
  entry.lane = lane;
  entry.instance = instance_;
  slowest_.add(entry, now_slice_);
}

void RingMetrics::count_block(const Record& record) {
  const std::uint64_t* address = nullptr;
  if (record.subject_kind() == SubjectKind::address) address = &record.subject;
  if (address == nullptr && record.actor_kind() == ActorKind::address) address = &record.actor;
  if (address == nullptr) return;
  const BlockTable::Part part = block_part_[record.operation];
  blocks_.add(part, *address, scale_.monotonic_ns(record.end()), record.event.value);
  if (part != BlockTable::Part::block) count_login_failure(record, *address);
}

void RingMetrics::count_login_failure(const Record& record, std::uint64_t address) {
  const std::int64_t end_ns = scale_.monotonic_ns(record.end());
  const Place place = place_of(end_ns);
  if (place.when != Place::When::slice) return;
  const std::uint64_t account = record.actor_kind() == ActorKind::user ? record.actor : 0;
  failures_from_.add(address, account, end_ns, place.slice);
  if (account != 0) failures_for_.add(account, address, end_ns, place.slice);
}

}  // namespace ringside
