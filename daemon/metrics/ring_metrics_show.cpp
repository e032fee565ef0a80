// What the snapshot shows of one ring's metrics.
#include <algorithm>
#include <cmath>

#include "daemon/metrics/ring_metrics.h"
#include "shm/assert.h"

namespace ringside {

namespace {

// What the configuration may say of a response time, too.
constexpr std::uint64_t kLeastThresholdNs = 1'000;
constexpr std::uint64_t kMostThresholdNs = 3'600'000'000'000;

// A server's word, which may be garbage: kept within what a configuration may say.
Declared declared_by(const NameEntry& name) {
  Declared declared;
  declared.waits_for_client = name.waits_for_client;
  if (name.threshold_ns > 0) {
    declared.response_ns = static_cast<std::int64_t>(
        std::clamp(name.threshold_ns, kLeastThresholdNs, kMostThresholdNs));
  }
  return declared;
}

// Turn the wire's numbers (shm/record.h) into the model's kinds.
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

std::uint64_t whole(double value) {
  return static_cast<std::uint64_t>(std::llround(std::clamp(value, 0.0, 9e18)));
}

// Whole numbers that enclose the interval.
Interval interval_of(const PartyTable::Figure& figure) {
  return {static_cast<std::uint64_t>(std::floor(std::clamp(figure.low, 0.0, 9e18))),
          static_cast<std::uint64_t>(std::ceil(std::clamp(figure.high, 0.0, 9e18)))};
}

}  // namespace

const Series* RingMetrics::context_of(const Record& record) const {
  if (record.kind != static_cast<std::uint8_t>(Kind::event)) return nullptr;
  if (record.event.context == 0 || record.event.context > kMaxOperations) return nullptr;
  return by_id_[record.event.context - 1];
}

// `Kept` is an origin of Recent or an entry of Slowest.
template <typename Kept>
RingMetrics::End RingMetrics::end_of(const Record& record, const Kept& kept,
                                     std::int64_t wall_minus_monotonic_ns) const {
  if (kept.fixed) return {kept.end_ns, kept.wall_ns, kept.ticks_per_second};
  const std::int64_t end_ns = scale_.monotonic_ns(record.end());
  return {end_ns, add_ns(end_ns, wall_minus_monotonic_ns), 0};
}

RecordView RingMetrics::view(const Record& record, const Series& series, const std::string& ring,
                             std::uint32_t lane, std::uint32_t instance, const Series* context,
                             const End& end) const {
  // A span that an earlier clock measured is converted by that clock's rate.
  const auto span_ns = [&](std::int64_t ticks) {
    if (end.ticks_per_second <= 0) return scale_.span_ns(ticks);
    return static_cast<std::int64_t>(
        std::clamp(static_cast<double>(ticks) * 1e9 / end.ticks_per_second, -9.2e18, 9.2e18));
  };
  RecordView out;
  out.operation = series.name().name;
  out.duration_ns = span_ns(record.duration);
  out.start_wall_ns = subtract_ns(end.wall_ns, out.duration_ns);
  out.outcome = outcome_from(record.outcome);
  out.error = record.error;
  if (const auto at = error_names_.find(record.error); at != error_names_.end())
    out.error_name = at->second;
  out.actor = {actor_kind_from(static_cast<std::uint8_t>(record.actor_kind())), record.actor};
  out.subject = {subject_kind_from(static_cast<std::uint8_t>(record.subject_kind())),
                 record.subject};
  out.untimed = (record.flags & kFlagUntimed) != 0;
  if (record.kind == static_cast<std::uint8_t>(Kind::event)) {
    out.value = record.event.value;
    if (context != nullptr) out.context = context->name().name;
  } else if ((record.flags & kFlagStages) != 0) {
    for (std::size_t i = 0; i < kStageCount; ++i) {
      out.stages_ns[i] = static_cast<std::uint64_t>(std::max<std::int64_t>(
          0, span_ns(static_cast<std::int64_t>(unpack_stage_ticks(record.stage(i))))));
    }
  }
  out.ring = ring;
  out.lane = lane;
  out.position = record.sequence / 2 - 1;
  out.instance = instance;
  out.end_ticks = record.end();
  out.end_monotonic_ns = end.monotonic_ns;
  return out;
}

void RingMetrics::show(const std::string& ring, const LivingById& living, const RingTimes& times,
                       Snapshot& out) {
  // end_run() comes before show().
  RINGSIDE_ASSERT(!in_run_);
  observed_.extend(times.now_ns);
  show_series(ring, living, times, out);
  for (const ErrorTable::Row& row : errors_.rows(now_slice_)) {
    ErrorStats stats;
    stats.code = row.code;
    if (const auto at = error_names_.find(row.code); at != error_names_.end())
      stats.name = at->second;
    stats.operation = row.operation;
    stats.ring = ring;
    stats.outcome = outcome_from(row.outcome);
    stats.count = row.count;
    if (row.last_monotonic_ns != INT64_MIN) {
      stats.last_wall_ns = add_ns(row.last_monotonic_ns, times.wall_minus_monotonic_ns);
      stats.last_actor = {actor_kind_from(row.actor_kind), row.actor};
    }
    out.errors.push_back(std::move(stats));
  }
  show_parties(ring, out);
  show_slowest(ring, times, out);
  for (const BlockTable::Block& block : blocks_.latest()) {
    BlockView view;
    view.ring = ring;
    view.address = {PartyKind::address, block.address};
    view.blocked_wall_ns = add_ns(block.since_ns, times.wall_minus_monotonic_ns);
    view.blocks = block.blocks;
    view.attempts_before = block.attempts_before;
    view.turned_away = block.turned_away;
    view.got_through = block.got_through;
    out.blocks.push_back(std::move(view));
  }
  show_login_failures(ring, times, out);
  out.late_records += late_;
  skipped_since_ns_ = INT64_MIN;
}

std::optional<RingMetrics::LatestEvent> RingMetrics::latest_event(std::string_view name,
                                                                  const RingTimes& times) const {
  const auto at = series_.find({Kind::event, std::string(name)});
  if (at == series_.end()) return std::nullopt;
  const Series& series = *at->second;
  LatestEvent latest{series.errors_since_start(), std::nullopt};
  if (series.recent().size() > 0) {
    latest.record = view(series.recent().record(0), series, {}, 0, 0, nullptr,
                         end_of(series.recent().record(0), series.recent().origin(0),
                                times.wall_minus_monotonic_ns));
  }
  return latest;
}

void RingMetrics::show_login_failures(const std::string& ring, const RingTimes& times,
                                      Snapshot& out) const {
  const auto list = [&](const LoginFailures& of, PartyKind kind, std::vector<FailedLogins>& into) {
    for (const LoginFailures::Row& row : of.largest(now_slice_, kMostFailedLogins)) {
      FailedLogins one;
      one.ring = ring;
      one.party = {kind, row.id};
      one.minute = row.minute;
      one.hour = row.hour;
      one.others = row.others;
      one.since_wall_ns = add_ns(row.since_ns, times.wall_minus_monotonic_ns);
      one.last_wall_ns = add_ns(row.last_ns, times.wall_minus_monotonic_ns);
      into.push_back(std::move(one));
    }
  };
  list(failures_from_, PartyKind::address, out.failed_by_address);
  list(failures_for_, PartyKind::user, out.failed_by_account);
}

void RingMetrics::show_series(const std::string& ring, const LivingById& living,
                              const RingTimes& times, Snapshot& out) {
  const std::map<Series*, Living> sums = by_series(living);
  std::array<double, kWindows> seconds{};
  for (std::size_t w = 0; w < kWindows; ++w) {
    const auto window = static_cast<Window>(w);
    seconds[w] =
        window == Window::since_start
            ? observed_.seconds()
            : observed_.seconds_since(begin_of_slice(Series::first_slice(window, now_slice_)));
  }
  for (auto& [key, series] : series_) {
    SeriesView view_of;
    view_of.name = series->name().name;
    view_of.ring = ring;
    view_of.category = series->name().category;
    view_of.stage_names = series->name().stages;
    view_of.declared = declared_by(series->name());
    for (std::size_t w = 0; w < kWindows; ++w) {
      sum_.clear();
      series->sum(static_cast<Window>(w), now_slice_, scale_, sum_);
      view_of.windows[w] = sum_.finish(seconds[w]);
    }
    series->hold_sums(view_of.windows[static_cast<std::size_t>(Window::since_start)]);
    view_of.exemplars = series->exemplars().show(instance_, times.wall_minus_monotonic_ns);
    const auto latest = [&, &of = *series](std::int64_t slices) {
      sum_.clear();
      of.sum_latest(slices, now_slice_, scale_, sum_);
      return sum_.finish(observed_.seconds_since(begin_of_slice(now_slice_ - slices)));
    };
    view_of.last_5s = latest(1);
    view_of.last_15s = latest(3);
    const Recent& last = series->recent();
    view_of.last.reserve(last.size());
    for (std::size_t i = 0; i < last.size(); ++i) {
      const Record& record = last.record(i);
      const Recent::Origin& origin = last.origin(i);
      view_of.last.push_back(view(record, *series, ring, origin.lane, origin.instance,
                                  origin.fixed ? origin.context : context_of(record),
                                  end_of(record, origin, times.wall_minus_monotonic_ns)));
    }
    view_of.server_count = series->retired_count;
    view_of.server_errors = series->retired_errors;
    view_of.books = series->retired_books;
    if (const auto at = sums.find(series.get()); at != sums.end()) {
      view_of.server_count += at->second.count;
      view_of.server_errors += at->second.errors;
      view_of.books += at->second.books;
    }
    note_losses(key, view_of.books.lost);
    (key.kind == Kind::event ? out.events : out.operations).push_back(std::move(view_of));
  }
}

void RingMetrics::show_parties(const std::string& ring, Snapshot& out) const {
  const std::int64_t begin_ns =
      half_ == INT64_MIN ? now_ns_
                         : std::max(begin_of_slice((half_ - 1) * kHalfSlices), parties_since_ns_);
  out.parties_seconds = std::max(out.parties_seconds, observed_.seconds_since(begin_ns));
  const auto list = [&](PartyTable Half::*of, PartyTable::By by, std::vector<TopEntry>& into) {
    for (const PartyTable::Row& row :
         PartyTable::largest(halves_[0].*of, halves_[1].*of, by, options_.top)) {
      TopEntry entry;
      const bool actors = of == &Half::actors;
      entry.party = {actors ? actor_kind_from(row.key.kind) : subject_kind_from(row.key.kind),
                     row.key.id};
      entry.ring = ring;
      entry.count = whole(row.operations.value);
      entry.errors = whole(row.errors.value);
      entry.refused = whole(row.refused.value);
      entry.time_ns = whole(row.time_ns.value);
      entry.weight = by == PartyTable::By::time ? entry.time_ns : entry.errors + entry.refused;
      entry.estimated = !row.exact();
      entry.count_in = interval_of(row.operations);
      entry.errors_in = interval_of(row.errors);
      entry.refused_in = interval_of(row.refused);
      entry.time_in_ns = interval_of(row.time_ns);
      into.push_back(std::move(entry));
    }
  };
  list(&Half::actors, PartyTable::By::failures, out.actors_by_errors);
  list(&Half::actors, PartyTable::By::time, out.actors_by_time);
  list(&Half::subjects, PartyTable::By::failures, out.subjects_by_errors);
  list(&Half::subjects, PartyTable::By::time, out.subjects_by_time);
}

void RingMetrics::show_slowest(const std::string& ring, const RingTimes& times,
                               Snapshot& out) const {
  const auto list = [&](const std::vector<Slowest::Entry>& entries, std::vector<RecordView>& into) {
    for (const Slowest::Entry& entry : entries) {
      into.push_back(view(entry.record, *entry.series, ring, entry.lane, entry.instance, nullptr,
                          end_of(entry.record, entry, times.wall_minus_monotonic_ns)));
    }
  };
  list(slowest_.last_hour(now_slice_), out.slowest);
  list(slowest_.since_start(), out.slowest_since_start);
}

template RingMetrics::End RingMetrics::end_of(const Record&, const Recent::Origin&,
                                              std::int64_t) const;
template RingMetrics::End RingMetrics::end_of(const Record&, const Slowest::Entry&,
                                              std::int64_t) const;

}  // namespace ringside
