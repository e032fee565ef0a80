// Which ring is read next: the one whose positions were saved, one that was moved aside unread, or
// the one under the name.
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "daemon/rings/ring_follower.h"
#include "daemon/rings/unnamed_ring.h"

namespace ringside {

namespace {

// The longest time until a new ring gets its name.
constexpr std::int64_t kNamedWithinNs = 1'000'000'000;

// True when the file lies on another file system than the folder of `path`: inodes and names count
// for nothing there. False where that can't be known.
bool of_another_device(const std::string& file, const std::string& path) {
  struct stat found {};
  struct stat folder {};
  return stat(file.c_str(), &found) == 0 &&
         stat(path.substr(0, path.rfind('/') + 1).c_str(), &folder) == 0 &&
         found.st_dev != folder.st_dev;
}

}  // namespace

// True when it has attached to a ring.
bool RingFollower::find_next(const Instant& now) {
  if (saved_) {
    if (find_saved(now)) return true;
    if (saved_) return false;   // looked at again, because it may be readable then
  }
  if (find_previous(now)) return true;
  SegmentFacts facts;
  Failure failure;
  auto segment = open_segment(ring_.path, open_options(), &facts, &failure);
  if (segment == nullptr) {
    if (failure.error_number != ENOENT) {
      refuse(failure.message);
    } else if (!held_note_.empty()) {
      refuse(held_note_);
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
    auto segment = open_segment(path, open_options(), &facts, &failure);
    if (segment != nullptr && instance_of(facts) == instance_) {
      if (!is_saved_ring(facts)) {
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
  const bool due = replaced || held_note_.empty() || now.monotonic_ns >= next_unnamed_ns_;
  if (due && find_unnamed(now)) return true;
  if (!replaced && !held_note_.empty()) {
    refuse(held_note_);   // looked at again from time to time
    return false;
  }
  note_lost();
  saved_ = false;
  finished_ = true;
  retire();
  return false;
}

// The note stays visible when the next ring is already being read.
void RingFollower::note_lost() {
  if (!held_note_.empty()) {
    lost_note_ = held_note_.substr(0, held_note_.find('\n')) +
                 "; records written after the saved positions are lost\n"
                 "  next: find out who removed the name, and end or restart the old server";
    held_note_.clear();
  } else {
    lost_note_ =
        "the ring that was read last is gone; records written after the saved positions are lost";
    if (!exists(ring_.path)) {
      lost_note_ += "\n"
                    "  next: start its server; if that runs, somebody removed the ring's name "
                    "(systemd-logind does when the server's user logs out): see who still has it "
                    "with sudo grep ' " +
                    std::to_string(inode_) + " .*(deleted)' /proc/*/maps, and restart it";
    }
  }
  problem_ = lost_note_;
}

// Whether it is the ring that the saved positions are of.
bool RingFollower::is_saved_ring(const SegmentFacts& facts) const {
  return instance_of(facts) == instance_ &&
         lanes_.size() == std::size_t{facts.geometry.lane_count} + 1;
}

// The ring at a place in /proc, where `is_it` says so of its facts and somebody who writes it
// lives. Null otherwise. `failure` is set where the ring can't be opened, or must not be read.
// `facts` stay empty where nobody could look at it.
template <typename IsIt>
std::unique_ptr<Segment> RingFollower::open_unnamed(const UnnamedRing& one, const IsIt& is_it,
                                                    SegmentFacts* facts, Failure* failure) const {
  OpenOptions options;
  options.mapped = true;
  options.any_owner = true;   // whose file it is counts once it is known to be that ring
  auto segment = open_segment(one.path, options, facts, failure);
  if (segment == nullptr) return nullptr;
  if (!is_it(*facts) || segment_liveness(*segment, *facts) == Liveness::dead) return nullptr;
  options = open_options();
  options.mapped = true;
  if (owner_accepted(options, facts->owner)) return segment;
  return open_segment(one.path, options, facts, failure);   // says why not
}

// Why the ring that has lost its name can't be read where a process has it.
void RingFollower::note_held(const UnnamedRing& one, const Failure& failure) {
  // The message begins with the path in /proc. EPERM is the answer there to who may see a mapping
  // and may not follow it.
  const std::string reason =
      failure.error_number == EPERM
          ? "this user may not open it there\n"
            "  next: give the daemon CAP_CHECKPOINT_RESTORE or start it as root, or restart the "
            "server"
          : failure.message.substr(one.path.size() + 2);
  held_note_ = ring_.path + ": its name was removed, and pid " + std::to_string(one.pid) +
               " still has it: " + reason;
}

// Finds the ring whose positions were saved when it has lost its name, and its server lives.
bool RingFollower::find_unnamed(const Instant& now) {
  held_note_.clear();
  next_unnamed_ns_ = now.monotonic_ns + kSearchEveryNs;
  for (const UnnamedRing& one : find_unnamed_rings(inode_)) {
    if (of_another_device(one.path, ring_.path)) continue;
    SegmentFacts facts;
    Failure failure;
    auto segment = open_unnamed(
        one, [this](const SegmentFacts& of) { return is_saved_ring(of); }, &facts, &failure);
    if (segment != nullptr) {
      attach(std::move(segment), facts, now);
      return true;
    }
    if (!failure.message.empty() && failure.error_number != ENOENT) note_held(one, failure);
  }
  return false;
}

// A ring that was made a moment ago may be about to get its name.
bool RingFollower::find_among(const std::vector<UnnamedRing>& unnamed, const Instant& now) {
  held_note_.clear();
  const std::size_t slash = ring_.path.rfind('/');
  const std::string name = ring_.path.substr(slash + 1);
  const auto is_it = [&](const SegmentFacts& of) {
    const RingInstance instance = instance_of(of);
    return of.file_name == name && now.monotonic_ns - of.anchor_monotonic_ns >= kNamedWithinNs &&
           !reads(instance) &&
           (!reader_of_ || reader_of_(instance).empty());
  };
  for (const UnnamedRing& one : unnamed) {
    if (one.folder != ring_.path.substr(0, slash) || of_another_device(one.path, ring_.path))
      continue;
    SegmentFacts facts;
    Failure failure;
    auto segment = open_unnamed(one, is_it, &facts, &failure);
    if (segment != nullptr) {
      attach(std::move(segment), facts, now);
      return true;
    }
    const bool seen = facts.file_name == name;
    if (seen && !failure.message.empty() && failure.error_number != ENOENT) note_held(one, failure);
  }
  return false;
}

// Reads a crashed server's ring that was moved aside before it was read.
bool RingFollower::find_previous(const Instant& now) {
  SegmentFacts facts;
  Failure failure;
  auto segment = open_segment(previous_path(ring_.path), open_options(), &facts, &failure);
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

}  // namespace ringside
