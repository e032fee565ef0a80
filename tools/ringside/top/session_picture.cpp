// What a session knows, as a picture.
#include <algorithm>

#include "report/model/format.h"
#include "shm/words.h"
#include "tools/ringside/lines/record_lines.h"
#include "tools/ringside/top/session.h"

namespace ringside::tool::top {

namespace {

constexpr std::size_t kTrendPoints = 60;
constexpr std::size_t kMostActors = 200;

double share(double part, double whole) { return whole > 0 ? part / whole : 0; }
double as_double(std::uint64_t n) { return static_cast<double>(n); }
std::string code_text(const RingFile& file, std::uint16_t code) {
  const std::string text = escape_visible(error_text(file, code));
  constexpr std::string_view kWord = "error ";
  return text.starts_with(kWord) ? text.substr(kWord.size()) : text;
}

}  // namespace

void Session::fill(const Wish& wish, Picture& picture) {
  picture = {};
  fill_header(wish, picture);
  fill_operations(wish, picture);
  if (wish.lanes) fill_lanes(wish, picture);
  if (wish.errors) fill_errors(wish, picture);
  if (wish.actors) fill_actors(wish, picture);
  if (wish.detail) fill_detail(*wish.detail, wish, picture);
}

void Session::fill_header(const Wish& wish, Picture& picture) const {
  const RingFile& ring = file();
  const SegmentHeader& header = ring.segment().header();
  picture.ring = escape_visible(options_.source);
  picture.program = escape_visible(ring.facts().program);
  picture.state = ring.state();
  picture.recorded = source_.recorded;
  picture.waiting = past_ && was_live_ && !stepped_ && !source_.recorded;
  picture.pid = ring.facts().creator_pid;
  picture.past = past_;
  picture.window_s = wish.window_s;
  picture.seconds = model_.seconds(wish.window_s);
  const TickScale& scale = ring.scale();
  const std::int64_t shown_ns = past_ ? scale.monotonic_ns(at_ticks_) : model_.now_ns();
  picture.wall_ns = ring.wall_ns(scale.ticks_from_ns(shown_ns));
  picture.uptime_ns = subtract_ns(shown_ns, scale.monotonic_ns(ring.facts().anchor_ticks));
  picture.first_wall_ns = past_ ? ring.wall_ns(first_ticks_) : 0;
  picture.last_wall_ns = past_ ? ring.wall_ns(last_ticks_) : 0;
  picture.paused = paused();
  picture.counts = counts();
  picture.shown = shown_;
  picture.filtered = filtered_;
  if (paused()) {
    picture.paused_ns = clock_ns(CLOCK_MONOTONIC) - paused_since_ns_;
    std::uint64_t written = 0;
    for (std::uint32_t lane = 0; lane <= ring.segment().overflow_lane(); ++lane)
      written += ring.segment().lane_header(lane).head.load(std::memory_order_relaxed);
    const RecordCounts& counts = picture.counts;
    const std::uint64_t known = counts.earlier + counts.read + counts.lost;
    picture.unread = written > known ? written - known : 0;
  }
  picture.trend = model_.trend(kIdCount, kTrendPoints);
  picture.untraced_threads = header.untraced_threads.load(std::memory_order_relaxed);
  picture.tracing_off = ring.segment().control().enabled.load(std::memory_order_relaxed) == 0;
  picture.filter = escape_visible(expression_);
  if (!options_.filter.none()) {
    picture.filter = picture.filter.empty() ? "as the command line says"
                                            : picture.filter + " (and the command line's)";
  }
  if (clock_ns(CLOCK_MONOTONIC) < notice_until_ns_) picture.notice = notice_;
}

OperationRow Session::row_of(std::uint16_t id, const WindowStats& stats, double all_ns) const {
  OperationRow row;
  row.id = id;
  row.event = id >= kFirstEvent;
  row.name = escape_visible(file().operation_name(id));
  row.rate = stats.rate();
  row.time_share = share(as_double(stats.sum_ns), all_ns);
  row.busy = share(as_double(stats.sum_ns) / 1e9, stats.seconds);
  row.p50_ns = stats.quantile_ns(0.5);
  row.p95_ns = stats.quantile_ns(0.95);
  row.p99_ns = stats.quantile_ns(0.99);
  row.max_ns = as_double(stats.max_ns);
  if (const NameEntry* entry = file().entry(id))
    row.threshold_ns = static_cast<double>(entry->threshold_ns);
  row.count = stats.recorded;
  row.timed = stats.timed;
  row.errors = stats.errors;
  row.refused = stats.refused;
  row.sampled = file().segment().control().effective[id].load(std::memory_order_relaxed);
  row.trend = model_.trend(id, kTrendPoints);
  return row;
}

void Session::fill_operations(const Wish& wish, Picture& picture) const {
  const TickScale& scale = file().scale();
  std::vector<std::pair<std::uint16_t, WindowStats>> stats;
  double all_ns = 0;
  std::uint64_t count = 0;
  std::uint64_t errors = 0;
  for (std::uint16_t id = 0; id < kIdCount; ++id) {
    if (!model_.has(id)) continue;
    stats.emplace_back(id, model_.window(id, wish.window_s, scale));
    picture.rate += stats.back().second.rate();
    if (id >= kFirstEvent) continue;
    all_ns += as_double(stats.back().second.sum_ns);
    count += stats.back().second.recorded;
    errors += stats.back().second.errors;
  }
  picture.error_share = share(as_double(errors), as_double(count));
  for (const auto& one : stats) picture.operations.push_back(row_of(one.first, one.second, all_ns));
}

CallRow Session::call_of(const Seen& seen) const {
  const Record& record = seen.record;
  const RecordOutcome outcome = outcome_from(record.outcome);
  CallRow call;
  call.time = time_of_day(file().wall_ns(record.end())).substr(0, 12);
  call.place = std::to_string(seen.lane) + ":" + std::to_string(seen.position);
  call.outcome = outcome_word(record.outcome);
  call.failed = is_failure(outcome) || outcome == RecordOutcome::unknown;
  call.refused = !call.failed && outcome != RecordOutcome::ok;
  call.error = code_text(file(), record.error);
  call.actor = actor_text(file(), record, options_.labels);
  call.subject = subject_text(file(), record, options_.labels);
  call.timed = (record.flags & kFlagUntimed) == 0;
  call.duration_ns = static_cast<double>(file().scale().span_ns(record.duration));
  if (record.kind == static_cast<std::uint8_t>(Kind::operation) &&
      (record.flags & kFlagStages) != 0) {
    for (std::size_t i = 0; i < kStageCount; ++i) {
      call.stages_ns[i] = static_cast<double>(
          file().scale().span_ns(static_cast<std::int64_t>(unpack_stage_ticks(record.stage(i)))));
    }
  }
  return call;
}

void Session::fill_detail(std::uint16_t id, const Wish& wish, Picture& picture) const {
  const WindowStats stats = model_.window(id, wish.window_s, file().scale());
  Detail& detail = picture.detail;
  const auto same = std::find_if(picture.operations.begin(), picture.operations.end(),
                                 [&](const OperationRow& row) { return row.id == id; });
  detail.row = same != picture.operations.end() ? *same : row_of(id, stats, 0);
  if (const NameEntry* entry = file().entry(id)) detail.category = escape_visible(entry->category);
  detail.mean_ns = stats.mean_ns();
  detail.min_ns = as_double(stats.min_ns);
  detail.total = model_.total(id);
  detail.latency = stats.latency;
  double marked = 0;
  for (std::size_t i = 0; i < kStages; ++i) {
    const StageStats& stage = stats.stages[i];
    if (stage.count == 0) continue;
    StageRow& row = detail.stages[i];
    row.name = escape_visible(file().stage_name(id, i));
    row.count = stage.count;
    row.share = share(as_double(stage.sum_ns), as_double(stats.sum_ns));
    row.mean_ns = as_double(stage.sum_ns) / as_double(stage.count);
    row.max_ns = as_double(stage.max_ns);
    marked += row.share;
  }
  detail.unmarked_share = marked > 0 ? std::max(0.0, 1 - marked) : 0;
  for (const Seen& seen : model_.recent(id)) detail.recent.push_back(call_of(seen));
  for (const Seen& seen : model_.worst(id, wish.window_s)) detail.worst.push_back(call_of(seen));
}

void Session::fill_lanes(const Wish& wish, Picture& picture) const {
  const Segment& segment = file().segment();
  picture.lane_count = segment.geometry().lane_count;
  const std::uint64_t now = past_ ? last_ticks_ : file().now_ticks();
  for (std::uint32_t i = 0; i <= segment.overflow_lane(); ++i) {
    const LaneHeader& header = segment.lane_header(i);
    if (!lane_readable(header)) continue;
    LaneRow row;
    row.lane = i;
    row.overflow = i == segment.overflow_lane();
    row.life = row.overflow ? "shared" : lane_life_word(header.life());
    row.thread = row.overflow ? "overflow" : escape_visible(lane_thread_name(header));
    row.pid = row.overflow ? 0 : header.owner_pid.load(std::memory_order_relaxed);
    row.tid = row.overflow ? 0 : header.owner_tid.load(std::memory_order_relaxed);
    row.written = header.head.load(std::memory_order_acquire);
    row.dropped = header.dropped.load(std::memory_order_relaxed);
    row.torn = header.torn.load(std::memory_order_relaxed);
    const LaneCounts counts = model_.lane(i, wish.window_s);
    row.rate = counts.rate;
    row.missed = counts.missed;
    const InFlight in_flight = in_flight_of(segment, i);
    if (in_flight.any) {
      row.in_flight = escape_visible(file().operation_name(in_flight.operation));
      row.since_ns = std::max<std::int64_t>(
          0, file().scale().span_ns(static_cast<std::int64_t>(now - in_flight.start)));
    }
    if (row.written > 0 || header.life() == LaneLife::owned) picture.lanes.push_back(row);
  }
}

void Session::fill_errors(const Wish& wish, Picture& picture) const {
  for (const ErrorCount& one : model_.errors(wish.window_s)) {
    const CallRow last = call_of(one.last);
    ErrorRow row;
    row.operation = one.key.operation;
    row.operation_name = escape_visible(file().operation_name(one.key.operation));
    row.outcome = outcome_word(one.key.outcome);
    row.code = code_text(file(), one.key.code);
    row.failure = is_failure(outcome_from(one.key.outcome));
    row.count = one.count;
    row.rate = share(as_double(one.count), picture.seconds);
    row.last_time = last.time;
    row.last_actor = last.actor;
    picture.errors.push_back(row);
  }
  picture.other_errors = model_.other_errors(wish.window_s);
}

void Session::fill_actors(const Wish& wish, Picture& picture) const {
  const auto by = wish.actors_by_failures ? PartyTable::By::failures : PartyTable::By::time;
  double seconds_ns = static_cast<double>(subtract_ns(model_.now_ns(), model_.actors_since_ns()));
  picture.actors_seconds = std::max(0.0, seconds_ns / 1e9);
  double all_ns = 0;
  for (const PartyTable::Row& one : model_.actors(by, kMostActors)) {
    Record record{};
    record.flags = one.key.kind & kFlagActorMask;
    record.actor = one.key.id;
    ActorRow row;
    row.name = actor_text(file(), record, options_.labels);
    row.operations = one.operations.value;
    row.errors = one.errors.value;
    row.refused = one.refused.value;
    row.time_ns = one.time_ns.value;
    row.estimate = !one.exact();
    all_ns += row.time_ns;
    picture.actors.push_back(row);
  }
  for (ActorRow& row : picture.actors) row.time_share = share(row.time_ns, all_ns);
}

}  // namespace ringside::tool::top
