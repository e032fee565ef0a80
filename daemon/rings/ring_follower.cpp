#include "daemon/rings/ring_follower.h"

#include <sys/stat.h>

#include <algorithm>

#include "shm/assert.h"
#include "shm/processes.h"

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

}  // namespace

bool RingFollower::closed(const Segment& segment) {
  return segment.header().state.load(std::memory_order_acquire) == kSegmentClosed;
}

RingFollower::RingFollower(RingName ring, const RingOptions& options)
    : ring_(std::move(ring)), options_(options), metrics_(options.metrics) {
  if (ring_.path.empty()) refuse(ring_.problem);
  metrics_.ask_names_of([this](std::uint16_t id) {
    NameEntry name;
    if (segment_ != nullptr && read_name(*segment_, id, &name)) metrics_.set_name(id, name);
  });
}

void RingFollower::reconfigure(RingName ring, const RingOptions& options) {
  // A follower stays with its file.
  RINGSIDE_ASSERT(ring.path == ring_.path);
  ring_ = std::move(ring);
  metrics_.reconfigure(options.metrics);
  options_ = options;
  next_unnamed_ns_ = INT64_MIN;   // it may be readable now
  if (!options_.labels) labels_.forget_all();
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
  const std::uint64_t inode = inode_of(ring_.path);
  const bool due = now.monotonic_ns >= next_liveness_ns_;
  if (!is_closed && !segment_->broken() && (due || (!dead_ && inode != segment_->inode()))) {
    if (due) next_liveness_ns_ = now.monotonic_ns + kLivenessEveryNs;
    look_at_server(inode);
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

// Whether the ring has ended, and what is the matter with it. `inode`: of the file under its name.
void RingFollower::look_at_server(std::uint64_t inode) {
  processes_.look(*segment_, facts_);
  // Another ring has the name. Its server could only start because the server of this ring had
  // ended.
  const bool replaced = inode != 0 && inode != segment_->inode();
  switch (processes_.any()) {
    case Liveness::alive:
      // A lock of a thread that called exec in another pid namespace may seem to be held for ever
      // (processes.cpp). The next server knows better. It has moved the ring aside.
      dead_ = replaced && processes_.elsewhere() &&
              inode_of(previous_path(ring_.path)) == segment_->inode();
      break;
    case Liveness::unknown:
      // The new ring is evidence enough: a living ring is never replaced.
      dead_ = replaced;
      break;
    case Liveness::dead:
      dead_ = replaced || processes_.lives_on() == 0;
      break;
  }
  standing_.clear();
  if (dead_) return;
  if (replaced) {
    standing_ = ring_.path +
                " was replaced while its server lives; reading the old one until it ends\n"
                "  next: find out who removed the name; restart the old server under another ring "
                "name, or end it";
  } else if (inode == 0) {
    standing_ =
        ring_.path + " was removed while " + processes_.server() +
        " lives; reading on\n"
        "  next: keep the name from the one who removed it: systemd-logind does that when the "
        "server's user logs out (RemoveIPC=no in logind.conf, or a system user for the server), "
        "and so do people who tidy /dev/shm (a folder of the server's own, such as /run/ringside "
        "by tmpfiles.d). Until the server is restarted, a daemon that is restarted finds this ring "
        "only through /proc, and needs CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE for that";
  } else if (processes_.any() == Liveness::dead) {
    standing_ = ring_.path + ": its server (pid " + std::to_string(processes_.lives_on()) +
                ") lives, but no thread of it holds the ring; it has become another program "
                "(exec), or none of its threads traces\n"
                "  next: nothing, if it traces again soon; else see what runs there (ps -p " +
                std::to_string(processes_.lives_on()) + ")";
  }
}

OpenOptions RingFollower::open_options() const {
  OpenOptions options;
  options.any_owner = options_.any_owner;
  options.owner = options_.owner;
  return options;
}

void RingFollower::refuse(const std::string& why) {
  state_ = RingState::refused;
  problem_ = why;
}

void RingFollower::attach(std::unique_ptr<Segment> segment, const SegmentFacts& facts,
                          const Instant& now) {
  // Only one ring is read at a time.
  RINGSIDE_ASSERT(segment_ == nullptr);
  const bool resumed = std::exchange(saved_, false);
  // Seen from where /proc does not show its server, a restart is a crash until now.
  if (!resumed && processes_.restarted_into(*segment, facts)) {
    ++restarts_;
    if (crash_counted_) --crashes_;
  }
  crash_counted_ = false;
  processes_.begin(resumed);
  if (!resumed) {
    ++instance_number_;
    lanes_.reset(std::size_t{facts.geometry.lane_count} + 1);
  }
  finished_ = false;
  segment_ = std::move(segment);
  facts_ = facts;
  instance_ = instance_of(facts);
  inode_ = segment_->inode();
  remember(instance_);
  scale_ = scale_of(&facts_, now);
  note_observed(now, resumed);
  metrics_.forget_names();
  next_liveness_ns_ = now.monotonic_ns;   // dead_ is still that of the ring before
  attached_ns_ = now.monotonic_ns;
  state_ = RingState::live;
  problem_ = std::exchange(lost_note_, {});
  held_note_.clear();
  standing_.clear();
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
  if (!segment_->broken()) {
    processes_.look(*segment_, facts_);
    crash_counted_ = crashed && processes_.lives_on() == 0;
    if (crash_counted_) ++crashes_;
    if (options_.labels) labels_.keep(*segment_);
  }
  processes_.end();
  standing_.clear();
  retire();
  metrics_.end_clock(now.realtime_ns - now.monotonic_ns);
  // One that is cut off has nothing to keep.
  if (crash_counted_ && !segment_->broken())
    dead_rings_.push_back({ring_.name, now.realtime_ns, std::move(segment_)});
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
  if (segment_ == nullptr || segment_->broken()) return {};
  // A rate that nobody stated is known a millisecond after the server's start. A server may fill a
  // lane before the next look at the ring.
  if (!scale_.known()) scale_.sync(now);
  if (!scale_.known()) return {};
  metrics_.align(now.realtime_ns - now.monotonic_ns);
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
  const std::uint64_t home = self_pid_namespace();
  const std::size_t first = out.size();
  for (const ProcessLook& look : look_at_processes(*segment_, facts_.death_marked).entered) {
    // A pid of another namespace is another process here.
    if (look.pid_namespace != 0 && look.pid_namespace != home) continue;
    const RingProcess process{ring_.name, look.pid, look.start_time};
    const bool twice =
        std::any_of(out.begin() + static_cast<std::ptrdiff_t>(first), out.end(),
                    [&](const RingProcess& other) { return other.pid == process.pid; });
    if (process.pid != 0 && !twice) out.push_back(process);
  }
}

}  // namespace ringside
