#include "daemon/rings/ring_follower.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "shm/assert.h"

namespace ringside {

namespace {

// The longest time until the rate of a clock is known.
constexpr std::int64_t kRateTakesNs = 2'000'000'000;
constexpr std::int64_t kLivenessEveryNs = 1'000'000'000;
// The longest time until the event of a new file arrives.
constexpr std::int64_t kEventsTakeNs = 1'000'000'000;

std::uint64_t inode_of(const std::string& path) {
  struct stat info {};
  return lstat(path.c_str(), &info) == 0 ? static_cast<std::uint64_t>(info.st_ino) : 0;
}

bool closed(const Segment& segment) {
  return segment.header().state.load(std::memory_order_acquire) == kSegmentClosed;
}

}  // namespace

RingFollower::RingFollower(RingName ring, const RingMetricsOptions& options, bool any_owner)
    : ring_(std::move(ring)), any_owner_(any_owner), metrics_(options) {
  if (ring_.path.empty()) refuse(ring_.problem);
  metrics_.ask_names_of([this](std::uint16_t id) {
    NameEntry name;
    if (segment_ != nullptr && read_name(*segment_, id, &name)) metrics_.set_name(id, name);
  });
}

void RingFollower::reconfigure(RingName ring, const RingMetricsOptions& options, bool any_owner) {
  // A follower stays with its file.
  RINGSIDE_ASSERT(ring.path == ring_.path);
  ring_ = std::move(ring);
  metrics_.reconfigure(options);
  any_owner_ = any_owner;
}

bool RingFollower::reads(const RingInstance& instance) const {
  return std::find(known_.begin(), known_.end(), instance) != known_.end();
}

void RingFollower::remember(const RingInstance& instance) {
  std::erase(known_, instance);
  known_.push_back(instance);
  if (known_.size() > kMostKnown) known_.erase(known_.begin());
}

bool RingFollower::check(const Instant& now, std::uint64_t appeared) {
  if (ring_.path.empty()) return false;
  const std::uint32_t before = instance_number_;
  // Enough for an end, a beginning, and a ring that was moved aside in between. The next check does
  // the rest.
  for (int steps = 0; steps < 4; ++steps) {
    if (segment_ != nullptr ? read_on(now) : !find_next(now)) break;
  }
  count_missed(now, appeared);
  return instance_number_ != before;
}

// A check meets every file that appears under the name, unless the file has come and gone in
// between. The event of a file that was just met may still be on its way. Until it arrives `unmet_`
// is below zero. A file that was there before anybody waited for events has no event.
void RingFollower::count_missed(const Instant& now, std::uint64_t appeared) {
  unmet_ += static_cast<std::int64_t>(std::min<std::uint64_t>(appeared, 1U << 20));
  if (unmet_ < 0 && now.monotonic_ns - met_ns_ >= kEventsTakeNs) unmet_ = 0;
  const std::uint64_t inode = inode_of(ring_.path);
  absent_ = inode == 0;
  if (inode != 0 && (unmet_ > 0 || inode != inode_met_)) {
    --unmet_;
    met_ns_ = now.monotonic_ns;
  }
  inode_met_ = inode;
  if (unmet_ > 0) {
    missed_ += static_cast<std::uint64_t>(unmet_);
    unmet_ = 0;
  }
}

// True while more may come from the ring. False when it was read to its end.
bool RingFollower::read_on(const Instant& now) {
  scale_.sync(now);
  // The ring's records can't be placed in time yet. The header may be garbage, and then the rate of
  // its clock is never known. Its end must be noticed anyway.
  if (!scale_.known() && now.monotonic_ns - attached_ns_ < kRateTakesNs) return true;
  const bool is_closed = closed(*segment_);
  if (!is_closed && !segment_->broken() && now.monotonic_ns >= next_liveness_ns_) {
    next_liveness_ns_ = now.monotonic_ns + kLivenessEveryNs;
    dead_ = segment_liveness(*segment_, facts_) == Liveness::dead;
  }
  // Another ring has the name. Its server could only start because the server of this ring had
  // ended.
  const std::uint64_t inode = inode_of(ring_.path);
  if (!is_closed && !dead_ && inode != segment_->inode()) {
    // Where the old ring's processes can't be seen, the new ring is evidence enough: a living ring
    // is never replaced.
    const Liveness liveness = segment_liveness(*segment_, facts_);
    dead_ = liveness == Liveness::dead || (inode != 0 && liveness == Liveness::unknown);
    problem_ = dead_ ? ""
               : inode == 0
                   ? ring_.path + " was removed while its server lives; reading on"
                   : ring_.path +
                         " was replaced while its server lives; reading the old one until it ends";
  }
  if (segment_->broken()) {
    problem_ = ring_.path + " was cut off under the reader; what is left of it can't be read";
    finish(RingState::crashed, now);
  } else if (is_closed) {
    finish(RingState::closed, now);
  } else if (dead_) {
    finish(RingState::crashed, now);
  } else {
    return true;
  }
  return false;
}

std::unique_ptr<Segment> RingFollower::open(const std::string& path, SegmentFacts* facts,
                                            Failure* failure) const {
  OpenOptions options;
  options.any_owner = any_owner_;
  return open_segment(path, options, facts, failure);
}

void RingFollower::refuse(const std::string& why) {
  state_ = RingState::refused;
  problem_ = why;
}

// True when it has attached to a ring.
bool RingFollower::find_next(const Instant& now) {
  if (saved_) {
    if (find_saved(now)) return true;
    if (saved_) return false;   // looked at again, because it may be readable then
  }
  if (find_previous(now)) return true;
  SegmentFacts facts;
  Failure failure;
  auto segment = open(ring_.path, &facts, &failure);
  if (segment == nullptr) {
    if (failure.error_number != ENOENT) {
      refuse(failure.message);
    } else if (state_ == RingState::refused) {
      state_ = RingState::waiting;
      problem_.clear();
    }
    return false;
  }
  const RingInstance instance = instance_of(facts);
  if (finished_ && reads(instance)) {
    if (state_ == RingState::refused) problem_.clear();
    if (state_ == RingState::waiting || state_ == RingState::refused) {
      instance_ = instance;
      facts_ = facts;
      move_to_this_boot(&facts_, now);
      state_ = closed(*segment) ? RingState::closed : RingState::crashed;
    }
    return false;
  }
  if (const std::string reader = reader_of_ ? reader_of_(instance) : ""; !reader.empty()) {
    state_ = RingState::waiting;
    problem_ = "this is the ring that is followed as " + reader + ", and is read once";
    return false;
  }
  attach(std::move(segment), facts, now);
  return true;
}

// Finds the ring whose positions were saved: under its name, or moved aside by a server that
// started later. False when the ring isn't there. `saved_` stays set when it may be there later.
bool RingFollower::find_saved(const Instant& now) {
  bool readable = true;
  bool replaced = false;
  for (const std::string& path : {ring_.path, previous_path(ring_.path)}) {
    SegmentFacts facts;
    Failure failure;
    auto segment = open(path, &facts, &failure);
    if (segment != nullptr && instance_of(facts) == instance_) {
      if (lanes_.size() != std::size_t{facts.geometry.lane_count} + 1) {
        // This is not the state of this ring, whatever it says. The ring is read from its
        // beginning, as another instance.
        std::erase(known_, instance_);
        readable = true;
        break;
      }
      attach(std::move(segment), facts, now);
      return true;
    }
    if (segment != nullptr && path == ring_.path) replaced = true;
    // A refusal at the previous ring's path concerns somebody else's file. It must not keep us from
    // the present ring.
    if (replaced && (failure.error_number == 0 || failure.error_number == EACCES)) continue;
    if (segment == nullptr && failure.error_number != ENOENT) {
      // This may be the ring, unreadable only for the moment.
      refuse(failure.message);
      readable = false;
    }
  }
  if (!readable) return false;
  // The note stays visible when the next ring is already being read.
  lost_note_ =
      "the ring that was read last is gone; records written after the saved positions are lost";
  problem_ = lost_note_;
  saved_ = false;
  finished_ = true;
  retire();
  return false;
}

// Reads a crashed server's ring that was moved aside before it was read.
bool RingFollower::find_previous(const Instant& now) {
  SegmentFacts facts;
  Failure failure;
  auto segment = open(previous_path(ring_.path), &facts, &failure);
  if (segment == nullptr) return false;
  const RingInstance instance = instance_of(facts);
  const bool known = reads(instance) || (reader_of_ && !reader_of_(instance).empty());
  remember(instance);
  if (known || segment_liveness(*segment, facts) == Liveness::alive) return false;
  const std::string problem = problem_;
  const std::string note = lost_note_;
  const bool alone = metrics_.observed().until_ns() == INT64_MIN || restored_;
  attach(std::move(segment), facts, now);
  --unmet_;   // it had the name once
  met_ns_ = now.monotonic_ns;
  if (!scale_.known()) return true;
  const std::optional<std::int64_t> newest = lanes_.newest(*segment_, scale_);
  finish(closed(*segment_) ? RingState::closed : RingState::crashed, now);
  if (alone) {
    // Nobody knows what happened between its end and now.
    metrics_.stop_observing(newest.value_or(INT64_MIN));
  }
  // The ring under the name is looked at next.
  state_ = RingState::waiting;
  problem_ = problem;
  lost_note_ = note;
  return false;
}

void RingFollower::attach(std::unique_ptr<Segment> segment, const SegmentFacts& facts,
                          const Instant& now) {
  // Only one ring is read at a time.
  RINGSIDE_ASSERT(segment_ == nullptr);
  const bool resumed = std::exchange(saved_, false);
  if (!resumed) {
    ++instance_number_;
    lanes_.reset(std::size_t{facts.geometry.lane_count} + 1);
  }
  finished_ = false;
  segment_ = std::move(segment);
  facts_ = facts;
  instance_ = instance_of(facts);
  remember(instance_);
  scale_ = scale_of(&facts_, now);
  note_observed(now, resumed);
  metrics_.forget_names();
  next_liveness_ns_ = now.monotonic_ns;   // dead_ is still that of the ring before
  attached_ns_ = now.monotonic_ns;
  state_ = RingState::live;
  problem_ = std::exchange(lost_note_, {});
}

// Since when every record of the ring is read: since the last daemon stopped, or since the ring's
// birth. If records were overwritten before this daemon came, since the oldest record that is left.
void RingFollower::note_observed(const Instant& now, bool resumed) {
  const std::int64_t made = std::clamp(facts_.anchor_monotonic_ns, INT64_MIN / 2, now.monotonic_ns);
  const std::optional<std::int64_t> complete = lanes_.complete_since(*segment_, scale_);
  const std::int64_t stopped = metrics_.observed().until_ns();
  const bool reads_on = resumed && !complete && stopped != INT64_MIN;
  metrics_.observe_from(reads_on ? stopped
                                 : std::clamp(complete.value_or(made), made, now.monotonic_ns));
  metrics_.count_skipped_since(resumed && stopped != INT64_MIN ? stopped : made);
  restored_ = false;
  first_drain_ = true;
}

void RingFollower::finish(RingState state, const Instant& now) {
  // Only a ring that is being read has an end.
  RINGSIDE_ASSERT(segment_ != nullptr);
  for (int round = 0; round < 64; ++round) {
    if (drain(now).records == 0) break;
  }
  const bool crashed = state == RingState::crashed;
  refresh_names();
  lanes_.close(*segment_, crashed, metrics_);
  if (crashed && !segment_->broken()) ++crashes_;
  retire();
  metrics_.end_clock(now.realtime_ns - now.monotonic_ns);
  segment_.reset();
  finished_ = true;
  state_ = state;
}

void RingFollower::retire() {
  metrics_.retire(lanes_.living());
  retired_ += lanes_.books(segment_.get());
  lanes_.reset(0);
}

PassResult RingFollower::drain(const Instant& now) {
  if (segment_ == nullptr || segment_->broken() || !scale_.known()) return {};
  metrics_.set_time(scale_, now.monotonic_ns, instance_number_);
  const PassResult result = lanes_.drain(*segment_, metrics_);
  // Records that were overwritten before the first pass say nothing about how this daemon keeps up.
  if (std::exchange(first_drain_, false)) {
    lost_before_attach_ += result.lost;
  } else if (result.lost > 0) {
    metrics_.add_lost(result.lost);
  }
  return result;
}

void RingFollower::refresh_names() {
  NameEntry name;
  for (std::uint16_t id = 0; id < kFirstEvent + kMaxEvents; ++id) {
    if (!metrics_.named(id) && read_name(*segment_, id, &name)) metrics_.set_name(id, name);
  }
  std::uint16_t code = 0;
  std::string text;
  for (std::uint32_t i = 0; i < kMaxErrorNames; ++i) {
    if (read_error_name(*segment_, i, &code, &text)) metrics_.set_error_name(code, text);
  }
}

Books RingFollower::books() const {
  Books books = retired_;
  return books += lanes_.books(segment_.get());
}

void RingFollower::add_processes(std::vector<RingProcess>& out) const {
  if (state_ != RingState::live || segment_->broken()) return;
  if (facts_.pid_namespace != 0 && facts_.pid_namespace != self_pid_namespace()) return;
  const std::size_t first = out.size();
  for (const ProcessSlot& slot : segment_->header().processes) {
    const RingProcess process{ring_.name, slot.pid.load(std::memory_order_acquire),
                              slot.start_time.load(std::memory_order_relaxed)};
    const bool twice =
        std::any_of(out.begin() + static_cast<std::ptrdiff_t>(first), out.end(),
                    [&](const RingProcess& other) { return other.pid == process.pid; });
    if (process.pid != 0 && !twice) out.push_back(process);
  }
}

}  // namespace ringside
