#include "daemon/metrics/ring_metrics.h"

#include <algorithm>

namespace ringside {

namespace {

// The wire's numbers (shm/record.h) as the model's kinds.
PartyKind actor_kind_from(std::uint8_t kind) {
  switch (static_cast<ActorKind>(kind)) {
    case ActorKind::none: return PartyKind::none;
    case ActorKind::user: return PartyKind::user;
    case ActorKind::session: return PartyKind::session;
    case ActorKind::address: return PartyKind::address;
  }
  return PartyKind::unknown;
}
PartyKind subject_kind_from(std::uint8_t kind) {
  switch (static_cast<SubjectKind>(kind)) {
    case SubjectKind::none: return PartyKind::none;
    case SubjectKind::room: return PartyKind::room;
    case SubjectKind::message: return PartyKind::message;
    case SubjectKind::user: return PartyKind::user;
    case SubjectKind::address: return PartyKind::address;
  }
  return PartyKind::unknown;
}

static_assert(kOutcomes == kOutcomeCount);
static_assert(static_cast<int>(RecordOutcome::error) == static_cast<int>(Outcome::error));
static_assert(static_cast<int>(RecordOutcome::timeout) == static_cast<int>(Outcome::timeout));
static_assert(static_cast<int>(RecordOutcome::rejected) == static_cast<int>(Outcome::rejected));
static_assert(static_cast<int>(RecordOutcome::denied) == static_cast<int>(Outcome::denied));
static_assert(static_cast<int>(RecordOutcome::limited) == static_cast<int>(Outcome::limited));
static_assert(static_cast<int>(RecordOutcome::cancelled) == static_cast<int>(Outcome::cancelled));

bool is_event(std::uint16_t id) { return id >= kFirstEvent; }
Kind kind_of(std::uint16_t id) { return is_event(id) ? Kind::event : Kind::operation; }

}  // namespace

void RingMetrics::reconfigure(const RingMetricsOptions& options) {
  options_ = options;
  slow_floor_ = 0;   // a longer list takes in what a shorter one did not
  for (auto& [name, series] : series_) series->recent().resize(options.last);
}

void RingMetrics::set_time(const TickScale& scale, std::int64_t now_monotonic_ns, std::uint32_t instance) {
  scale_ = scale;
  instance_ = instance;
  units_ = UnitScale::of(scale.ticks_per_second());
  const std::int64_t slice = slice_of(now_monotonic_ns);
  if (!timed_) now_slice_ = slice;
  if (slice > now_slice_) {
    for (auto& [name, series] : series_) series->roll(now_slice_, slice, scale_);
    now_slice_ = slice;
    credits_in_slice_ = 0;
    ticks_in_slice_ = 0;
    credit_step_ = 0;
  }
  timed_ = true;
  slice_begin_ = scale.ticks_from_ns(now_slice_ * kSliceNs);
  // To the end of the slice, but not further ahead than what may be: garbage must not look like now.
  const std::int64_t end_ns = std::min((now_slice_ + 1) * kSliceNs, now_monotonic_ns + kRecordAheadNs);
  slice_ticks_ = scale.ticks_from_ns(std::max(end_ns, now_slice_ * kSliceNs + 1)) - slice_begin_;
  previous_begin_ = scale.ticks_from_ns((now_slice_ - 1) * kSliceNs);
  if (now_slice_ / kHalfSlices != half_) rotate();
  for (const std::uint16_t id : ids_) open_hot(id);
}

void RingMetrics::rotate() {
  const std::int64_t half = now_slice_ / kHalfSlices;
  // After a pause of more than half an hour both halves are old.
  halves_[1] = half == half_ + 1 ? std::move(halves_[0]) : Half{};
  halves_[0] = Half{};
  half_ = half;
  slow_floor_ = 0;
}

void RingMetrics::end_clock(std::int64_t wall_minus_monotonic_ns) {
  if (!timed_) return;
  for (auto& [name, series] : series_) {
    series->flush(now_slice_, scale_);
    series->recent().fix_wall(scale_.ticks_per_second(),
        [&](const Record& record) { return add_ns(scale_.monotonic_ns(record.end()), wall_minus_monotonic_ns); });
  }
  slow_floor_ = 0;
  credit_ = 0;
  credit_count_ = 0;
}

Series* RingMetrics::series_named(const SeriesKey& wanted, const NameEntry& wanted_name) {
  // A server that takes new names at every start must not fill the memory: beyond a bound all new ones are one.
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
  named_[id] = true;
  failure_kinds_.fill({});   // failures of this id are counted under its name from now on
  open_hot(id);
}

void RingMetrics::forget_names() {
  by_id_.fill(nullptr);
  named_.fill(false);
  failure_kinds_.fill({});
  for (const std::uint16_t id : ids_) hot_[id] = Hot{};
  ids_.clear();
}

Series* RingMetrics::series_of(std::uint16_t id) {
  if (by_id_[id] == nullptr && ask_name_) ask_name_(id);
  if (by_id_[id] == nullptr) {
    NameEntry name;
    name.name = (is_event(id) ? "event-" : "operation-") + std::to_string(is_event(id) ? id - kFirstEvent : id);
    by_id_[id] = series_named({kind_of(id), name.name}, name);
    open_hot(id);
  }
  return by_id_[id];
}

RecordView RingMetrics::view(const Record& record, const std::string& operation, const std::string& ring,
                             std::uint32_t lane, std::int64_t end_wall_ns, double ticks_per_second) const {
  const auto span_ns = [&](std::int64_t ticks) {
    if (ticks_per_second <= 0) return scale_.span_ns(ticks);
    return static_cast<std::int64_t>(std::clamp(static_cast<double>(ticks) * 1e9 / ticks_per_second, -9.2e18, 9.2e18));
  };
  RecordView out;
  out.operation = operation;
  out.duration_ns = span_ns(record.duration);
  out.start_wall_ns = subtract_ns(end_wall_ns, out.duration_ns);
  out.outcome = outcome_from(record.outcome);
  out.error = record.error;
  if (const auto at = error_names_.find(record.error); at != error_names_.end()) out.error_name = at->second;
  out.actor = {actor_kind_from(static_cast<std::uint8_t>(record.actor_kind())), record.actor};
  out.subject = {subject_kind_from(static_cast<std::uint8_t>(record.subject_kind())), record.subject};
  out.untimed = (record.flags & kFlagUntimed) != 0;
  if (record.kind == static_cast<std::uint8_t>(Kind::event)) {
    out.value = record.event.value;
    if (record.event.context > 0 && record.event.context <= kMaxOperations) {
      const Series* context = by_id_[record.event.context - 1];
      if (context != nullptr) out.context = context->name().name;
    }
  } else {
    for (std::size_t i = 0; i < kStageCount; ++i) {
      out.stages_ns[i] = static_cast<std::uint64_t>(
          std::max<std::int64_t>(0, span_ns(static_cast<std::int64_t>(unpack_stage_ticks(record.stages[i])))));
    }
  }
  out.ring = ring;
  out.lane = lane;
  out.position = record.sequence / 2 - 1;
  return out;
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

// Several ids may share a series: those beyond the bound do, and a server may give two of them one name.
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

void RingMetrics::show(const std::string& ring, const LivingById& living, const RingTimes& times, Snapshot& out) {
  const std::map<Series*, Living> sums = by_series(living);
  const std::int64_t wall = times.wall_minus_monotonic_ns;
  const double alive = static_cast<double>(subtract_ns(times.now_ns, times.born_ns)) / 1e9;
  std::array<double, kWindows> seconds{};
  for (std::size_t w = 0; w < kWindows; ++w) {
    const auto window = static_cast<Window>(w);
    const double covered =
        window == Window::since_start
            ? alive
            : static_cast<double>(times.now_ns - Series::first_slice(window, now_slice_) * kSliceNs) / 1e9;
    seconds[w] = std::max(0.0, std::min(covered, alive));
  }
  for (auto& [key, series] : series_) {
    SeriesView view_of;
    view_of.name = series->name().name;
    view_of.ring = ring;
    view_of.category = series->name().category;
    view_of.stage_names = series->name().stages;
    for (std::size_t w = 0; w < kWindows; ++w) {
      sum_.clear();
      series->sum(static_cast<Window>(w), now_slice_, scale_, sum_);
      view_of.windows[w] = sum_.finish(seconds[w]);
    }
    const Recent& last = series->recent();
    view_of.last.reserve(last.size());
    for (std::size_t i = 0; i < last.size(); ++i) {
      const Record& record = last.record(i);
      const Recent::Origin& origin = last.origin(i);
      const std::int64_t end_wall =
          origin.wall_ns != 0 ? origin.wall_ns : add_ns(scale_.monotonic_ns(record.end()), wall);
      // What an earlier clock measured is converted by that clock's rate.
      const double rate = origin.wall_ns != 0 && origin.ticks_per_second > 0 ? origin.ticks_per_second : 0;
      view_of.last.push_back(view(record, view_of.name, ring, origin.lane, end_wall, rate));
    }
    view_of.server_count = series->retired_count;
    view_of.server_errors = series->retired_errors;
    view_of.books = series->retired_books;
    if (const auto at = sums.find(series.get()); at != sums.end()) {
      view_of.server_count += at->second.count;
      view_of.server_errors += at->second.errors;
      view_of.books += at->second.books;
    }
    (key.kind == Kind::event ? out.events : out.operations).push_back(std::move(view_of));
  }
  for (const ErrorTable::Row& row : errors_.rows(now_slice_)) {
    ErrorStats stats;
    stats.code = row.code;
    if (const auto at = error_names_.find(row.code); at != error_names_.end()) stats.name = at->second;
    stats.operation = row.operation;
    stats.ring = ring;
    stats.outcome = outcome_from(row.outcome);
    stats.count = row.count;
    stats.last_wall_ns = add_ns(row.last_monotonic_ns, wall);
    stats.last_actor = {actor_kind_from(row.actor_kind), row.actor};
    out.errors.push_back(std::move(stats));
  }
  const auto top = [&](const TopTable& a, const TopTable& b, bool actors, std::vector<TopEntry>& into) {
    for (const TopTable::Row& row : TopTable::largest(a, b, options_.top)) {
      TopEntry entry;
      entry.party = {actors ? actor_kind_from(row.key.kind) : subject_kind_from(row.key.kind), row.key.id};
      entry.ring = ring;
      entry.count = row.count;
      entry.errors = row.errors;
      entry.time_ns = row.time_ns;
      entry.weight = row.weight;
      entry.error_bound = row.error_bound;
      into.push_back(std::move(entry));
    }
  };
  top(halves_[0].actors_by_errors, halves_[1].actors_by_errors, true, out.actors_by_errors);
  top(halves_[0].actors_by_time, halves_[1].actors_by_time, true, out.actors_by_time);
  top(halves_[0].subjects_by_errors, halves_[1].subjects_by_errors, false, out.subjects_by_errors);
  top(halves_[0].subjects_by_time, halves_[1].subjects_by_time, false, out.subjects_by_time);
  for (const Half& half : halves_) {
    for (const Slow& slow : half.slowest) {
      RecordView slow_view = view(slow.record, slow.operation, ring, slow.lane, add_ns(slow.end_monotonic_ns, wall), 0);
      slow_view.duration_ns = static_cast<std::int64_t>(slow.duration_ns);
      slow_view.start_wall_ns = subtract_ns(add_ns(slow.end_monotonic_ns, wall), slow_view.duration_ns);
      out.slowest.push_back(std::move(slow_view));
    }
  }
  out.late_records += late_;
}

std::size_t RingMetrics::bytes() const {
  std::size_t total = sizeof *this + hot_.capacity() * sizeof(Hot);
  for (const auto& [name, series] : series_) total += series->bytes();
  for (const Half& half : halves_) {
    total += half.actors_by_time.bytes() + half.actors_by_errors.bytes() + half.subjects_by_time.bytes() +
             half.subjects_by_errors.bytes() + half.slowest.capacity() * sizeof(Slow);
  }
  return total;
}

void RingMetrics::encode(Encoder& out, std::int64_t wall_minus_monotonic_ns) {
  out.u64(late_);
  out.u64(instance_);
  out.u64(series_.size());
  for (auto& [key, series] : series_) {
    out.u64(static_cast<std::uint64_t>(key.kind));
    out.text(key.name);
    out.text(series->name().category);
    for (const std::string& stage : series->name().stages) out.text(stage);
    series->encode(out, now_slice_, scale_);
    const Recent& last = series->recent();
    out.u64(last.size());
    for (std::size_t i = last.size(); i > 0; --i) {
      const Record& record = last.record(i - 1);
      const Recent::Origin& origin = last.origin(i - 1);
      out.raw(&record, sizeof record);
      out.u64(origin.lane);
      out.u64(origin.instance);
      out.i64(origin.wall_ns != 0 ? origin.wall_ns
                                  : add_ns(scale_.monotonic_ns(record.end()), wall_minus_monotonic_ns));
      const double rate = origin.wall_ns != 0 ? origin.ticks_per_second : scale_.ticks_per_second();
      out.raw(&rate, sizeof rate);
    }
  }
  // Which series each id of the present life counts in.
  out.u64(static_cast<std::uint64_t>(std::count_if(by_id_.begin(), by_id_.end(), [](auto* s) { return s != nullptr; })));
  for (std::uint16_t id = 0; id < kIdCount; ++id) {
    if (by_id_[id] == nullptr) continue;
    out.u64(id);
    out.text(by_id_[id]->name().name);
  }
  errors_.encode(out);
  out.u64(error_names_.size());
  for (const auto& [code, name] : error_names_) {
    out.u64(code);
    out.text(name);
  }
}

void RingMetrics::decode(Decoder& in, std::int64_t now_slice, std::int64_t slice_shift) {
  late_ = in.u64();
  instance_ = static_cast<std::uint32_t>(in.u64());
  const std::uint64_t count = in.count(32, kMaxSeries + 2);
  for (std::uint64_t n = 0; n < count && in.good(); ++n) {
    const std::uint64_t kind = in.u64();
    if (kind != static_cast<std::uint64_t>(Kind::operation) && kind != static_cast<std::uint64_t>(Kind::event)) in.fail();
    const SeriesKey key{static_cast<Kind>(kind), in.text()};
    NameEntry name;
    name.name = key.name;
    name.category = in.text();
    for (std::string& stage : name.stages) stage = in.text();
    Series* series = series_named(key, name);
    series->decode(in, now_slice, slice_shift);
    const std::uint64_t last = in.count(sizeof(Record), 1'000'000);
    for (std::uint64_t i = 0; i < last && in.good(); ++i) {
      Recent::Entry entry{};
      in.raw(&entry.record, sizeof entry.record);
      entry.origin.lane = static_cast<std::uint32_t>(in.u64());
      entry.origin.instance = static_cast<std::uint32_t>(in.u64());
      entry.origin.wall_ns = in.i64();
      in.raw(&entry.origin.ticks_per_second, sizeof(double));
      if (!(entry.origin.ticks_per_second > 0 && entry.origin.ticks_per_second < 1e13)) entry.origin.ticks_per_second = 0;
      if (in.good()) series->recent().restore(entry);
    }
  }
  const std::uint64_t ids = in.count(2, kIdCount);
  for (std::uint64_t n = 0; n < ids && in.good(); ++n) {
    const std::uint64_t id = in.u64();
    const std::string name = in.text();
    if (id >= kFirstEvent + kMaxEvents) in.fail();
    if (!in.good()) break;
    by_id_[id] = series_named({kind_of(static_cast<std::uint16_t>(id)), name}, {name, {}, {}});
  }
  errors_.decode(in, slice_shift);
  failure_kinds_.fill({});
  const std::uint64_t names = in.count(2, 65536);
  for (std::uint64_t n = 0; n < names && in.good(); ++n) {
    const auto code = static_cast<std::uint16_t>(in.u64());
    error_names_[code] = in.text();
  }
}

}  // namespace ringside
