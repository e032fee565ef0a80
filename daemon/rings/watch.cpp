#include "daemon/rings/watch.h"

#include <algorithm>
#include <map>
#include <optional>
#include <thread>
#include <tuple>

#include "daemon/storage/codec.h"
#include "shm/assert.h"

namespace ringside {

namespace {

constexpr std::int64_t kCheckEveryNs = 200'000'000;

// Whether `a` completed later than `b`, or at the same time in a larger lane. Wall time can't tell:
// it steps, and saved records keep the one they had. Each ring has its own clock, so records of two
// rings are compared by nanoseconds.
bool later(const RecordView& a, const RecordView& b) {
  if (a.ring != b.ring) return a.end_monotonic_ns > b.end_monotonic_ns;
  if (a.instance != b.instance) return a.instance > b.instance;
  if (a.end_ticks != b.end_ticks) return static_cast<std::int64_t>(a.end_ticks - b.end_ticks) > 0;
  return std::tie(a.lane, a.position) > std::tie(b.lane, b.position);
}

// Everything except the stages. Each operation names its own, so the second stage of one is not the
// second of another. The analysis adds stages up by name.
void merge(WindowStats& to, const WindowStats& from) {
  // Rates add up. Where the two were observed for different times, `seconds` is set so that they
  // do.
  const double rate = to.rate() + from.rate();
  const auto in_rates = static_cast<double>(to.count() - to.history + from.count() - from.history);
  to.seconds =
      rate > 0 && to.seconds != from.seconds ? in_rates / rate : std::max(to.seconds, from.seconds);
  to.history += from.history;
  to.recorded += from.recorded;
  to.skipped += from.skipped;
  to.errors += from.errors;
  to.refused += from.refused;
  to.negative += from.negative;
  for (std::size_t i = 0; i < kOutcomes; ++i) to.outcomes[i] += from.outcomes[i];
  to.sum_ns += from.sum_ns;
  if (from.timed > 0) to.min_ns = to.timed > 0 ? std::min(to.min_ns, from.min_ns) : from.min_ns;
  to.timed += from.timed;
  to.max_ns = std::max(to.max_ns, from.max_ns);
  to.latency.merge(from.latency);
}

void merge(SeriesView& to, const SeriesView& from, std::size_t last) {
  for (std::size_t w = 0; w < kWindows; ++w) merge(to.windows[w], from.windows[w]);
  to.server_count += from.server_count;
  to.server_errors += from.server_errors;
  to.books += from.books;
  // Both lists are sorted, latest first, and the result is too.
  std::vector<RecordView> both;
  both.reserve(std::min(last, to.last.size() + from.last.size()));
  std::size_t a = 0;
  std::size_t b = 0;
  while (both.size() < last && (a < to.last.size() || b < from.last.size())) {
    const bool take_a =
        b == from.last.size() || (a < to.last.size() && !later(from.last[b], to.last[a]));
    both.push_back(take_a ? std::move(to.last[a++]) : from.last[b++]);
  }
  to.last = std::move(both);
}

void sum_up(Snapshot& snapshot, std::size_t last) {
  std::map<std::pair<std::string, std::string>, SeriesView> categories;
  snapshot.all.name = "all";
  // Ring by ring, because only within one ring every record has its place in the order.
  std::vector<SeriesView> rings;
  for (const SeriesView& operation : snapshot.operations) {
    if (!operation.category.empty()) {
      SeriesView& category = categories[{operation.ring, operation.category}];
      category.name = operation.category;
      category.ring = operation.ring;
      merge(category, operation, last);
    }
    if (rings.empty() || rings.back().ring != operation.ring) {
      rings.emplace_back();
      rings.back().ring = operation.ring;
    }
    merge(rings.back(), operation, last);
  }
  for (const SeriesView& ring : rings) merge(snapshot.all, ring, last);
  for (auto& [key, view] : categories) snapshot.categories.push_back(std::move(view));
}

template <typename Row, typename Weight>
void keep_largest(std::vector<Row>& rows, std::size_t most, const Weight& weight) {
  std::stable_sort(rows.begin(), rows.end(),
                   [&](const Row& a, const Row& b) { return weight(a) > weight(b); });
  if (rows.size() > most) rows.resize(most);
}

}  // namespace

struct Watch::Impl {
  WatchOptions options;
  RingSet rings;
  std::uint64_t ticks = 0;
  std::int64_t next_check_ns = INT64_MIN;
  std::int64_t last_tick_ns = INT64_MIN;
  std::int64_t last_ns = INT64_MIN;
  std::optional<std::thread::id> thread;

