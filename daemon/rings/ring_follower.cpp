#include "daemon/rings/ring_follower.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "shm/words.h"

namespace ringside {

namespace {

constexpr std::int64_t kLookEveryNs = 200'000'000;
constexpr std::int64_t kLivenessEveryNs = 1'000'000'000;

std::string hex(const std::uint64_t words[2]) {
  char text[40];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(words[0]),
                static_cast<unsigned long long>(words[1]));
  return text;
}

std::uint64_t inode_of(const std::string& path) {
  struct stat info {};
  return lstat(path.c_str(), &info) == 0 ? static_cast<std::uint64_t>(info.st_ino) : 0;
}

LaneView::State lane_state_from(LaneState state) {
  switch (state) {
    case kNever: return LaneView::State::never;
    case kClaiming: return LaneView::State::claiming;
    case kOwned: return LaneView::State::owned;
    case kReleased: return LaneView::State::released;
  }
  return LaneView::State::unknown;
}

// Whether whoever wrote the lane last is gone.
bool owner_died(const LaneHeader& header) {
  const std::uint32_t pid = owner_pid(header.owner.load(std::memory_order_acquire));
  return process_liveness(pid, header.owner_start_time.load(std::memory_order_relaxed)) == Liveness::dead;
}

}  // namespace

RingFollower::RingFollower(std::string ring, const RingMetricsOptions& options, bool any_owner)
    : ring_(std::move(ring)), any_owner_(any_owner), metrics_(options) {
  Failure failure;
  path_ = ring_path(ring_, &failure);
  if (path_.empty()) {
    state_ = RingState::refused;
    problem_ = failure.message;
  }
  metrics_.ask_names_of([this](std::uint16_t id) {
    NameEntry name;
    if (segment_ != nullptr && read_name(*segment_, id, &name)) metrics_.set_name(id, name);
  });
}

void RingFollower::reconfigure(const RingMetricsOptions& options, bool any_owner) {
  metrics_.reconfigure(options);
  any_owner_ = any_owner;
}

RingFollower::Pass RingFollower::pass(const Instant& now) {
  if (path_.empty()) return {};
  if (now.monotonic_ns >= next_look_ns_) {
    next_look_ns_ = now.monotonic_ns + kLookEveryNs;
    look(now);
  }
  return drain(now);
}

void RingFollower::look(const Instant& now) {
  if (segment_ != nullptr) {
    scale_.sync(now);
    const bool closed = segment_->header().state.load(std::memory_order_acquire) == kSegmentClosed;
    if (!closed && !segment_->broken() && now.monotonic_ns >= next_liveness_ns_) {
      next_liveness_ns_ = now.monotonic_ns + kLivenessEveryNs;
      dead_ = segment_liveness(*segment_, facts_) == Liveness::dead;
    }
    // Another ring under the name: its server can only have started because this one's had ended.
    const std::uint64_t inode = inode_of(path_);
    if (!closed && !dead_ && inode != segment_->inode()) {
      // Where the old one's processes can't be seen, the new ring is evidence enough: a living one is never replaced.
      const Liveness liveness = segment_liveness(*segment_, facts_);
      dead_ = liveness == Liveness::dead || (inode != 0 && liveness == Liveness::unknown);
      problem_ = dead_        ? ""
                 : inode == 0 ? path_ + " was removed while its server lives; reading on"
                              : path_ + " was replaced while its server lives; reading the old one until it ends";
    }
    if (segment_->broken()) {
      problem_ = path_ + " was cut off under the reader; what is left of it can't be read";
      finish(RingState::crashed, now);
    } else if (closed) {
      finish(RingState::closed, now);
    } else if (dead_) {
      finish(RingState::crashed, now);
    } else {
      return;
    }
  }
  if (saved_) {
    switch (resume(now)) {
      case Resumed::attached: return;
      case Resumed::unknown: return;   // looked at again: it may be readable then
      case Resumed::gone: break;
    }
    // The ring that the state is about is nowhere: what was written to it afterwards nobody can know.
    problem_ = "the ring that was read last (" + hex(instance_) + ") is gone; what it held beyond position " +
               "the saved ones is unknown";
    saved_ = false;
    finished_ = true;
    retire();
  }
  OpenOptions options;
  options.any_owner = any_owner_;
  SegmentFacts facts;
  Failure failure;
  auto segment = open_segment(path_, options, &facts, &failure);
  if (segment == nullptr) {
    const bool absent = failure.error_number == ENOENT;
    if (!absent) {
      state_ = RingState::refused;
      problem_ = failure.message;
    } else if (state_ == RingState::refused) {
      state_ = RingState::waiting;
      problem_.clear();
    }
    return;
  }
  if (finished_ && same_instance(facts)) {
    if (state_ == RingState::waiting || state_ == RingState::refused) {
      facts_ = facts;
      move_to_this_boot(&facts_, now);
      state_ = segment->header().state.load(std::memory_order_acquire) == kSegmentClosed ? RingState::closed
                                                                                         : RingState::crashed;
    }
    return;
  }
  attach(std::move(segment), facts, now);
}

