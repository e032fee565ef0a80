// What the snapshot shows of a ring: the ring itself, its lanes and its gauges. Another process
// wrote everything in the segment, so any value is possible.
#include <algorithm>
#include <cstdio>
#include <string_view>

#include "daemon/rings/ring_follower.h"
#include "report/model/names.h"
#include "shm/in_flight.h"
#include "shm/processes.h"
#include "shm/words.h"

namespace ringside {

namespace {

constexpr bool misuses_named_alike() {
  for (std::size_t i = 0; i < kMisuses; ++i) {
    if (std::string_view(kMisuseNames[i]) != kMisuseWords[i].word) return false;
  }
  return kMisuses == kMisuseCount;
}
static_assert(misuses_named_alike());

std::string hex(const RingInstance& words) {
  char text[40];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(words[0]),
                static_cast<unsigned long long>(words[1]));
  return text;
}

LaneView::State lane_state_from(LaneLife life) {
  switch (life) {
    case LaneLife::never: return LaneView::State::never;
    case LaneLife::claiming: return LaneView::State::claiming;
    case LaneLife::owned: return LaneView::State::owned;
    case LaneLife::released: return LaneView::State::released;
    case LaneLife::dead: break;
  }
  return LaneView::State::dead;
}

// A file that was cut off reads as zeros.
std::vector<SampledView> sampled_in(const Segment& segment) {
  std::vector<SampledView> sampled;
  for (std::uint32_t id = 0; id < kIdCount; ++id) {
    const std::uint32_t one_in = segment.control().requested[id].load(std::memory_order_relaxed);
    NameEntry name;
    if (one_in != 1 && read_name(segment, static_cast<std::uint16_t>(id), &name))
      sampled.push_back({name.name, one_in});
  }
  if (segment.broken()) sampled.clear();
  return sampled;
}

}  // namespace

void RingFollower::tick(const Instant& now, Snapshot& out) {
  if (segment_ != nullptr) {
    refresh_names();
    lanes_.settle(*segment_, Writers::at_work, metrics_);
    if (!segment_->broken()) processes_.look(*segment_, facts_);
  } else {
    metrics_.align(now.realtime_ns - now.monotonic_ns);
    metrics_.set_time(scale_, now.monotonic_ns, instance_number_);
  }
  metrics_.show(ring_.name, lanes_.living(), times(now), out);
  show_ring(now, out);
  show_gauges(out);
  show_lanes(now, out);
}

void RingFollower::take_minutes(const Instant& now, RingMetrics::TakeMinutes which,
                                HistorySpan& out) {
  metrics_.take_minutes(ring_.name, now.realtime_ns - now.monotonic_ns, which, out);
}

RingTimes RingFollower::times(const Instant& now) const {
  RingTimes times;
  times.now_ns = now.monotonic_ns;
  times.wall_minus_monotonic_ns = now.realtime_ns - now.monotonic_ns;
  const ObservedTime& observed = metrics_.observed();
  times.observed_since_ns = observed.going_on() ? observed.since_ns() : now.monotonic_ns;
  times.observed_before_ns = observed.before_ns();
  return times;
}

void RingFollower::show_ring(const Instant& now, Snapshot& out) const {
  RingView view;
  view.name = ring_.name;
  view.path = ring_.path;
  view.problem = standing_.empty() ? problem_ : standing_;
  view.state = state_;
  if (instance_number_ > 0) view.instance = hex(instance_);
  if (facts_known()) {
    view.program = facts_.program;
    view.build_id = facts_.build_id;
    view.configuration_digest = facts_.configuration_digest;
    view.pid = facts_.creator_pid;
    view.created_wall_ns = created_wall_ns(now);
    view.clock = clock_name(facts_.clock);
    view.ticks_per_second = scale_.ticks_per_second();
    view.segment_bytes = facts_.geometry.segment_bytes();
  }
  view.instances_seen = instance_number_;
  view.crashes_seen = crashes_;
  view.restarts_seen = restarts_;
  processes_.show(view);
  if (missed_ > 0 && view.problem.empty()) {
    view.problem =
        std::to_string(missed_) + " under this name came and went before they could be read";
  }
  if (segment_ != nullptr) {
    const SegmentHeader& header = segment_->header();
    view.enabled = segment_->control().enabled.load(std::memory_order_relaxed) != 0;
    view.sampled = sampled_in(*segment_);
    view.untraced_threads = header.untraced_threads.load(std::memory_order_relaxed);
    view.untraced_records = header.untraced_records.load(std::memory_order_relaxed);
    view.names_refused = header.names_refused.load(std::memory_order_relaxed);
    view.names_merged = header.names_merged.load(std::memory_order_relaxed);
    for (std::uint32_t i = 0; i < kMisuseCount; ++i)
      view.misused[i] = header.misused[i].load(std::memory_order_relaxed);
  }
  view.calls = metrics_.calls();
  view.books = books();
  view.losses = {metrics_.lost(), lost_before_attach_};
  const std::uint64_t attributed = metrics_.retired_lost() + lanes_.settled_lost();
  out.unattributed_lost += view.books.lost - std::min(view.books.lost, attributed);
  out.books += view.books;
  out.rings.push_back(std::move(view));
}

