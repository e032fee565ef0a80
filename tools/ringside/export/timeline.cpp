#include "tools/ringside/export/timeline.h"

#include <algorithm>
#include <cstddef>

#include "shm/label_kind.h"

namespace ringside::tool {

namespace {

// Flows that wait for their next call, by user and subject. A place that another pair needs is
// given away: a flow may be missing then, and none is wrong.
constexpr std::size_t kWaiting = std::size_t{1} << 16;

struct Waiting {
  std::uint64_t actor = 0;
  std::uint64_t subject = 0;
  std::uint16_t kinds = 0;  // of both
  std::uint32_t item = UINT32_MAX;
};

// Multipliers of SplitMix64. The upper bits depend on all of both numbers.
std::size_t place_of(std::uint64_t actor, std::uint64_t subject) {
  const std::uint64_t mixed = (actor * 0x9e3779b97f4a7c15ULL ^ subject) * 0xbf58476d1ce4e5b9ULL;
  return (mixed ^ mixed >> 32) % kWaiting;
}

// Ticks that are garbage may be at any time.
std::int64_t believable_ns(std::int64_t ns) {
  return std::clamp<std::int64_t>(ns, 0, kUnfinished - 1);
}

bool is_operation(const Record& record) {
  return record.kind == static_cast<std::uint8_t>(Kind::operation);
}

}  // namespace

Timeline::Timeline(const RingFile& file, std::vector<Seen> records,
                   const std::vector<Seen>& unfinished)
    : file_(file), records_(std::move(records)) {
  const std::size_t finished = records_.size();
  records_.insert(records_.end(), unfinished.begin(), unfinished.end());
  items_.resize(records_.size());
  std::vector<bool> lanes(std::size_t{file.segment().overflow_lane()} + 1);
  for (std::size_t i = 0; i < records_.size(); ++i) {
    const Record& record = records_[i].record;
    TimelineItem& item = items_[i];
    item.record = static_cast<std::uint32_t>(i);
    item.begin_ns = believable_ns(file.scale().monotonic_ns(record.start));
    item.end_ns = item.begin_ns;
    lanes[records_[i].lane] = true;
    if (i >= finished) {
      item.end_ns = kUnfinished;
      continue;
    }
    const std::int64_t span_ns = file.scale().span_ns(record.duration);
    // An operation that took less than a tick is still a slice.
    item.instant = (record.flags & kFlagUntimed) != 0 || record.duration < 0 ||
                   (record.duration == 0 && !is_operation(record));
    if (!item.instant) item.end_ns = std::min(add_ns(item.begin_ns, span_ns), kUnfinished - 1);
  }
  for (std::uint32_t lane = 0; lane < lanes.size(); ++lane)
    if (lanes[lane]) lanes_.push_back(lane);
  std::sort(items_.begin(), items_.end(), [](const TimelineItem& a, const TimelineItem& b) {
    if (a.begin_ns != b.begin_ns) return a.begin_ns < b.begin_ns;
    if (a.end_ns != b.end_ns) return a.end_ns > b.end_ns;
    return a.record < b.record;
  });
  find_flows();
}

void Timeline::find_flows() {
  std::vector<Waiting> waiting(kWaiting);
  for (std::uint32_t i = 0; i < items_.size(); ++i) {
    const Seen& seen = records_[items_[i].record];
    const Record& record = seen.record;
    const LabelKind on = label_kind_of(record.subject_kind());
    const LabelKind by = label_kind_of(record.actor_kind());
    if (!is_operation(record) || by == LabelKind::none ||
        (on != LabelKind::room && on != LabelKind::message)) {
      continue;
    }
    const auto kinds =
        static_cast<std::uint16_t>(static_cast<unsigned>(by) << 8 | static_cast<unsigned>(on));
    Waiting& last = waiting[place_of(record.actor, record.subject)];
    if (last.item != UINT32_MAX && last.actor == record.actor && last.subject == record.subject &&
        last.kinds == kinds) {
      TimelineItem& from = items_[last.item];
      TimelineItem& to = items_[i];
      const bool soon = to.begin_ns > from.begin_ns && to.begin_ns >= from.end_ns &&
                        to.begin_ns - from.end_ns <= kFlowNs;
      if (soon && records_[from.record].lane != seen.lane) from.flow_out = to.flow_in = ++flows_;
    }
    last = {record.actor, record.subject, kinds, i};
  }
}

Span Timeline::span_of(std::uint32_t item) const {
  const TimelineItem& one = items_[item];
  Span span;
  span.begin_ns = one.begin_ns;
  span.end_ns = one.end_ns;
  span.item = item;
  span.instant = one.instant;
  const Record& record = records_[one.record].record;
  if (span.instant || !is_operation(record) || (record.flags & kFlagStages) == 0) return span;
  std::uint64_t passed = 0;
  for (std::size_t i = 0; i < kStageCount; ++i) {
    const std::uint64_t ticks = unpack_stage_ticks(record.stage(i));
    if (ticks == 0) continue;
    // The sum of six stages has 50 bits at most.
    passed += ticks;
    const std::int64_t ends =
        add_ns(one.begin_ns, file_.scale().span_ns(static_cast<std::int64_t>(passed)));
    span.stage[span.stages] = static_cast<std::uint8_t>(i);
    span.stage_end_ns[span.stages++] = std::min(ends, one.end_ns);
  }
  return span;
}

void Timeline::play(const Take& take) const {
  std::vector<LaneTracks> tracks(std::size_t{file_.segment().overflow_lane()} + 1);
  std::vector<TrackMark> marks;
  for (std::uint32_t i = 0; i < items_.size(); ++i) {
    const std::uint32_t lane = records_[items_[i].record].lane;
    marks.clear();
    tracks[lane].add(span_of(i), marks);
    if (!take(lane, marks)) return;
  }
  for (const std::uint32_t lane : lanes_) {
    marks.clear();
    tracks[lane].finish(marks);
    if (!take(lane, marks)) return;
  }
}

std::vector<Seen> unfinished_of(const RingFile& file) {
  std::vector<Seen> out;
  if (file.state() != RingState::crashed) return out;
  const Segment& segment = file.segment();
  for (std::uint32_t i = 0; i < segment.overflow_lane(); ++i) {
    const LaneHeader& header = segment.lane_header(i);
    if (!lane_readable(header)) continue;
    const InFlight in_flight = in_flight_of(segment, i);
    if (!in_flight.any || in_flight.operation >= kFirstEvent) continue;
    Seen& seen = out.emplace_back();
    seen.lane = i;
    seen.position = header.head.load(std::memory_order_acquire);
    seen.record.start = in_flight.start;
    seen.record.operation = in_flight.operation;
    seen.record.kind = static_cast<std::uint8_t>(Kind::operation);
    seen.record.flags = kFlagUntimed;
  }
  return out;
}

}  // namespace ringside::tool
