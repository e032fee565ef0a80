#include "daemon/rings/ring_set.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

namespace ringside {

namespace {

// Lines of /proc/PID/maps for each look at the rings: 2 to 4 ms of 200.
constexpr std::size_t kSearchedLines = 1000;

}  // namespace

void RingSet::reconfigure(Options options) {
  options_ = std::move(options);
  next_search_ns_ = INT64_MIN;   // a ring that was refused may be accepted now
  std::vector<Pattern> before = std::exchange(patterns_, {});
  for (const std::string& ring : options_.rings) {
    if (!is_pattern(ring)) continue;
    const auto same = std::find_if(before.begin(), before.end(),
                                   [&](const Pattern& one) { return one.name == ring; });
    patterns_.push_back(same != before.end() ? std::move(*same)
                                             : Pattern{ring, pattern_path(ring), {}, 0});
  }
  follow_all();
}

// Named rings in their order, each file once. Then the rings that the patterns have found so far.
void RingSet::follow_all() {
  std::vector<Followed> next;
  const auto take = [&](const RingName& ring, bool by_pattern) {
    const auto same = [&](const Followed& one) {
      return one.follower != nullptr && one.follower->path() == ring.path &&
             (!ring.path.empty() || one.follower->name() == ring.name);
    };
    if (std::any_of(next.begin(), next.end(), same)) return;
    const auto before = std::find_if(followed_.begin(), followed_.end(), same);
    if (before != followed_.end()) {
      next.push_back(std::move(*before));
      next.back().by_pattern = by_pattern;
      next.back().follower->reconfigure(ring, options_of(ring.path));
    } else if (!by_pattern) {
      next.push_back({make(ring), false, {}});
    }
  };
  for (const std::string& ring : options_.rings) {
    if (!is_pattern(ring)) take(resolve_ring(ring), false);
  }
  for (const Followed& one : followed_) {
    if (one.follower == nullptr || !matched(one.follower->path())) continue;
    const std::string path = one.follower->path();
    take({shown_name(path), path, {}}, true);
  }
  followed_ = std::move(next);
}

// A ring's own entry says who must own its file, under whatever name the ring is followed. Where it
// has none, the first pattern's says so.
RingOptions RingSet::options_of(const std::string& path) const {
  RingOptions options = options_.each;
  for (const bool by_pattern : {false, true}) {
    for (const std::string& ring : options_.rings) {
      const auto entry = options_.owners.find(ring);
      if (entry == options_.owners.end() || is_pattern(ring) != by_pattern || options.owner)
        continue;
      if (by_pattern ? matches(pattern_path(ring), path) : resolve_ring(ring).path == path)
        options.owner = entry->second;
    }
  }
  return options;
}

std::unique_ptr<RingFollower> RingSet::make(const RingName& ring) const {
  auto follower = std::make_unique<RingFollower>(ring, options_of(ring.path));
  // Several names may lead to one ring in ways that no path shows. The first follower that reads
  // the ring keeps it.
  follower->ask_reader_of(
      [this, self = follower.get()](const RingInstance& instance) -> std::string {
        for (const Followed& other : followed_) {
          if (other.follower.get() != self && other.follower->reads(instance))
            return other.follower->name();
        }
        return {};
      });
  return follower;
}

RingFollower* RingSet::find(const std::string& path) const {
  for (const Followed& one : followed_) {
    if (one.follower->path() == path) return one.follower.get();
  }
  return nullptr;
}

bool RingSet::matched(const std::string& path) const {
  return std::any_of(patterns_.begin(), patterns_.end(),
                     [&](const Pattern& pattern) { return matches(pattern.path, path); });
}

std::vector<std::string> RingSet::wanted_files() const {
  std::vector<std::string> files;
  for (const Followed& one : followed_) {
    if (!one.by_pattern && !one.follower->path().empty()) files.push_back(one.follower->path());
  }
  for (const Pattern& pattern : patterns_) files.push_back(pattern.path);
  return files;
}

bool RingSet::check(const Instant& now, const Arrivals& arrivals) {
  for (Pattern& pattern : patterns_) find_by_pattern(pattern);
  count_missed(arrivals.appeared);
  bool attached = false;
  for (Followed& one : followed_) {
    if (!one.follower->owner_still_accepted()) let_go(one, now);
    const auto appeared =
        std::count(arrivals.appeared.begin(), arrivals.appeared.end(), one.follower->path());
    attached = one.follower->check(now, static_cast<std::uint64_t>(appeared)) || attached;
    if (!one.follower->gone()) {
      one.gone_since_ns.reset();
    } else if (!one.gone_since_ns) {
      one.gone_since_ns = now.monotonic_ns;
    }
  }
  attached = find_unnamed(now) || attached;
  forget(
      [&](const Followed& one) { return now.monotonic_ns - *one.gone_since_ns >= kForgetAfterNs; });
  return attached;
}

// The ring's owner is not accepted any more, so nothing more is read of it. What is known of it is
// kept, as in a restart of the daemon: if the owner is accepted again, the ring is read on.
void RingSet::let_go(Followed& one, const Instant& now) const {
  Encoder state;
  one.follower->encode(state, now);
  const std::string bytes = state.take();
  auto follower = make({one.follower->name(), one.follower->path(), {}});
  Decoder in(bytes);
  follower->decode(in, now, 0);
  one.follower = std::move(follower);
}

std::vector<DeadRing> RingSet::take_dead() {
  std::vector<DeadRing> dead;
  for (Followed& one : followed_) {
    for (DeadRing& ring : one.follower->take_dead()) dead.push_back(std::move(ring));
  }
  return dead;
}

void RingSet::find_by_pattern(Pattern& pattern) {
  pattern.left_out.clear();
  for (const RingName& ring : rings_like(pattern.name)) {
    if (find(ring.path) != nullptr || !may_be_ring(ring.path)) continue;
    if (followed_.size() >= kMostRings && !forget_one()) {
      pattern.left_out.push_back(ring.name);
    } else {
      followed_.push_back({make(ring), true, {}});
    }
  }
}

// Counts files that matched a pattern and are already gone. A ring that is followed counts its own.
void RingSet::count_missed(const std::vector<std::string>& appeared) {
  for (const std::string& path : appeared) {
    if (find(path) != nullptr || exists(path)) continue;
    for (Pattern& pattern : patterns_) {
      if (matches(pattern.path, path)) ++pattern.missed;
    }
  }
}

// Searches on for the named rings that are missing. True when a new one is being read.
bool RingSet::find_unnamed(const Instant& now) {
  const auto missing = [](const Followed& one) {
    return !one.by_pattern && one.follower->missing();
  };
  if (std::none_of(followed_.begin(), followed_.end(), missing)) {
    if (unnamed_.under_way()) unnamed_ = {};
    return false;
  }
  if (!unnamed_.under_way()) {
    if (now.monotonic_ns < next_search_ns_) return false;
    next_search_ns_ = now.monotonic_ns + kSearchEveryNs;
    unnamed_.begin();
  }
  if (unnamed_.read(kSearchedLines)) return false;
  bool attached = false;
  for (const Followed& one : followed_) {
    if (missing(one)) attached = one.follower->find_among(unnamed_.found(), now) || attached;
  }
  return attached;
}

// Forgets the ring that has been gone for longest. False when none is gone.
bool RingSet::forget_one() {
  const Followed* oldest = nullptr;
  for (const Followed& one : followed_) {
    if (one.by_pattern && one.gone_since_ns &&
        (oldest == nullptr || *one.gone_since_ns < *oldest->gone_since_ns)) {
      oldest = &one;
    }
  }
  if (oldest == nullptr) return false;
  forget([oldest](const Followed& one) { return &one == oldest; });
  return true;
}

template <typename Choose>
void RingSet::forget(const Choose& choose) {
  for (Followed& one : followed_) {
    if (!one.by_pattern || !one.gone_since_ns || !choose(one)) continue;
    forgotten_ += one.follower->books();
    one.follower.reset();
  }
  std::erase_if(followed_, [](const Followed& one) { return one.follower == nullptr; });
}

void RingSet::show_patterns(Snapshot& out) const {
  for (const Pattern& pattern : patterns_) {
    const bool found = std::any_of(followed_.begin(), followed_.end(), [&](const Followed& one) {
      return matches(pattern.path, one.follower->path());
    });
    RingView view;
    view.name = pattern.name;
    view.path = pattern.path;
    const std::size_t left_out = pattern.left_out.size();
    if (left_out > 0) {
      constexpr std::size_t kNamed = 5;
      view.state = RingState::refused;
      view.problem = "more than " + std::to_string(kMostRings) + " rings; not followed: ";
      for (std::size_t i = 0; i < std::min(left_out, kNamed); ++i) {
        view.problem += (i > 0 ? ", " : "") + pattern.left_out[i];
      }
      if (left_out > kNamed) view.problem += " and " + std::to_string(left_out - kNamed) + " more";
      view.problem += "\n  next: follow them with a second daemon, or use a narrower pattern";
    } else if (pattern.missed > 0) {
      view.problem =
          std::to_string(pattern.missed) + " that matched came and went before they could be read";
    } else if (found) {
      continue;
    }
    out.rings.push_back(std::move(view));
  }
}

void RingSet::label(Snapshot& out) const {
  std::map<std::string_view, RingFollower*> by_name;
  for (const Followed& one : followed_) by_name[one.follower->name()] = one.follower.get();
  for_each_party(out, [&](Party& party, const std::string& ring) {
    const auto at = by_name.find(ring);
    if (!party.none() && at != by_name.end()) at->second->label(party);
  });
  for_each([](RingFollower& ring) { ring.labelled_all(); });
}

void RingSet::encode(Encoder& out, const Instant& now) const {
  for (const std::uint64_t n : {forgotten_.written, forgotten_.read, forgotten_.lost,
                                forgotten_.torn, forgotten_.rejected}) {
    out.u64(n);
  }
  out.u64(followed_.size());
  for (const Followed& one : followed_) {
    // Each ring is encoded separately, so that one that is no longer followed can be skipped.
    Encoder ring;
    one.follower->encode(ring, now);
    out.text(one.follower->path());
    out.text(ring.take());
  }
}

bool RingSet::decode(Decoder& in, const Instant& now, std::int64_t slice_shift, std::string* why) {
  Books forgotten;
  for (std::uint64_t* n : {&forgotten.written, &forgotten.read, &forgotten.lost, &forgotten.torn,
                           &forgotten.rejected}) {
    *n = in.u64();
  }
  if (!forgotten.balance() || forgotten.rejected > forgotten.read) in.fail();
  const std::uint64_t rings = in.count(2, 4096);
  std::vector<Followed> taken;
  for (std::uint64_t n = 0; n < rings && in.good(); ++n) {
    const std::string path = in.text();
    const std::string state = in.text();
    if (!in.good()) break;
    for (const Followed& other : taken) {
      if (other.follower->path() != path) continue;
      *why = "the state is damaged: ring '" + path + "' is in it twice";
      return false;
    }
    // Nobody follows this ring any more, so nothing is allocated for its state.
    const RingFollower* named = find(path);
    const bool by_pattern = named == nullptr && matched(path) && taken.size() < kMostRings;
    if (named == nullptr && !by_pattern) continue;
    auto follower = make({named != nullptr ? named->name() : shown_name(path), path, {}});
    Decoder one(state);
    follower->decode(one, now, slice_shift);
    if (!one.at_end()) {
      *why = "the state is damaged: that of ring '" + path + "' is not whole";
      return false;
    }
    taken.push_back({std::move(follower), by_pattern, {}});
  }
  if (!in.at_end()) {
    *why = "the state is damaged: it ends in the wrong place";
    return false;
  }
  forgotten_ = forgotten;
  followed_ = std::move(taken);
  follow_all();
  return true;
}

}  // namespace ringside