// Finds the ring whose positions were saved: under its name, or moved away by a server that was started since.
RingFollower::Resumed RingFollower::resume(const Instant& now) {
  OpenOptions options;
  options.any_owner = any_owner_;
  bool seen_all = true;
  bool replaced = false;
  for (const std::string& path : {path_, previous_path(path_)}) {
    SegmentFacts facts;
    Failure failure;
    auto segment = open_segment(path, options, &facts, &failure);
    if (segment != nullptr && same_instance(facts)) {
      if (lanes_.size() != std::size_t{facts.geometry.lane_count} + 1) {
        // Not the state of this ring, whatever it says: it is read from its beginning, as another one.
        instance_[0] = ~instance_[0];
        return Resumed::gone;
      }
      attach(std::move(segment), facts, now);
      return Resumed::attached;
    }
    if (segment != nullptr && path == path_) replaced = true;
    // What is refused at the previous ring's place is somebody else's; it must not keep us from the present one.
    if (replaced && (failure.error_number == 0 || failure.error_number == EACCES)) continue;
    if (segment == nullptr && failure.error_number != ENOENT) {
      // It may be the one, and unreadable only for the moment.
      state_ = RingState::refused;
      problem_ = failure.message;
      seen_all = false;
    }
  }
  return seen_all ? Resumed::gone : Resumed::unknown;
}

void RingFollower::attach(std::unique_ptr<Segment> segment, const SegmentFacts& facts, const Instant& now) {
  if (!saved_) {
    ++instance_number_;
    lanes_.clear();
  }
  saved_ = false;
  finished_ = false;
  dead_ = false;
  segment_ = std::move(segment);
  facts_ = facts;
  instance_[0] = facts.instance[0];
  instance_[1] = facts.instance[1];
  lanes_.resize(std::size_t{facts.geometry.lane_count} + 1);
  scale_ = scale_of(&facts_, now);
  if (born_ns_ == INT64_MIN) born_ns_ = std::clamp(facts_.anchor_monotonic_ns, INT64_MIN / 2, now.monotonic_ns);
  if (observed_since_ns_ == INT64_MIN) observed_since_ns_ = now.monotonic_ns;
  metrics_.forget_names();
  refresh_names();
  next_liveness_ns_ = now.monotonic_ns;
  state_ = RingState::live;
  problem_.clear();
}