RingPulse RingFollower::pulse(const Instant& now) const {
  RingPulse pulse;
  pulse.ring = ring_.name;
  pulse.state = state_;
  pulse.problem = standing_.empty() ? problem_ : standing_;
  if (facts_known()) {
    pulse.program = facts_.program;
    pulse.pid = facts_.creator_pid;
  }
  pulse.crashes_seen = crashes_;
  pulse.books = books();
  pulse.calls = metrics_.calls();
  if (const auto moves = metrics_.latest_event(names::kBreaker, times(now))) {
    pulse.breaker_opened = moves->errors;
    const auto& move = moves->record;
    const std::int64_t moved_ns =
        move ? add_ns(move->start_wall_ns, std::max<std::int64_t>(move->duration_ns, 0)) : 0;
    if (move && facts_known() && moved_ns >= created_wall_ns(now)) {
      pulse.breaker_value = move->value;
      pulse.breaker_moved_wall_ns = moved_ns;
    }
  }
  if (segment_ == nullptr || segment_->broken()) return pulse;
  pulse.untraced_records = segment_->header().untraced_records.load(std::memory_order_relaxed);
  for (std::uint32_t i = 0; i < kMaxGauges; ++i) {
    std::string name;
    if (!read_gauge_name(*segment_, i, &name) || name != names::kConnections) continue;
    pulse.connections =
        gauge_value(*segment_, look_at_processes(*segment_, facts_.death_marked), i);
    break;
  }
  return pulse;
}

void RingFollower::show_gauges(Snapshot& out) {
  if (segment_ == nullptr) return;
  const ProcessesLook processes = look_at_processes(*segment_, facts_.death_marked);
  for (std::uint32_t i = 0; i < kMaxGauges; ++i) {
    GaugeView gauge;
    if (!read_gauge_name(*segment_, i, &gauge.name)) continue;
    gauge.ring = ring_.name;
    gauge.value = gauge_value(*segment_, processes, i);
    auto& [name, most] = gauge_max_[i];
    most = name == gauge.name ? std::max(most, gauge.value) : gauge.value;
    name = gauge.name;
    gauge.max = most;
    out.gauges.push_back(std::move(gauge));
  }
}

// Only for lanes whose thread lives, or died with its operation.
void RingFollower::show_in_flight(const Segment& segment, const LaneHeader& header,
                                  const Instant& now, LaneView& lane) const {
  const bool held = lane.state == LaneView::State::owned || lane.state == LaneView::State::dead;
  const InFlight in_flight = held && !lane.overflow ? in_flight_of(header) : InFlight{};
  if (!in_flight.any || !scale_.known()) return;
  NameEntry name;
  lane.in_flight = read_name(segment, in_flight.operation, &name)
                       ? name.name
                       : "operation-" + std::to_string(in_flight.operation & (kIdCount - 1));
  lane.in_flight_wall_ns = add_ns(scale_.monotonic_ns(in_flight.start),
                                  subtract_ns(now.realtime_ns, now.monotonic_ns));
}

void RingFollower::show_lanes(const Instant& now, Snapshot& out) const {
  for (std::uint32_t i = 0; i < lanes_.size(); ++i) {
    if (lanes_.at(i) == nullptr) continue;
    LaneView lane;
    lane.ring = ring_.name;
    lane.lane = i;
    lane.overflow = i + 1 == lanes_.size();
    if (segment_ != nullptr) {
      const LaneHeader& header = segment_->lane_header(i);
      lane.state = lane.overflow ? LaneView::State::owned : lane_state_from(header.life());
      lane.pid = header.owner_pid.load(std::memory_order_relaxed);
      lane.generation = header.generation.load(std::memory_order_relaxed);
      lane.tid = header.owner_tid.load(std::memory_order_relaxed);
      lane.thread = lane_thread_name(header);
      show_in_flight(*segment_, header, now, lane);
    }
    lane.books = lanes_.at(i)->books(segment_.get(), i);
    lane.pending = lanes_.at(i)->cursor().holes.size();
    out.lanes.push_back(std::move(lane));
  }
}

}  // namespace ringside
