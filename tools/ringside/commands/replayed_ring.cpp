#include "tools/ringside/commands/replayed_ring.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "shm/labels.h"
#include "shm/names.h"
#include "shm/processes.h"
#include "shm/words.h"

namespace ringside::tool {

std::int64_t TickShift::span(std::int64_t ticks) const {
  if (ratio_ == 1) return ticks;
  const double converted = static_cast<double>(ticks) * ratio_;
  return std::llround(std::clamp(converted, -9.2e18, 9.2e18));
}

std::uint64_t TickShift::at(std::uint64_t ticks) const {
  return to_ + static_cast<std::uint64_t>(span(static_cast<std::int64_t>(ticks - from_)));
}

RecordWords TickShift::words(const Record& record) const {
  Record moved = record;
  moved.start = at(record.start);
  moved.duration = span(record.duration);
  if (ratio_ != 1 && record.kind == static_cast<std::uint8_t>(Kind::operation)) {
    for (std::size_t i = 0; i < kStageCount; ++i) {
      const auto ticks = static_cast<std::int64_t>(unpack_stage_ticks(record.stage(i)));
      moved.set_stage(i, pack_stage_ticks(static_cast<std::uint64_t>(span(ticks))));
    }
  }
  return words_of(moved);
}

namespace {

// create_segment() would move a dead ring to `.previous`, over the one that is there, and remove a
// closed one. That is right for a server, but not for a tool.
bool is_free(const std::string& path, Failure* failure) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) return true;
  Failure none;
  const auto ring = RingFile::open(path, &none);
  *failure = {0, path + ": is there already" +
                     (ring != nullptr ? ": a ring, " + ring->state_word() : "") +
                     "; expected a name that nothing has\n  next: give --ring another name, or " +
                     "remove the file when nobody needs it"};
  make_harmless(path, failure);
  return false;
}

}  // namespace

std::unique_ptr<ReplayedRing> ReplayedRing::create(const RingFile& from, const std::string& name,
                                                   Failure* failure) {
  std::unique_ptr<ReplayedRing> ring(new ReplayedRing(from));
  CreateOptions options;
  options.path = ring_path(name, failure);
  if (options.path.empty()) return nullptr;
  if (!is_free(options.path, failure)) return nullptr;
  options.program = from.facts().program;
  options.build_id = from.facts().build_id;
  options.configuration_digest = from.facts().configuration_digest;
  options.geometry = from.facts().geometry;
  options.slow_clock = true;
  Created created = create_segment(options, ring->self_, failure);
  if (created.segment == nullptr) return nullptr;
  ring->segment_ = std::move(created.segment);
  ring->place_ = created.place;
  ring->remarks_ = std::move(created.remarks);
  ring->writers_.resize(std::size_t{ring->segment_->overflow_lane()} + 1);
  const SegmentHeader& header = ring->segment_->header();
  ring->clock_ = static_cast<ClockKind>(header.clock_kind);
  ring->ticks_per_second_ = header.ticks_per_second != 0
                                ? static_cast<double>(header.ticks_per_second)
                                : measure_ticks_per_second();
  ring->copy_tables();
  ring->copy_counters();
  ring->copy_gauges();
  return ring;
}

ReplayedRing::~ReplayedRing() {
  if (segment_ != nullptr && !left_) leave(false);
}

void ReplayedRing::copy_tables() {
  for (std::uint16_t id = 0; id < kFirstEvent + kMaxEvents; ++id) {
    if (const NameEntry* entry = from_.entry(id)) enter_name(*segment_, id, *entry);
  }
  for (const auto& [code, name] : from_.errors()) enter_error_name(*segment_, code, name);
  for (const LabelEntry& label : all_labels(from_.segment()))
    give_label(*segment_, label.kind, label.id, label.text);
  const Control& switches = from_.segment().control();
  Control& ours = segment_->control();
  for (std::uint32_t id = 0; id < kIdCount; ++id) {
    ours.requested[id].store(switches.requested[id].load(std::memory_order_relaxed));
    ours.effective[id].store(switches.effective[id].load(std::memory_order_relaxed));
  }
  ours.enabled.store(switches.enabled.load(std::memory_order_relaxed) != 0 ? 1 : 0);
}