void RingFollower::finish(RingState state, const Instant& now) {
  for (int round = 0; round < 64; ++round) {
    if (drain(now).records == 0) break;
  }
  // Of a ring that was closed in order, too: one of the processes that shared it may have died before.
  if (!segment_->broken()) {
    for (std::uint32_t i = 0; i < segment_->geometry().lane_count; ++i) {
      const LaneHeader& header = segment_->lane_header(i);
      if (lanes_[i] == nullptr || !lane_readable(header)) continue;
      Lane& lane = *lanes_[i];
      const Slot* slots = segment_->slots(i);
      const std::uint64_t capacity = segment_->geometry().capacity(i);
      switch (lane_remainder(slots, header, capacity)) {
        case Remainder::clean: break;
        case Remainder::torn:
          if (state == RingState::crashed || owner_died(header)) ++lane.torn;
          break;
        case Remainder::unpublished_head: {
          Record record;
          if (lane.cursor.position == header.head.load(std::memory_order_acquire) &&
              read_slot(slots[lane.cursor.position & (capacity - 1)], lane.cursor.position, record) == Poll::record) {
            ++lane.cursor.position;
            ++lane.cursor.read;
            if (believable(record)) {
              metrics_.take(record, i, lane.read_of);
            } else {
              ++lane.cursor.rejected;
            }
          }
          break;
        }
      }
    }
  }
  if (state == RingState::crashed && !segment_->broken()) ++crashes_;
  // Positions of the overflow lane that were reserved and will never be published: counted in the totals, they
  // are lost; not even counted, they are torn.
  const std::uint32_t overflow = segment_->overflow_lane();
  if (lanes_[overflow] != nullptr) {
    Lane& lane = *lanes_[overflow];
    if (!segment_->broken()) copy_totals(segment_->totals(overflow), lane.totals);
    std::uint64_t counted = 0;
    for (const auto& entry : lane.totals.entries) counted += entry.recorded;
    const std::uint64_t reserved = lane.cursor.position;
    const std::uint64_t uncounted =
        std::min<std::uint64_t>(reserved > counted ? reserved - counted : 0, lane.cursor.holes.size());
    lane.torn += static_cast<std::uint32_t>(uncounted);
    lane.cursor.lost += lane.cursor.holes.size() - uncounted;
    lane.cursor.position -= uncounted;
    lane.cursor.holes.clear();
  }
  read_totals(true);
  retire();
  metrics_.end_clock(now.realtime_ns - now.monotonic_ns);
  segment_.reset();
  finished_ = true;
  state_ = state;
}

void RingFollower::retire() {
  metrics_.retire(living());
  for (std::uint32_t i = 0; i < lanes_.size(); ++i) {
    if (lanes_[i] != nullptr) retired_ += lane_books(i);
  }
  lanes_.clear();
}

RingFollower::Pass RingFollower::drain(const Instant& now) {
  Pass result;
  if (segment_ == nullptr || segment_->broken() || !scale_.known()) return result;
  metrics_.set_time(scale_, now.monotonic_ns, instance_number_);
  to_drain_.clear();
  for (std::uint32_t i = 0; i < lanes_.size(); ++i) {
    const LaneHeader& header = segment_->lane_header(i);
    if (!lane_readable(header)) continue;
    if (lanes_[i] == nullptr) lanes_[i] = std::make_unique<Lane>();
    Lane& lane = *lanes_[i];
    if (header.head.load(std::memory_order_relaxed) == lane.cursor.position && lane.cursor.holes.empty()) continue;
    to_drain_.push_back(LaneToDrain::of(*segment_, i, lane.cursor, lane.read_of));
    result.records -= lane.cursor.read;
    result.lost -= lane.cursor.lost;
  }
  ringside::drain(to_drain_, metrics_);
  for (const LaneToDrain& lane : to_drain_) {
    result.records += lane.cursor->read;
    result.lost += lane.cursor->lost;
    result.fullest = std::max(result.fullest, static_cast<double>(lane.moved) / static_cast<double>(lane.capacity));
  }
  result.fullest = std::min(result.fullest, 1.0);
  return result;
}

void RingFollower::refresh_names() {
  NameEntry name;
  for (std::uint16_t id = 0; id < kFirstEvent + kMaxEvents; ++id) {
    if (metrics_.named(id) || !read_name(*segment_, id, &name)) continue;
    metrics_.set_name(id, name);
  }
  std::uint16_t code = 0;
  std::string text;
  for (std::uint32_t i = 0; i < kMaxErrorNames; ++i) {
    if (!read_error_name(*segment_, i, &code, &text)) continue;
    metrics_.set_error_name(code, text);
  }
}

