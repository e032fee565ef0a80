#include "daemon/rings/lane_books.h"

#include <algorithm>
#include <numeric>

namespace ringside {

namespace {

// What is left of `n`, at least nothing.
std::uint64_t without(std::uint64_t n, std::uint64_t part) { return n - std::min(n, part); }

}  // namespace

LaneToDrain LaneBooks::to_drain(const Segment& segment, std::uint32_t lane) {
  return LaneToDrain::of(segment, lane, cursor_, read_, &rejected_);
}

void LaneBooks::settle(const Segment& segment, std::uint32_t lane, Writers writers,
                       RingMetrics& metrics, std::unique_ptr<TotalsCopy>& spare) {
  const std::uint64_t capacity = segment.geometry().capacity(lane);
  const LaneHeader& header = segment.lane_header(lane);
  const std::uint64_t position = cursor_.position;
  TotalsCopy& totals = *spare;
  bool exact = false;
  if (lane == segment.overflow_lane()) {
    // When the head still equals the reader's position after the copy, no writer has reserved or
    // counted beyond it, and the copy is exact. A record is counted before it can be read. A
    // position whose writer died before counting is lost, of no operation.
    copy_totals(segment.totals(lane), totals);
    exact = header.head.load(std::memory_order_acquire) == position;
  } else {
    for (int attempt = 0; attempt < 3 && !exact; ++attempt) {
      exact = copy_totals_at(segment.slots(lane), header, segment.totals(lane), capacity, position,
                             totals);
    }
    if (!exact) copy_totals(segment.totals(lane), totals);
  }
  if (segment.broken()) return;   // the copy may be zeros, so the earlier figures stay
  for (std::uint16_t id = 0; id < kFirstEvent + kMaxEvents; ++id) {
    const std::uint64_t before = totals_->entries[id].skipped;
    const std::uint64_t skipped = totals.entries[id].skipped;
    if (skipped > before) metrics.add_skipped(id, skipped - before);
  }
  std::swap(totals_, spare);
  if (!exact && writers == Writers::at_work) return;
  if (const std::size_t holes = cursor_.holes.size(); holes > 0) {
    // Each hole may be counted or not, and under any id. Only the lost records beyond the holes are
    // certain. A slot that a dead writer holds leaves a hole nearly all the time.
    for (std::uint32_t id = 0; id < kIdCount; ++id) {
      const std::uint64_t unsure = read_[id] + cursor_.rejected + holes;
      const std::uint64_t recorded = totals_->entries[id].recorded;
      if (recorded > unsure) settled_lost_[id] = std::max(settled_lost_[id], recorded - unsure);
    }
    return;
  }
  std::uint64_t unexplained = 0;
  for (std::uint32_t id = 0; id < kIdCount; ++id) {
    // As rejected_of() says, without a branch.
    const std::uint64_t unread = without(totals_->entries[id].recorded, read_[id]);
    const std::uint64_t lost = without(unread, rejected_[id]);
    settled_lost_[id] = lost;
    unexplained += lost;
  }
  // A thread that died between counting a record and publishing it leaves its operation one ahead.
  // That record is torn, not lost.
  std::uint64_t torn = unexplained > cursor_.lost ? unexplained - cursor_.lost : 0;
  for (std::uint32_t id = 0; id < kIdCount && torn > 0; ++id) {
    const std::uint64_t part = std::min(torn, settled_lost_[id]);
    settled_lost_[id] -= part;
    torn -= part;
  }
}

// A rejected record may claim any id. The server counted it under that id unless the bytes were
// spoilt later. So the claim is believed as far as the server's own count has room for it.
std::uint64_t LaneBooks::rejected_of(std::uint32_t id) const {
  return std::min(rejected_[id], without(totals_->entries[id].recorded, read_[id]));
}

void LaneBooks::take_remainder(const Segment& segment, std::uint32_t lane, bool crashed,
                               RingMetrics& metrics) {
  const LaneHeader& header = segment.lane_header(lane);
  const Slot* slots = segment.slots(lane);
  const std::uint64_t capacity = segment.geometry().capacity(lane);
  switch (lane_remainder(slots, header, capacity)) {
    case Remainder::clean: break;
    case Remainder::torn:
      // This can happen in a ring that was closed in order: one of the processes that shared it may
      // have died before.
      if (crashed || header.owner.holder() == Holder::died) ++torn_;
      break;
    case Remainder::unpublished_head: {
      Record record;
      if (cursor_.position != header.head.load(std::memory_order_acquire) ||
          read_slot(slots[cursor_.position & (capacity - 1)], cursor_.position, record) !=
              Poll::record) {
        break;
      }
      ++cursor_.position;
      ++cursor_.read;
      if (believable(record)) {
        metrics.add_alone(record, lane, read_);
      } else {
        ++cursor_.rejected;
        ++rejected_[record.operation & (kIdCount - 1)];
      }
      break;
    }
  }
}

void LaneBooks::close_holes(const Segment& segment, std::uint32_t lane) {
  // The holes were reserved and will never be published. If the totals count a hole, it is lost.
  // Otherwise it is torn.
  if (!segment.broken()) copy_totals(segment.totals(lane), *totals_);
  std::uint64_t counted = 0;
  for (const auto& entry : totals_->entries) counted += entry.recorded;
  const std::uint64_t reserved = cursor_.position;
  const std::uint64_t uncounted =
      std::min<std::uint64_t>(reserved > counted ? reserved - counted : 0, cursor_.holes.size());
  torn_ += static_cast<std::uint32_t>(uncounted);
  cursor_.lost += cursor_.holes.size() - uncounted;
  cursor_.position -= uncounted;
  cursor_.holes.clear();
}

Books LaneBooks::books(const Segment* segment, std::uint32_t lane) const {
  Books books;
  books.written = cursor_.written();
  books.read = cursor_.read;
  books.lost = cursor_.lost;
  books.rejected = cursor_.rejected;
  books.torn = torn_;
  if (segment != nullptr && !segment->broken()) {
    books.torn += segment->lane_header(lane).torn.load(std::memory_order_relaxed);
  }
  return books;
}

void LaneBooks::add_to(RingMetrics::LivingById& living) const {
  for (std::uint16_t id = 0; id < kFirstEvent + kMaxEvents; ++id) {
    const TotalsCopy::Entry& totals = totals_->entries[id];
    if (totals.recorded == 0 && totals.skipped == 0 && read_[id] == 0) continue;
    RingMetrics::Living& sum = living[id];
    sum.count += totals.recorded + totals.skipped;
    sum.errors += totals.errors;
    const std::uint64_t rejected = rejected_of(id);
    sum.books.rejected += rejected;
    sum.books.read += read_[id] + rejected;
    sum.books.lost += settled_lost_[id];
    sum.books.written += read_[id] + rejected + settled_lost_[id];
  }
}

std::uint64_t LaneBooks::settled_lost() const {
  return std::accumulate(settled_lost_.begin(), settled_lost_.end(), std::uint64_t{0});
}

void LaneBooks::encode(Encoder& out) const {
  out.u64(cursor_.position);
  out.u64(cursor_.read);
  out.u64(cursor_.lost);
  out.u64(cursor_.rejected);
  out.u64(cursor_.holes.size());
  for (const std::uint64_t hole : cursor_.holes) out.u64(hole);
  out.u64(torn_);
  for (std::uint32_t id = 0; id < kFirstEvent + kMaxEvents; ++id) {
    const TotalsCopy::Entry& totals = totals_->entries[id];
    for (const std::uint64_t n : {read_[id], rejected_[id], settled_lost_[id], totals.recorded,
                                  totals.skipped, totals.errors}) {
      out.u64(n);
    }
  }
}

void LaneBooks::decode(Decoder& in, bool overflow) {
  cursor_.position = in.u64();
  cursor_.read = in.u64();
  cursor_.lost = in.u64();
  cursor_.rejected = in.u64();
  cursor_.holes.resize(in.count(1, kMaxHoles));
  for (std::uint64_t& hole : cursor_.holes) hole = in.u64();
  const std::vector<std::uint64_t>& holes = cursor_.holes;
  const bool holes_fit =
      holes.empty() || (overflow && std::is_sorted(holes.begin(), holes.end()) &&
                        holes.size() <= cursor_.position && holes.back() < cursor_.position);
  if (!holes_fit || cursor_.written() != cursor_.read + cursor_.lost ||
      cursor_.rejected > cursor_.read)
    in.fail();
  torn_ = static_cast<std::uint32_t>(in.u64());
  for (std::uint32_t id = 0; id < kFirstEvent + kMaxEvents; ++id) {
    TotalsCopy::Entry& totals = totals_->entries[id];
    for (std::uint64_t* n : {&read_[id], &rejected_[id], &settled_lost_[id], &totals.recorded,
                             &totals.skipped, &totals.errors}) {
      *n = in.u64();
    }
  }
}

}  // namespace ringside
