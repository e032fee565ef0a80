#include "tools/bench/own_ring.h"

#include <unistd.h>

#include <cstdio>
#include <utility>

#include "tools/bench/traffic.h"

namespace ringside::bench {

OwnRing::OwnRing(const std::string& part, Setup setup)
    : name_("bench-" + part + "-" + std::to_string(getpid())) {
  unsetenv("RINGSIDE_RING");
  unsetenv("RINGSIDE_LANES");
  unsetenv("RINGSIDE_CAPACITY");
  setup.program = "ringside-bench";
  setup.ring = name_;
  started_ = start(setup);
  if (!started_) std::fprintf(stderr, "ringside-bench: %s\n", why_untraced().c_str());
}

OwnRing::~OwnRing() { stop(); }

void OwnRing::switch_to(std::uint16_t id, std::uint32_t every) const {
  // Only this program switches its own ring, so the constant may be cast away.
  auto* switches = const_cast<std::atomic<std::uint32_t>*>(detail::g_switches.load());
  switches[id].store(every, std::memory_order_relaxed);
}

OwnDaemon::OwnDaemon(const Settings& settings, const std::string& ring)
    : program_(
          {settings.programs + "/ringsided", "--ring", ring, "--state-dir", scratch_.file("state"),
           "--alert-log", scratch_.file("alerts.log"), "--report-dir", scratch_.file("reports")},
          scratch_.file("daemon.log"), {}, settings.daemon_cpu),
      begin_(monotonic_seconds()) {}

Figure OwnDaemon::burned(const std::string& what) const {
  const double seconds = monotonic_seconds() - begin_;
  char note[64];
  std::snprintf(note, sizeof note, "%.2f s of CPU time in %.1f s", program_.cpu_seconds(), seconds);
  return figure(what, "% of a core", {program_.cpu_seconds() / seconds * 100}, "", note);
}

Reader::Reader(const std::string& ring) {
  Failure failure;
  SegmentFacts facts;
  segment_ = open_segment(ring_path(ring, &failure), {}, &facts, &failure);
  if (segment_ == nullptr) {
    std::fprintf(stderr, "ringside-bench: %s\n", failure.message.c_str());
    return;
  }
  cursors_.resize(segment_->geometry().lane_count + 1);
}

void Reader::take() {
  const auto take_one = [this](const Record& record) {
    ++count_;
    checksum_ += checksum_of(record.operation, record.outcome, record.actor, record.subject);
  };
  const Geometry& geometry = segment_->geometry();
  for (std::uint32_t lane = 0; lane <= geometry.lane_count; ++lane) {
    const LaneHeader& header = segment_->lane_header(lane);
    if (!lane_readable(header)) continue;
    const std::uint64_t capacity = geometry.capacity(lane);
    if (lane == segment_->overflow_lane()) {
      read_overflow(segment_->slots(lane), header, capacity, cursors_[lane], capacity, take_one);
    } else {
      read_lane(segment_->slots(lane), header, capacity, cursors_[lane], capacity, take_one);
    }
  }
}

std::uint64_t Reader::lost() const {
  std::uint64_t lost = 0;
  for (const LaneCursor& cursor : cursors_) lost += cursor.lost;
  return lost;
}

std::uint64_t Reader::dropped() const {
  return segment_->lane_header(segment_->overflow_lane()).dropped.load(std::memory_order_relaxed);
}

Work Reader::totals(const std::string& name) const {
  Work work{name, 0, 0};
  TotalsCopy copy;
  for (std::uint32_t lane = 0; lane <= segment_->geometry().lane_count; ++lane) {
    if (!lane_readable(segment_->lane_header(lane))) continue;
    copy_totals(segment_->totals(lane), copy);
    for (std::uint32_t id = 0; id < kIdCount; ++id) {
      const TotalsCopy::Entry& entry = copy.entries[id];
      work.count += entry.recorded + entry.skipped;
      work.checksum += (entry.recorded + entry.skipped) * checksum_of(id, 0, 0, 0) +
                       entry.errors * checksum_of(id, 1, 0, 0);
    }
  }
  return work;
}

DrainedRing::DrainedRing(const std::string& part, std::uint32_t lane_count, double baseline_s)
    : cursors_(lane_count) {
  CreateOptions options;
  options.path = "/dev/shm/ringside.bench-" + part + "-" + std::to_string(getpid());
  options.geometry = {lane_count, kCapacity, 64};
  options.slow_clock = true;   // also under callgrind
  Failure failure;
  Created created = create_segment(options, self_, &failure);
  if (created.segment == nullptr) {
    std::fprintf(stderr, "ringside-bench: %s\n", failure.message.c_str());
    return;
  }
  segment_ = std::move(created.segment);
  place_ = created.place;
  for (std::uint32_t i = 0; i < lane_count; ++i) {
    const LaneOwner owner{self_, place_, i, "bench"};
    writers_.push_back(claim_lane(*segment_, owner).writer);
    lanes_.push_back(LaneToDrain::of(*segment_, i, cursors_[i], read_of_));
  }
  const SegmentHeader& header = segment_->header();
  scale_ = TickScale(static_cast<ClockKind>(header.clock_kind), header.ticks_per_second,
                     header.anchor_ticks, header.anchor_monotonic_ns);
  const double begin = monotonic_seconds();
  while (monotonic_seconds() - begin < baseline_s) {
  }
  scale_.sync(read_instant());
  records_ = chat_traffic(1 << 16, scale_.known() ? scale_.ticks_per_second() : 1e9);
}

DrainedRing::~DrainedRing() {
  if (segment_ != nullptr) leave_segment(*segment_, place_, false);
}

void DrainedRing::fill(std::uint64_t records_a_lane) {
  const auto kind = static_cast<ClockKind>(segment_->header().clock_kind);
  std::uint64_t end = read_ticks(kind) - records_a_lane * writers_.size();
  for (std::uint64_t i = 0; i < records_a_lane; ++i) {
    for (LaneWriter& writer : writers_) {
      Record record = records_[next_++ & 0xffff];
      record.start = end++ - static_cast<std::uint64_t>(record.duration);
      write_record(writer, record);
    }
  }
}

void DrainedRing::set_time() {
  const Instant now = read_instant();
  scale_.sync(now);
  metrics_.set_time(scale_, now.monotonic_ns, 1);
}

std::uint64_t DrainedRing::drain() {
  for (LaneToDrain& lane : lanes_) lane.moved = 0;
  ringside::drain(lanes_, metrics_);
  std::uint64_t taken = 0;
  for (const LaneToDrain& lane : lanes_) taken += lane.moved;
  return taken;
}

}  // namespace ringside::bench