// Copies a lane's totals and, if the writer stands exactly where the reader does (or is known to be gone), says
// of which operation the lost records were.
void RingFollower::settle(std::uint32_t index, bool quiet) {
  Lane& lane = *lanes_[index];
  const std::uint64_t capacity = segment_->geometry().capacity(index);
  const LaneHeader& header = segment_->lane_header(index);
  const std::uint64_t position = lane.cursor.position;
  TotalsCopy totals;
  bool exact = false;
  if (index == segment_->overflow_lane()) {
    // Nobody has reserved beyond the reader's position, so nobody has counted beyond it; what was read was counted
    // before it could be. A position whose writer died before it counted is lost, and of no operation.
    copy_totals(segment_->totals(index), totals);
    exact = header.head.load(std::memory_order_acquire) == position;
  } else {
    for (int attempt = 0; attempt < 3 && !exact; ++attempt) {
      exact = copy_totals_at(segment_->slots(index), header, segment_->totals(index), capacity, position, totals);
    }
    if (!exact) copy_totals(segment_->totals(index), totals);
  }
  if (segment_->broken()) return;   // the copy may be zeros; what was known before stays
  lane.totals = totals;
  if (!exact && !quiet) return;
  if (const std::size_t holes = lane.cursor.holes.size(); holes > 0) {
    // Each may be counted or not, and under any id: what is surely lost is so much less. A slot that a dead writer holds
    // leaves a hole at nearly all times.
    for (std::uint32_t id = 0; id < kIdCount; ++id) {
      const std::uint64_t unsure = lane.read_of[id] + lane.cursor.rejected + holes;
      const std::uint64_t recorded = lane.totals.entries[id].recorded;
      if (recorded > unsure) lane.settled_lost[id] = std::max(lane.settled_lost[id], recorded - unsure);
    }
    return;
  }
  std::uint64_t unexplained = 0;
  for (std::uint32_t id = 0; id < kIdCount; ++id) {
    const std::uint64_t recorded = lane.totals.entries[id].recorded;
    lane.settled_lost[id] = recorded > lane.read_of[id] ? recorded - lane.read_of[id] : 0;
    unexplained += lane.settled_lost[id];
  }
  // A thread that died between counting a record and publishing it leaves its operation one ahead: not lost, torn.
  std::uint64_t torn = unexplained > lane.cursor.lost ? unexplained - lane.cursor.lost : 0;
  for (std::uint32_t id = 0; id < kIdCount && torn > 0; ++id) {
    const std::uint64_t part = std::min(torn, lane.settled_lost[id]);
    lane.settled_lost[id] -= part;
    torn -= part;
  }
}

void RingFollower::read_totals(bool quiet) {
  if (segment_ == nullptr || segment_->broken()) return;
  for (std::uint32_t i = 0; i < lanes_.size(); ++i) {
    const LaneHeader& header = segment_->lane_header(i);
    if (!lane_readable(header)) continue;
    if (lanes_[i] == nullptr) lanes_[i] = std::make_unique<Lane>();
    Lane& lane = *lanes_[i];
    std::array<std::uint64_t, kIdCount> skipped_before{};
    for (std::uint32_t id = 0; id < kIdCount; ++id) skipped_before[id] = lane.totals.entries[id].skipped;
    settle(i, quiet);
    for (std::uint16_t id = 0; id < kFirstEvent + kMaxEvents; ++id) {
      const std::uint64_t skipped = lane.totals.entries[id].skipped;
      if (skipped > skipped_before[id]) metrics_.add_skipped(id, skipped - skipped_before[id]);
    }
  }
}

Books RingFollower::lane_books(std::uint32_t index) const {
  const Lane& lane = *lanes_[index];
  Books books;
  books.written = lane.cursor.written();
  books.read = lane.cursor.read;
  books.lost = lane.cursor.lost;
  books.rejected = lane.cursor.rejected;
  books.torn = lane.torn;
  if (segment_ != nullptr && !segment_->broken()) {
    books.torn += segment_->lane_header(index).torn.load(std::memory_order_relaxed);
  }
  return books;
}

