#include "daemon/rings/watch.h"

#include <algorithm>
#include <map>
#include <optional>
#include <thread>

#include "daemon/rings/expect.h"
#include "daemon/storage/codec.h"

namespace ringside {

namespace {

constexpr std::int64_t kCheckEveryNs = 200'000'000;

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
  struct Followed {
    std::unique_ptr<RingFollower> follower;
    bool by_pattern = false;
    std::optional<std::int64_t> gone_since_ns;
  };
  struct Pattern {
    std::string name;
    std::string path;
    std::vector<std::string> left_out;   // names beyond kMostRings, as of the last check
    std::uint64_t missed = 0;            // files that came and went before they could be opened
  };

  WatchOptions options;
  std::vector<Followed> followed;
  std::vector<Pattern> patterns;
  Books forgotten;                       // of rings that were followed by pattern and are gone
  std::uint64_t ticks = 0;
  std::int64_t next_check_ns = INT64_MIN;
  std::int64_t last_tick_ns = INT64_MIN;
  std::int64_t last_ns = INT64_MIN;
  std::optional<std::thread::id> thread;

  RingMetricsOptions metrics() const { return {options.last, options.top}; }

  void begin(const Instant& now) {
    if (!thread) thread = std::this_thread::get_id();
    expect(*thread == std::this_thread::get_id(), "one thread uses a Watch once it has made its first pass");
    expect(now.monotonic_ns >= last_ns, "time does not run backwards");
    last_ns = now.monotonic_ns;
  }

  RingFollower* find(const std::string& path) const {
    for (const Followed& one : followed) {
      if (one.follower->path() == path) return one.follower.get();
    }
    return nullptr;
  }

  std::unique_ptr<RingFollower> make(const RingName& ring) const {
    auto follower = std::make_unique<RingFollower>(ring, metrics(), options.any_owner);
    // Names that lead to one ring by ways that no path tells: the first that reads it, keeps it.
    follower->ask_reader_of([this, self = follower.get()](const RingInstance& instance) -> std::string {
      for (const Followed& other : followed) {
        if (other.follower.get() != self && other.follower->reads(instance)) return other.follower->name();
      }
      return {};
    });
    return follower;
  }

  // Named rings in the order in which they are named, each file once; then what the patterns have found so far.
  void follow_all() {
    std::vector<Followed> next;
    const auto take = [&](const RingName& ring, bool by_pattern) {
      const auto same = [&](const Followed& one) {
        return one.follower != nullptr && one.follower->path() == ring.path &&
               (!ring.path.empty() || one.follower->name() == ring.name);
      };
      if (std::any_of(next.begin(), next.end(), same)) return;
      const auto before = std::find_if(followed.begin(), followed.end(), same);
      if (before != followed.end()) {
        next.push_back(std::move(*before));
        next.back().by_pattern = by_pattern;
        next.back().follower->reconfigure(ring, metrics(), options.any_owner);
      } else if (!by_pattern) {
        next.push_back({make(ring), false, {}});
      }
    };
    std::vector<Pattern> patterns_before = std::move(patterns);
    patterns.clear();
    for (const std::string& ring : options.rings) {
      if (!is_pattern(ring)) {
        take(resolve_ring(ring), false);
        continue;
      }
      const auto same = std::find_if(patterns_before.begin(), patterns_before.end(),
                                     [&](const Pattern& pattern) { return pattern.name == ring; });
      patterns.push_back(same != patterns_before.end() ? std::move(*same) : Pattern{ring, pattern_path(ring), {}, 0});
    }
    for (const Followed& one : followed) {
      if (one.follower != nullptr && matched(one.follower->path())) {
        take({shown_name(one.follower->path()), one.follower->path(), {}}, true);
      }
    }
    followed = std::move(next);
    next_check_ns = INT64_MIN;
  }

  bool matched(const std::string& path) const {
    return std::any_of(patterns.begin(), patterns.end(),
                       [&](const Pattern& pattern) { return matches(pattern.path, path); });
  }