  void assert_thread() const {
    // After its first pass only one thread may use a Watch.
    RINGSIDE_ASSERT(!thread || *thread == std::this_thread::get_id());
  }
  void begin(const Instant& now) {
    assert_thread();
    // Time does not run backwards.
    RINGSIDE_ASSERT(now.monotonic_ns >= last_ns);
    thread = std::this_thread::get_id();
    last_ns = now.monotonic_ns;
  }
};

Watch::Watch(WatchOptions options) : impl_(std::make_unique<Impl>()) {
  reconfigure(std::move(options));
}
Watch::~Watch() = default;

void Watch::reconfigure(WatchOptions options) {
  impl_->assert_thread();
  options.last = std::clamp<std::size_t>(options.last, 1, 10000);
  options.top = std::clamp<std::size_t>(options.top, 1, 100);
  impl_->options = std::move(options);
  const WatchOptions& wanted = impl_->options;
  impl_->rings.reconfigure({wanted.rings,
                            {{wanted.last, wanted.top}, wanted.any_owner, wanted.labels, {}},
                            wanted.owners});
  impl_->next_check_ns = INT64_MIN;
}

std::vector<std::string> Watch::wanted_files() const { return impl_->rings.wanted_files(); }

PassResult Watch::pass(const Instant& now, const Arrivals& arrivals) {
  impl_->begin(now);
  PassResult result;
  if (now.monotonic_ns >= impl_->next_check_ns || arrivals.unsure || !arrivals.appeared.empty()) {
    impl_->next_check_ns = now.monotonic_ns + kCheckEveryNs;
    result.attached = impl_->rings.check(now, arrivals);
  }
  impl_->rings.for_each([&](RingFollower& ring) { result += ring.drain(now); });
  return result;
}

Snapshot Watch::tick(const Instant& now) {
  impl_->next_check_ns =
      now.monotonic_ns;   // what is shown must be of this moment, the rings' states included
  pass(now);
  Snapshot snapshot;
  impl_->rings.for_each([&](RingFollower& ring) {
    ring.tick(now, snapshot);
    snapshot.daemon.metrics_bytes += ring.metrics_bytes();
  });
  impl_->rings.show_patterns(snapshot);
  snapshot.books += impl_->rings.forgotten();
  snapshot.unattributed_lost += impl_->rings.forgotten().lost;
  snapshot.tick = ++impl_->ticks;
  snapshot.wall_ns = now.realtime_ns;
  if (impl_->last_tick_ns != INT64_MIN) {
    snapshot.tick_seconds = static_cast<double>(now.monotonic_ns - impl_->last_tick_ns) / 1e9;
  }
  impl_->last_tick_ns = now.monotonic_ns;
  sum_up(snapshot, impl_->options.last);
  const std::size_t top = impl_->options.top;
  const auto by_weight = [](const TopEntry& entry) { return entry.weight; };
  keep_largest(snapshot.actors_by_errors, top, by_weight);
  keep_largest(snapshot.actors_by_time, top, by_weight);
  keep_largest(snapshot.subjects_by_errors, top, by_weight);
  keep_largest(snapshot.subjects_by_time, top, by_weight);
  const auto by_span = [](const RecordView& record) { return record.duration_ns; };
  keep_largest(snapshot.slowest, top, by_span);
  keep_largest(snapshot.slowest_since_start, top, by_span);
  keep_largest(snapshot.blocks, BlockTable::kMaxBlocks,
               [](const BlockView& block) { return block.blocked_wall_ns; });
  constexpr auto hour = static_cast<std::size_t>(Window::hour);
  keep_largest(snapshot.errors, ErrorTable::kMaxEntries,
               [](const ErrorStats& e) { return e.count[hour]; });
  impl_->rings.label(snapshot);
  return snapshot;
}

std::vector<DeadRing> Watch::take_dead() { return impl_->rings.take_dead(); }

void Watch::take_minutes(const Instant& now, RingMetrics::TakeMinutes which, HistorySpan& out) {
  impl_->begin(now);
  impl_->rings.for_each([&](RingFollower& ring) { ring.take_minutes(now, which, out); });
}

Pulse Watch::pulse(const Instant& now) const {
  impl_->assert_thread();
  Pulse pulse;
  impl_->rings.for_each([&](const RingFollower& ring) { pulse.rings.push_back(ring.pulse(now)); });
  return pulse;
}

std::vector<RingProcess> Watch::processes() const {
  std::vector<RingProcess> processes;
  impl_->rings.for_each([&](const RingFollower& ring) { ring.add_processes(processes); });
  return processes;
}

std::string Watch::encode(const Instant& now) const {
  Encoder out;
  out.raw(current_boot_id().words, sizeof(BootId));
  out.i64(now.monotonic_ns);
  out.i64(now.realtime_ns);
  out.u64(impl_->ticks);
  impl_->rings.encode(out, now);
  return out.take();
}

bool Watch::decode(std::string_view bytes, const Instant& now, std::string* why) {
  // A state is taken over before the first pass only.
  RINGSIDE_ASSERT(!impl_->thread);
  Decoder in(bytes);
  BootId boot;
  in.raw(boot.words, sizeof boot);
  const std::int64_t saved_monotonic = in.i64();
  const std::int64_t saved_realtime = in.i64();
  const BootId now_boot = current_boot_id();
  std::int64_t slice_shift = 0;
  if (other_boot(boot, now_boot)) {
    // The monotonic clock begins anew after a reboot. The slices keep their places by wall time, to
    // the minute.
    const std::int64_t shift_ns = subtract_ns(now.monotonic_ns - now.realtime_ns,
                                              subtract_ns(saved_monotonic, saved_realtime));
    const std::int64_t minute_ns = kSliceNs * kSlicesPerMinute;
    slice_shift = shift_ns / minute_ns *
                  kSlicesPerMinute;   // at most 2^63 ns, so its product with kSliceNs fits
  }
  const std::uint64_t ticks = in.u64();
  if (!impl_->rings.decode(in, now, slice_shift, why)) return false;
  impl_->ticks = ticks;
  return true;
}

}  // namespace ringside