RingMetrics::LivingById RingFollower::living() const {
  RingMetrics::LivingById sums(kIdCount);
  for (const auto& lane : lanes_) {
    if (lane == nullptr) continue;
    for (std::uint16_t id = 0; id < kFirstEvent + kMaxEvents; ++id) {
      const TotalsCopy::Entry& totals = lane->totals.entries[id];
      if (totals.recorded == 0 && totals.skipped == 0 && lane->read_of[id] == 0) continue;
      RingMetrics::Living& sum = sums[id];
      sum.count += totals.recorded + totals.skipped;
      sum.errors += totals.errors;
      sum.books.read += lane->read_of[id];
      sum.books.lost += lane->settled_lost[id];
      sum.books.written += lane->read_of[id] + lane->settled_lost[id];
    }
  }
  return sums;
}

RingFollower::Pass RingFollower::tick(const Instant& now, Snapshot& out) {
  next_look_ns_ = now.monotonic_ns;   // what is shown must be of this moment, the ring's state included
  const Pass result = pass(now);
  if (segment_ != nullptr) {
    refresh_names();
    read_totals(false);
  } else {
    metrics_.set_time(scale_, now.monotonic_ns, instance_number_);
  }
  const std::int64_t wall = now.realtime_ns - now.monotonic_ns;
  RingTimes times;
  times.now_ns = now.monotonic_ns;
  times.wall_minus_monotonic_ns = wall;
  times.born_ns = born_ns_ == INT64_MIN ? now.monotonic_ns : born_ns_;
  times.observed_since_ns = observed_since_ns_ == INT64_MIN ? now.monotonic_ns : observed_since_ns_;
  times.observed_before_ns = observed_before_ns_;
  metrics_.show(ring_, living(), times, out);

  RingView view;
  view.name = ring_;
  view.path = path_;
  view.problem = problem_;
  view.state = state_;
  if (instance_number_ > 0) {
    view.instance = hex(instance_);
    view.program = facts_.program;
    view.pid = facts_.creator_pid;
    view.created_wall_ns = add_ns(facts_.anchor_monotonic_ns, wall);
    view.clock = clock_name(facts_.clock);
    view.ticks_per_second = scale_.ticks_per_second();
    view.segment_bytes = facts_.geometry.valid() ? facts_.geometry.segment_bytes() : 0;
  }
  view.instances_seen = instance_number_;
  view.crashes_seen = crashes_;
  Books books = retired_;
  std::uint64_t attributed = metrics_.retired_lost();
  if (segment_ != nullptr) {
    const SegmentHeader& header = segment_->header();
    view.enabled = segment_->control().enabled.load(std::memory_order_relaxed) != 0;
    view.untraced_threads = header.untraced_threads.load(std::memory_order_relaxed);
    view.untraced_records = header.untraced_records.load(std::memory_order_relaxed);
    view.names_refused = header.names_refused.load(std::memory_order_relaxed);
    for (std::uint32_t i = 0; i < kMaxGauges; ++i) {
      GaugeView gauge;
      if (!read_gauge_name(*segment_, i, &gauge.name)) continue;
      gauge.ring = ring_;
      gauge.value = segment_->gauges()[i].value.load(std::memory_order_relaxed);
      auto& [name, most] = gauge_max_[i];
      most = name == gauge.name ? std::max(most, gauge.value) : gauge.value;
      name = gauge.name;
      gauge.max = most;
      out.gauges.push_back(std::move(gauge));
    }
  }
  for (std::uint32_t i = 0; i < lanes_.size(); ++i) {
    if (lanes_[i] == nullptr) continue;
    LaneView lane;
    lane.ring = ring_;
    lane.lane = i;
    lane.overflow = i + 1 == lanes_.size();
    if (segment_ != nullptr) {
      const LaneHeader& header = segment_->lane_header(i);
      const std::uint64_t owner = header.owner.load(std::memory_order_acquire);
      lane.state = lane_state_from(owner_state(owner));
      lane.pid = owner_pid(owner);
      lane.generation = owner_generation(owner);
      lane.tid = header.owner_tid.load(std::memory_order_relaxed);
      lane.thread = lane_thread_name(header);
    }
    lane.books = lane_books(i);
    lane.pending = lanes_[i]->cursor.holes.size();
    books += lane.books;
    for (const std::uint64_t n : lanes_[i]->settled_lost) attributed += n;
    out.lanes.push_back(std::move(lane));
  }
  view.books = books;
  out.unattributed_lost += books.lost - std::min(books.lost, attributed);
  out.books += books;
  out.rings.push_back(std::move(view));
  return result;
}