  // True when a ring is read that was not read before.
  bool check(const Instant& now, const Arrivals& arrivals) {
    bool attached = false;
    next_check_ns = now.monotonic_ns + kCheckEveryNs;
    for (Pattern& pattern : patterns) {
      pattern.left_out.clear();
      for (const RingName& ring : rings_like(pattern.name)) {
        if (find(ring.path) != nullptr || !may_be_ring(ring.path)) continue;
        if (followed.size() >= kMostRings && !forget_one()) {
          pattern.left_out.push_back(ring.name);
        } else {
          followed.push_back({make(ring), true, {}});
        }
      }
    }
    for (const std::string& path : arrivals.appeared) {
      if (find(path) != nullptr || may_be_ring(path)) continue;
      for (Pattern& pattern : patterns) {
        if (matches(pattern.path, path) && !exists(path)) ++pattern.missed;
      }
    }
    for (Followed& one : followed) {
      const auto appeared = std::count(arrivals.appeared.begin(), arrivals.appeared.end(), one.follower->path());
      attached = one.follower->check(now, static_cast<std::uint64_t>(appeared)) || attached;
      if (!one.follower->gone()) {
        one.gone_since_ns.reset();
      } else if (!one.gone_since_ns) {
        one.gone_since_ns = now.monotonic_ns;
      }
    }
    forget([&](const Followed& one) { return now.monotonic_ns - *one.gone_since_ns >= kForgetAfterNs; });
    return attached;
  }

  // The one that is gone for longest makes room. False when none is gone.
  bool forget_one() {
    const Followed* oldest = nullptr;
    for (const Followed& one : followed) {
      if (one.by_pattern && one.gone_since_ns && (oldest == nullptr || *one.gone_since_ns < *oldest->gone_since_ns)) {
        oldest = &one;
      }
    }
    if (oldest == nullptr) return false;
    forget([oldest](const Followed& one) { return &one == oldest; });
    return true;
  }

  template <typename Choose>
  void forget(const Choose& choose) {
    for (Followed& one : followed) {
      if (!one.by_pattern || !one.gone_since_ns || !choose(one)) continue;
      forgotten += one.follower->books();
      one.follower.reset();
    }
    std::erase_if(followed, [](const Followed& one) { return one.follower == nullptr; });
  }

