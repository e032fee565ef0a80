// Which ring is read next: the one whose positions were saved, one that was moved aside unread, or
// the one under the name.
#include <cerrno>

#include "daemon/rings/ring_follower.h"
#include "daemon/rings/unnamed_ring.h"

namespace ringside {

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
  // The note stays visible when the next ring is already being read.
  lost_note_ =
      "the ring that was read last is gone; records written after the saved positions are lost";
  if (find_unnamed(now)) return true;
  problem_ = lost_note_;
  saved_ = false;
  finished_ = true;
  retire();
  return false;
}

// Whether it is the ring that the saved positions are of.
bool RingFollower::is_saved_ring(const SegmentFacts& facts) const {
  return instance_of(facts) == instance_ &&
         lanes_.size() == std::size_t{facts.geometry.lane_count} + 1;
}

// Finds the ring whose positions were saved when it has lost its name, and its server lives. Where
// that can't be known, the note says how to see it.
bool RingFollower::find_unnamed(const Instant& now) {
  std::uint32_t held_by = 0;
  for (const UnnamedRing& one : find_unnamed_rings(inode_)) {
    OpenOptions options = open_options();
    options.mapped = true;
    SegmentFacts facts;
    Failure failure;
    auto segment = open_segment(one.path, options, &facts, &failure);
    if (segment == nullptr && failure.error_number != ENOENT) held_by = one.pid;
    if (segment == nullptr || !is_saved_ring(facts) ||
        segment_liveness(*segment, facts) == Liveness::dead)
      continue;
    lost_note_.clear();
    attach(std::move(segment), facts, now);
    return true;
  }
  if (held_by != 0) {
    lost_note_ = "the name of the ring that was read last was removed, pid " +
                 std::to_string(held_by) +
                 " still has the ring, and this user may not open it; records written after the "
                 "saved positions are lost\n"
                 "  next: give the daemon CAP_CHECKPOINT_RESTORE or start it as root, or restart "
                 "the server";
  } else if (!exists(ring_.path)) {
    lost_note_ += "\n"
                  "  next: start its server; if that runs, somebody removed the ring's name "
                  "(systemd-logind does when the server's user logs out): see who still has it "
                  "with sudo grep ' " +
                  std::to_string(inode_) + " .*(deleted)' /proc/*/maps, and restart it";
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
