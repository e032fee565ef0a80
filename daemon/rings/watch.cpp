#include "daemon/rings/watch.h"

#include <algorithm>
#include <map>

#include "daemon/storage/codec.h"
#include "daemon/rings/ring_follower.h"

namespace ringside {

namespace {

constexpr std::uint64_t kStateVersion = 3;

std::int64_t end_wall_ns(const RecordView& record) { return add_ns(record.start_wall_ns, record.duration_ns); }

void merge(WindowStats& to, const WindowStats& from) {
  to.seconds = std::max(to.seconds, from.seconds);
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
  for (std::size_t i = 0; i < kStages; ++i) {
    to.stages[i].count += from.stages[i].count;
    to.stages[i].sum_ns += from.stages[i].sum_ns;
    to.stages[i].max_ns = std::max(to.stages[i].max_ns, from.stages[i].max_ns);
  }
}

void merge(SeriesView& to, const SeriesView& from, std::size_t last) {
  for (std::size_t w = 0; w < kWindows; ++w) merge(to.windows[w], from.windows[w]);
  to.server_count += from.server_count;
  to.server_errors += from.server_errors;
  to.books += from.books;
  // Both are sorted, latest first; so is what comes of them.
  std::vector<RecordView> both;
  both.reserve(std::min(last, to.last.size() + from.last.size()));
  std::size_t a = 0;
  std::size_t b = 0;
  while (both.size() < last && (a < to.last.size() || b < from.last.size())) {
    const bool take_a = b == from.last.size() ||
                        (a < to.last.size() && end_wall_ns(to.last[a]) >= end_wall_ns(from.last[b]));
    both.push_back(take_a ? std::move(to.last[a++]) : from.last[b++]);
  }
  to.last = std::move(both);
}

void sum_up(Snapshot& snapshot, std::size_t last) {
  std::map<std::pair<std::string, std::string>, SeriesView> categories;
  snapshot.all.name = "all";
  for (const SeriesView& operation : snapshot.operations) {
    if (!operation.category.empty()) {
      SeriesView& category = categories[{operation.ring, operation.category}];
      category.name = operation.category;
      category.ring = operation.ring;
      category.stage_names = operation.stage_names;
      merge(category, operation, last);
    }
    snapshot.all.stage_names = operation.stage_names;
    merge(snapshot.all, operation, last);
  }
  for (auto& [key, view] : categories) snapshot.categories.push_back(std::move(view));
}

template <typename Row, typename Weight>
void keep_largest(std::vector<Row>& rows, std::size_t most, const Weight& weight) {
  std::stable_sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) { return weight(a) > weight(b); });
  if (rows.size() > most) rows.resize(most);
}

}  // namespace

struct Watch::Impl {
  WatchOptions options;
  std::vector<std::unique_ptr<RingFollower>> followers;
  std::uint64_t ticks = 0;
  std::int64_t last_tick_ns = INT64_MIN;

  RingMetricsOptions metrics() const { return {options.last, options.top}; }

  RingFollower* find(const std::string& ring) const {
    for (const auto& follower : followers) {
      if (follower->ring() == ring) return follower.get();
    }
    return nullptr;
  }

  void follow_all() {
    std::erase_if(followers, [this](const auto& follower) {
      return std::find(options.rings.begin(), options.rings.end(), follower->ring()) == options.rings.end();
    });
    for (const std::string& ring : options.rings) {
      if (RingFollower* follower = find(ring); follower != nullptr) {
        follower->reconfigure(metrics(), options.any_owner);
      } else {
        followers.push_back(std::make_unique<RingFollower>(ring, metrics(), options.any_owner));
      }
    }
  }
};

Watch::Watch(WatchOptions options) : impl_(std::make_unique<Impl>()) { reconfigure(std::move(options)); }
Watch::~Watch() = default;

void Watch::reconfigure(WatchOptions options) {
  impl_->options = std::move(options);
  impl_->options.last = std::clamp<std::size_t>(impl_->options.last, 1, 10000);
  impl_->options.top = std::clamp<std::size_t>(impl_->options.top, 1, 100);
  impl_->follow_all();
}