  // A pattern is a ring of its own in the snapshot only while there is something to say about it.
  void show_patterns(Snapshot& out) const {
    for (const Pattern& pattern : patterns) {
      const bool found = std::any_of(followed.begin(), followed.end(), [&](const Followed& one) {
        return matches(pattern.path, one.follower->path());
      });
      RingView view;
      view.name = pattern.name;
      view.path = pattern.path;
      view.state = RingState::waiting;
      if (!pattern.left_out.empty()) {
        view.state = RingState::refused;
        view.problem = "more than " + std::to_string(kMostRings) + " rings; not followed: ";
        for (std::size_t i = 0; i < std::min<std::size_t>(pattern.left_out.size(), 5); ++i) {
          view.problem += (i > 0 ? ", " : "") + pattern.left_out[i];
        }
        if (pattern.left_out.size() > 5) view.problem += " and " + std::to_string(pattern.left_out.size() - 5) + " more";
        view.problem += "\n  next: watch them with a second daemon, or by a narrower pattern";
      } else if (pattern.missed > 0) {
        view.problem = std::to_string(pattern.missed) + " that matched came and went before they could be read";
      } else if (found) {
        continue;
      }
      out.rings.push_back(std::move(view));
    }
  }
};

Watch::Watch(WatchOptions options) : impl_(std::make_unique<Impl>()) { reconfigure(std::move(options)); }
Watch::~Watch() = default;

void Watch::reconfigure(WatchOptions options) {
  expect(!impl_->thread || *impl_->thread == std::this_thread::get_id(), "one thread uses a Watch");
  impl_->options = std::move(options);
  impl_->options.last = std::clamp<std::size_t>(impl_->options.last, 1, 10000);
  impl_->options.top = std::clamp<std::size_t>(impl_->options.top, 1, 100);
  impl_->follow_all();
}

std::vector<std::string> Watch::wanted_files() const {
  std::vector<std::string> files;
  for (const Impl::Followed& one : impl_->followed) {
    if (!one.follower->path().empty() && !one.by_pattern) files.push_back(one.follower->path());
  }
  for (const Impl::Pattern& pattern : impl_->patterns) files.push_back(pattern.path);
  return files;
}

PassResult Watch::pass(const Instant& now, const Arrivals& arrivals) {
  impl_->begin(now);
  PassResult result;
  if (now.monotonic_ns >= impl_->next_check_ns || arrivals.unsure || !arrivals.appeared.empty()) {
    result.attached = impl_->check(now, arrivals);
  }
  for (const Impl::Followed& one : impl_->followed) result += one.follower->drain(now);
  return result;
}

Snapshot Watch::tick(const Instant& now) {
  impl_->next_check_ns = now.monotonic_ns;   // what is shown must be of this moment, the rings' states included
  pass(now);
  Snapshot snapshot;
  for (const Impl::Followed& one : impl_->followed) one.follower->tick(now, snapshot);
  impl_->show_patterns(snapshot);
  snapshot.books += impl_->forgotten;
  snapshot.unattributed_lost += impl_->forgotten.lost;
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
  for (const Impl::Followed& one : impl_->followed) snapshot.daemon.metrics_bytes += one.follower->metrics_bytes();
  return snapshot;
}

std::vector<RingProcess> Watch::processes() const {
  std::vector<RingProcess> processes;
  for (const Impl::Followed& one : impl_->followed) one.follower->add_processes(processes);
  return processes;
}

std::string Watch::encode(const Instant& now) const {
  Encoder out;
  out.raw(current_boot_id().words, sizeof(BootId));
  out.i64(now.monotonic_ns);
  out.i64(now.realtime_ns);
  out.u64(impl_->ticks);
  const Books& forgotten = impl_->forgotten;
  for (const std::uint64_t n : {forgotten.written, forgotten.read, forgotten.lost, forgotten.torn, forgotten.rejected}) {
    out.u64(n);
  }
  out.u64(impl_->followed.size());
  for (const Impl::Followed& one : impl_->followed) {
    // Each by itself, so that a ring that is no longer followed can be passed over.
    Encoder ring;
    one.follower->encode(ring, now);
    out.text(one.follower->path());
    out.text(ring.take());
  }
  return out.take();
}

bool Watch::decode(std::string_view bytes, const Instant& now, std::string* why) {
  expect(!impl_->thread, "a state is taken over before the first pass");
  Decoder in(bytes);
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
  const std::int64_t saved_ns = add_ns(saved_monotonic, slice_shift * kSliceNs);
  const std::uint64_t ticks = in.u64();
  Books forgotten;
  for (std::uint64_t* n : {&forgotten.written, &forgotten.read, &forgotten.lost, &forgotten.torn, &forgotten.rejected}) {
    *n = in.u64();
  }
  if (!forgotten.balance() || forgotten.rejected > forgotten.read) in.fail();
  const std::uint64_t rings = in.count(2, 4096);
  std::vector<Impl::Followed> taken;
  for (std::uint64_t n = 0; n < rings && in.good(); ++n) {
    const std::string path = in.text();
    const std::string state = in.text();
    if (!in.good()) break;
    for (const Impl::Followed& other : taken) {
      if (other.follower->path() != path) continue;
      *why = "the state is damaged: ring '" + path + "' is in it twice";
      return false;
    }
    // A ring that nobody follows any more: nothing is allocated for what is said about it.
    const RingFollower* named = impl_->find(path);
    const bool by_pattern = named == nullptr && impl_->matched(path) && taken.size() < kMostRings;
    if (named == nullptr && !by_pattern) continue;
    auto follower = impl_->make(named != nullptr ? RingName{named->name(), path, {}} : RingName{shown_name(path), path, {}});
    Decoder one(state);
    follower->decode(one, now, slice_shift, saved_ns);
    if (!one.at_end()) {
      *why = "the state of ring '" + path + "' is damaged";
      return false;
    }
    taken.push_back({std::move(follower), by_pattern, {}});
  }
  if (!in.at_end()) {
    *why = "the state is damaged: it ends in the wrong place";
    return false;
  }
  impl_->ticks = ticks;
  impl_->forgotten = forgotten;
  impl_->followed = std::move(taken);
  impl_->follow_all();
  return true;
}

}  // namespace ringside