void ReplayedRing::copy_counters() {
  const SegmentHeader& old = from_.segment().header();
  SegmentHeader& header = segment_->header();
  const auto copy = [](std::atomic<std::uint64_t>& to, const std::atomic<std::uint64_t>& of) {
    to.store(of.load(std::memory_order_relaxed), std::memory_order_relaxed);
  };
  copy(header.untraced_threads, old.untraced_threads);
  copy(header.untraced_records, old.untraced_records);
  copy(header.names_refused, old.names_refused);
  copy(header.names_merged, old.names_merged);
  copy(header.labels_dropped, old.labels_dropped);
  for (std::uint32_t i = 0; i < kMisuseCount; ++i) copy(header.misused[i], old.misused[i]);
}

void ReplayedRing::copy_gauges() {
  const ProcessesLook look = look_at_processes(from_.segment(), from_.facts().death_marked);
  if (!place_.somewhere()) return;
  for (std::uint32_t i = 0; i < kMaxGauges; ++i) {
    std::string name;
    if (!read_gauge_name(from_.segment(), i, &name)) continue;
    const std::uint32_t index = enter_gauge(*segment_, name);
    if (index >= kMaxGauges) continue;
    segment_->processes()[place_.index].gauges[index].store(gauge_value(from_.segment(), look, i),
                                                            std::memory_order_relaxed);
  }
}

// Claimed when it is first written. So a recording that says that all its lanes have memory gets
// only what its records need.
LaneWriter* ReplayedRing::writer(std::uint32_t lane, Failure* failure) {
  LaneWriter& writer = writers_[lane];
  if (writer.slots != nullptr) return &writer;
  const std::string thread = lane_thread_name(from_.segment().lane_header(lane));
  const LaneOwner owner{self_, place_, static_cast<std::uint32_t>(gettid()), thread.c_str()};
  const ClaimedLane claimed = lane == segment_->overflow_lane()
                                  ? claim_overflow(*segment_)
                                  : claim_lane_at(*segment_, lane, owner);
  if (claimed.result != Claim::owned) {
    *failure = {0, path() + ": no memory for lane " + std::to_string(lane) +
                       "\n  next: free space in /dev/shm (df /dev/shm)"};
    return nullptr;
  }
  writer = claimed.writer;
  return &writer;
}

bool ReplayedRing::write(std::uint32_t lane, const RecordWords& record, Failure* failure) {
  LaneWriter* to = writer(lane, failure);
  if (to == nullptr) return false;
  if (lane == segment_->overflow_lane()) {
    write_overflow(*to, record);
  } else {
    write_record(*to, record);
  }
  return true;
}

bool ReplayedRing::finish(const TickShift& shift, Failure* failure) {
  copy_counters();
  copy_gauges();
  TotalsCopy totals;
  for (std::uint32_t lane = 0; lane <= segment_->overflow_lane(); ++lane) {
    const LaneHeader& old = from_.segment().lane_header(lane);
    if (!lane_readable(old)) continue;
    copy_totals(from_.segment().totals(lane), totals);
    for (std::uint16_t id = 0; id < kIdCount; ++id) {
      const std::uint64_t skipped = totals.entries[id].skipped;
      if (skipped == 0) continue;
      const LaneWriter* to = writer(lane, failure);
      if (to == nullptr) return false;
      bump(to->totals[id].skipped, skipped);
    }
    const std::uint64_t torn = old.torn.load(std::memory_order_relaxed);
    const InFlight in_flight = in_flight_of(from_.segment(), lane);
    if (torn == 0 && !in_flight.any) continue;
    if (writer(lane, failure) == nullptr) return false;
    LaneHeader& header = segment_->lane_header(lane);
    header.torn.store(torn, std::memory_order_relaxed);
    if (!in_flight.any) continue;
    header.in_flight.operation.store(in_flight.operation, std::memory_order_relaxed);
    header.in_flight.start.store(shift.at(in_flight.start), std::memory_order_relaxed);
  }
  return true;
}

void ReplayedRing::leave(bool crashed) {
  left_ = true;
  // The kernel marks what this process holds when it ends. So it ends as the server did.
  if (crashed) return;
  for (std::uint32_t lane = 0; lane < segment_->overflow_lane(); ++lane) {
    if (writers_[lane].slots != nullptr) release_lane(*segment_, lane);
  }
  leave_segment(*segment_, place_, true);
}

}  // namespace ringside::tool
