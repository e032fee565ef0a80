#include "daemon/metrics/ring_metrics.h"

#include <algorithm>

#include "report/model/names.h"
#include "shm/assert.h"

namespace ringside {

namespace {

Kind kind_of(std::uint16_t id) { return id >= kFirstEvent ? Kind::event : Kind::operation; }

BlockTable::Part block_part_of(std::uint16_t id, const std::string& name) {
  if (kind_of(id) != Kind::event) return BlockTable::Part::none;
  if (name == names::kIpBlock) return BlockTable::Part::block;
  if (name == names::kBlockedAttempt) return BlockTable::Part::turned_away;
  const bool failed = name == names::kLoginFailed || name == names::kTokenRejected;
  return failed ? BlockTable::Part::got_through : BlockTable::Part::none;
}

}  // namespace

void RingMetrics::reconfigure(const RingMetricsOptions& options) {
  options_ = options;
  slowest_.resize(options.top);
  for (auto& [name, series] : series_) series->recent().resize(options.last);
  // The new lists have other floors than the old ones.
  for (const std::uint16_t id : ids_) set_plain_bounds(id);
}

void RingMetrics::set_time(const TickScale& scale, std::int64_t now_monotonic_ns,
                           std::uint32_t instance) {
  // end_run() comes before the next set_time().
  RINGSIDE_ASSERT(!in_run_);
  scale_ = scale;
  instance_ = instance;
  units_ = UnitScale::of(scale.ticks_per_second());
  ns_per_tick_ = scale.ticks_per_second() > 0 ? 1e9 / scale.ticks_per_second() : 0;
  // Everything that ended before the last pass began has been read by now.
  if (timed_) blocks_.settle(now_ns_);
  now_ns_ = now_monotonic_ns;
  const std::int64_t slice = slice_at(now_monotonic_ns);
  if (!timed_) {
    now_slice_ = slice;
    parties_since_ns_ = std::min(parties_since_ns_, now_monotonic_ns);
    if (observed_.since_ns() != INT64_MIN)
      parties_since_ns_ = std::min(parties_since_ns_, observed_.until_ns());
  }
  if (slice > now_slice_) {
    for (auto& [name, series] : series_) series->roll(now_slice_, slice, scale_);
    slowest_.roll(slice);
    now_slice_ = slice;
    sampler_.restart();
  }
  timed_ = true;
  if (plain_ == nullptr) plain_ = std::make_unique<Plain[]>(kPlainCount);
  observed_.extend(now_monotonic_ns);
  // A record that ended before the observed time is not of this slice.
  const auto begin_of = [this](std::int64_t of) {
    return std::max(begin_of_slice(of), observed_.since_ns());
  };
  const std::int64_t begin_ns = begin_of(now_slice_);
  slice_begin_ = scale_.ticks_from_ns(begin_ns);
  previous_begin_ = scale_.ticks_from_ns(begin_of(now_slice_ - 1));
  // Up to the end of the slice, but not further ahead than kRecordAheadNs: garbage must not look
  // like now.
  const std::int64_t end_ns =
      std::min(begin_of_slice(now_slice_ + 1), now_monotonic_ns + kRecordAheadNs);
  slice_ticks_ = scale.ticks_from_ns(std::max(end_ns, begin_ns)) - slice_begin_;
  if (now_slice_ / kHalfSlices != half_) begin_half();
  for (const std::uint16_t id : ids_) set_plain_bounds(id);
}

void RingMetrics::begin_half() {
  const std::int64_t half = now_slice_ / kHalfSlices;
  // After a pause of more than half an hour both halves are old.
  halves_[1] = half == half_ + 1 ? std::move(halves_[0]) : Half{};
  halves_[0] = Half{};
  half_ = half;
}

void RingMetrics::end_clock(std::int64_t wall_minus_monotonic_ns) {
  if (!timed_) return;
  // end_run() comes before end_clock().
  RINGSIDE_ASSERT(!in_run_);
  for (auto& [name, series] : series_) {
    series->flush(now_slice_, scale_);
    series->recent().fix_origins([&](const Record& record, Recent::Origin& origin) {
      origin.end_ns = scale_.monotonic_ns(record.end());
      origin.wall_ns = add_ns(origin.end_ns, wall_minus_monotonic_ns);
      origin.ticks_per_second = scale_.ticks_per_second();
      origin.context = context_of(record);
    });
  }
  slowest_.fix_entries([&](Slowest::Entry& entry) {
    entry.wall_ns = add_ns(entry.end_ns, wall_minus_monotonic_ns);
    entry.ticks_per_second = scale_.ticks_per_second();
  });
  sampler_.restart();
}

Series* RingMetrics::series_named(const SeriesKey& wanted, const NameEntry& wanted_name) {
  // A server that takes new names at every start must not fill the memory. Beyond a bound all new
  // names share one series.
  const bool full = series_.size() >= kMaxSeries && !series_.contains(wanted);
  const SeriesKey key{wanted.kind, full ? "others" : wanted.name};
  const NameEntry name = !full ? wanted_name : NameEntry{"others", {}, {}};
  auto& series = series_[key];
  if (series == nullptr) {
    series = std::make_unique<Series>(name, options_.last);
  } else if (series->name().category.empty() && !name.category.empty()) {
    series->rename(name);
  }
  return series.get();
}

void RingMetrics::set_name(std::uint16_t id, const NameEntry& name) {
  by_id_[id] = series_named({kind_of(id), name.name}, name);
  if (by_id_[id]->name().name == name.name) by_id_[id]->declare(name);
  named_[id] = true;
  block_part_[id] = block_part_of(id, name.name);
  failure_kinds_.fill({});   // its failures count under the new name from now on
  set_plain_bounds(id);
}

void RingMetrics::forget_names() {
  by_id_.fill(nullptr);
  named_.fill(false);
  block_part_.fill(BlockTable::Part::none);
  failure_kinds_.fill({});
  for (const std::uint16_t id : ids_) plain_[id] = Plain{};
  ids_.clear();
}

Series* RingMetrics::series_of(std::uint16_t id) {
  if (by_id_[id] == nullptr && ask_name_) ask_name_(id);
  if (by_id_[id] == nullptr) {
    NameEntry name;
    name.name = (kind_of(id) == Kind::event ? "event-" : "operation-") +
                std::to_string(kind_of(id) == Kind::event ? id - kFirstEvent : id);
    by_id_[id] = series_named({kind_of(id), name.name}, name);
  if (by_id_[id]->name().name == name.name) by_id_[id]->declare(name);
  }
  return by_id_[id];
}

// An operation that was counted without a record has no time of its own.
void RingMetrics::add_skipped(std::uint16_t id, std::uint64_t count) {
  Series& series = *series_of(id);
  if (skipped_since_ns_ == INT64_MIN || subtract_ns(now_ns_, skipped_since_ns_) <= 2 * kSliceNs) {
    series.add_skipped(now_slice_, count);
  } else if (skipped_since_ns_ < observed_.since_ns()) {
    series.add_skipped_history(count);
  } else {
    series.add_skipped_sometime(count);
  }
}

void RingMetrics::retire(const LivingById& living) {
  for (const auto& [series, sums] : by_series(living)) {
    series->retired_count += sums.count;
    series->retired_errors += sums.errors;
    series->retired_books += sums.books;
  }
}

std::uint64_t RingMetrics::retired_lost() const {
  std::uint64_t lost = 0;
  for (const auto& [key, series] : series_) lost += series->retired_books.lost;
  return lost;
}

// Several ids may share a series: the names beyond the bound do, and a server may give two ids one
// name.
std::map<Series*, RingMetrics::Living> RingMetrics::by_series(const LivingById& living) {
  std::map<Series*, Living> sums;
  for (std::uint16_t id = 0; id < kFirstEvent + kMaxEvents; ++id) {
    const Living& one = living[id];
    if (one.count == 0 && one.books.written == 0) continue;
    Living& sum = sums[series_of(id)];
    sum.count += one.count;
    sum.errors += one.errors;
    sum.books += one.books;
  }
  return sums;
}

std::size_t RingMetrics::bytes() const {
  std::size_t total = sizeof *this + errors_.bytes() + slowest_.bytes() + blocks_.bytes();
  if (plain_ != nullptr) total += kPlainCount * sizeof(Plain);
  for (const auto& [name, series] : series_) total += series->bytes();
  total += failures_from_.bytes() + failures_for_.bytes();
  for (const Half& half : halves_) total += half.actors.bytes() + half.subjects.bytes();
  return total;
}

}  // namespace ringside