void RingFollower::encode(Encoder& out, const Instant& now) {
  out.u64(instance_[0]);
  out.u64(instance_[1]);
  out.u64(instance_number_);
  out.u64(finished_ ? 1 : 0);
  out.u64(crashes_);
  out.i64(born_ns_);
  for (const std::uint64_t n : {retired_.written, retired_.read, retired_.lost, retired_.torn, retired_.rejected}) {
    out.u64(n);
  }
  out.u64(lanes_.size());
  for (const auto& lane : lanes_) {
    out.u64(lane != nullptr ? 1 : 0);
    if (lane == nullptr) continue;
    out.u64(lane->cursor.position);
    out.u64(lane->cursor.read);
    out.u64(lane->cursor.lost);
    out.u64(lane->cursor.rejected);
    out.u64(lane->cursor.holes.size());
    for (const std::uint64_t hole : lane->cursor.holes) out.u64(hole);
    out.u64(lane->torn);
    for (std::uint32_t id = 0; id < kFirstEvent + kMaxEvents; ++id) {
      const TotalsCopy::Entry& totals = lane->totals.entries[id];
      for (const std::uint64_t n : {lane->read_of[id], lane->settled_lost[id], totals.recorded, totals.skipped,
                                    totals.errors}) {
        out.u64(n);
      }
    }
  }
  metrics_.encode(out, now.realtime_ns - now.monotonic_ns);
}

void RingFollower::decode(Decoder& in, const Instant& now, std::int64_t slice_shift) {
  instance_[0] = in.u64();
  instance_[1] = in.u64();
  instance_number_ = static_cast<std::uint32_t>(in.u64());
  finished_ = in.u64() != 0;
  crashes_ = in.u64();
  born_ns_ = in.i64();
  if (born_ns_ != INT64_MIN) born_ns_ = std::min(now.monotonic_ns, add_ns(born_ns_, slice_shift * kSliceNs));
  for (std::uint64_t* n : {&retired_.written, &retired_.read, &retired_.lost, &retired_.torn, &retired_.rejected}) {
    *n = in.u64();
  }
  if (!retired_.balance() || retired_.rejected > retired_.read) in.fail();
  lanes_.resize(in.count(1, kMaxLanes + 1));
  for (auto& lane : lanes_) {
    if (in.u64() == 0 || !in.good()) continue;
    lane = std::make_unique<Lane>();
    lane->cursor.position = in.u64();
    lane->cursor.read = in.u64();
    lane->cursor.lost = in.u64();
    lane->cursor.rejected = in.u64();
    lane->cursor.holes.resize(in.count(1, kMaxHoles));
    for (std::uint64_t& hole : lane->cursor.holes) hole = in.u64();
    const LaneCursor& cursor = lane->cursor;
    if (!std::is_sorted(cursor.holes.begin(), cursor.holes.end()) || cursor.holes.size() > cursor.position ||
        (!cursor.holes.empty() && cursor.holes.back() >= cursor.position) ||
        (!cursor.holes.empty() && &lane != &lanes_.back()) || cursor.written() != cursor.read + cursor.lost ||
        cursor.rejected > cursor.read) {
      in.fail();
    }
    lane->torn = static_cast<std::uint32_t>(in.u64());
    for (std::uint32_t id = 0; id < kFirstEvent + kMaxEvents; ++id) {
      TotalsCopy::Entry& totals = lane->totals.entries[id];
      for (std::uint64_t* n : {&lane->read_of[id], &lane->settled_lost[id], &totals.recorded, &totals.skipped,
                               &totals.errors}) {
        *n = in.u64();
      }
    }
  }
  metrics_.decode(in, slice_of(now.monotonic_ns), slice_shift);
  saved_ = in.good() && instance_number_ > 0 && !finished_;
}

}  // namespace ringside