PassResult Watch::pass(Now now) {
  PassResult result;
  for (const auto& follower : impl_->followers) {
    const RingFollower::Pass one = follower->pass(now);
    result.records += one.records;
    result.lost += one.lost;
    result.fullest = std::max(result.fullest, one.fullest);
  }
  return result;
}

Snapshot Watch::tick(Now now) {
  Snapshot snapshot;
  for (const auto& follower : impl_->followers) follower->tick(now, snapshot);
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
  keep_largest(snapshot.slowest, top, [](const RecordView& record) { return record.duration_ns; });
  constexpr auto hour = static_cast<std::size_t>(Window::hour);
  keep_largest(snapshot.errors, ErrorTable::kMaxEntries, [](const ErrorStats& e) { return e.count[hour]; });
  for (const auto& follower : impl_->followers) snapshot.daemon.metrics_bytes += follower->metrics_bytes();
  return snapshot;
}

std::vector<Watch::Process> Watch::processes() const {
  std::vector<Process> out;
  for (const auto& follower : impl_->followers) {
    if (follower->live()) out.push_back({follower->ring(), follower->pid(), follower->pid_start_time()});
  }
  return out;
}

std::string Watch::save(Now now) const {
  Encoder out;
  out.u64(kStateVersion);
  out.raw(current_boot_id().words, sizeof(BootId));
  out.i64(now.monotonic_ns);
  out.i64(now.realtime_ns);
  out.u64(impl_->ticks);
  out.u64(impl_->followers.size());
  for (const auto& follower : impl_->followers) {
    // Each by itself, so that a ring that is no longer configured can be passed over.
    Encoder one;
    follower->encode(one, now);
    out.text(follower->ring());
    out.text(one.take());
  }
  return out.take();
}

bool Watch::restore(std::string_view bytes, Now now, std::string* why) {
  Decoder in(bytes);
  const std::uint64_t version = in.u64();
  if (!in.good() || version != kStateVersion) {
    *why = "state version " + std::to_string(version) + ", this daemon reads " + std::to_string(kStateVersion);
    return false;
  }
  BootId boot;
  in.raw(boot.words, sizeof boot);
  const std::int64_t saved_monotonic = in.i64();
  const std::int64_t saved_realtime = in.i64();
  const BootId now_boot = current_boot_id();
  std::int64_t slice_shift = 0;
  if (other_boot(boot, now_boot)) {
    // After a reboot the monotonic clock has begun anew: slices keep their places by wall time, to the minute.
    const std::int64_t shift_ns =
        subtract_ns(now.monotonic_ns - now.realtime_ns, subtract_ns(saved_monotonic, saved_realtime));
    const std::int64_t minute_ns = kSliceNs * kSlicesPerMinute;
    slice_shift = shift_ns / minute_ns * kSlicesPerMinute;   // at most 2^63 ns, so its product with kSliceNs fits
  }
  const std::uint64_t ticks = in.u64();
  const std::uint64_t rings = in.count(2, 4096);
  std::vector<std::unique_ptr<RingFollower>> followers;
  for (std::uint64_t n = 0; n < rings && in.good(); ++n) {
    const std::string ring = in.text();
    const std::string state = in.text();
    if (!in.good()) break;
    for (const auto& other : followers) {
      if (other->ring() != ring) continue;
      *why = "the state is damaged: ring '" + ring + "' is in it twice";
      return false;
    }
    // Nobody follows it any more, so nothing is allocated for what is said about it.
    if (std::find(impl_->options.rings.begin(), impl_->options.rings.end(), ring) == impl_->options.rings.end()) continue;
    auto follower = std::make_unique<RingFollower>(ring, impl_->metrics(), impl_->options.any_owner);
    Decoder one(state);
    follower->decode(one, now, slice_shift);
    if (!one.at_end()) {
      *why = "the state of ring '" + ring + "' is damaged";
      return false;
    }
    followers.push_back(std::move(follower));
  }
  if (!in.at_end()) {
    *why = "the state is damaged: it ends in the wrong place";
    return false;
  }
  impl_->ticks = ticks;
  impl_->followers = std::move(followers);
  impl_->follow_all();
  return true;
}

}  // namespace ringside
