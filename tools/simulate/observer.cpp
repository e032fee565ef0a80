#include "tools/simulate/observer.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "daemon/history/history_recorder.h"
#include "daemon/metrics/ring_metrics_add.h"
#include "report/model/names.h"

namespace ringside::simulate {
namespace {

constexpr const char* kRingName = "chat";
// A lane keeps room for so many unread records.
constexpr std::size_t kKeptRecords = 1024;

// Ticks are nanoseconds of CLOCK_MONOTONIC.
TickScale scale() { return {ClockKind::monotonic, 0, 0, 0}; }

}  // namespace

Observer::Observer(Site& site)
    : site_(site),
      metrics_(std::make_unique<RingMetrics>(options_)),
      created_wall_(site.wall()),
      last_tick_(site.now),
      daemon_began_(site.now),
      daemon_began_wall_(site.wall()) {
  metrics_->observe_from(site_.now);
  name_ids();
  metrics_->set_time(scale(), site_.now, instance_);
  std::promise<RegressionWatch> no_past;
  no_past.set_value(RegressionWatch());
  regressions_.begin(no_past.get_future());
}

void Observer::name_ids() {
  for (std::uint16_t i = 0; i < kOps; ++i) {
    NameEntry entry;
    entry.name = kOpWords[i].name;
    entry.category = kOpWords[i].category;
    std::copy(std::begin(kStageNames), std::end(kStageNames), entry.stages.begin());
    entry.waits_for_client = static_cast<Op>(i) == Op::AWAIT_NEWS;
    metrics_->set_name(id_of(static_cast<Op>(i)), entry);
  }
  for (std::uint16_t i = 0; i < kEvents; ++i)
    metrics_->set_name(id_of(static_cast<Event>(i)), {kEventNames[i], "", {}});
  for (const CodeWord& code : kCodeWords)
    metrics_->set_error_name(static_cast<std::uint16_t>(code.code), code.name);
}

void Observer::pass() {
  metrics_->set_time(scale(), site_.now, instance_);
  for (std::uint32_t lane = 0; lane < Ring::kLanes; ++lane) {
    std::vector<Record>& unread = site_.ring.unread(lane);
    if (unread.empty()) continue;
    std::uint32_t in_batch = 0;
    for (const Record& record : unread) {
      metrics_->add(words_of(record), record.sequence / 2 - 1, lane);
      ++site_.ring.of_id(record.operation).books.read;
      if (++in_batch == RingMetrics::kBatch) {
        metrics_->end_batch(read_of_);
        in_batch = 0;
      }
    }
    metrics_->end_batch(read_of_);
    metrics_->end_run();
    site_.ring.lane_books(lane).read += unread.size();
    unread.clear();
    if (unread.capacity() > kKeptRecords) unread.shrink_to_fit();
  }
  for (std::uint16_t id = 0; id < kFirstEvent + kMaxEvents; ++id) {
    Ring::Totals& totals = site_.ring.of_id(id);
    if (totals.skipped > 0) metrics_->add_skipped(id, std::exchange(totals.skipped, 0));
    if (totals.new_lost > 0) metrics_->add_lost(std::exchange(totals.new_lost, 0));
  }
}

RingMetrics::LivingById Observer::living() const {
  RingMetrics::LivingById living(kIdCount);
  for (std::uint16_t id = 0; id < kFirstEvent + kMaxEvents; ++id) {
    const Ring::Totals& totals = site_.ring.of_id(id);
    living[id] = {totals.count, totals.errors, totals.books};
  }
  return living;
}

RingTimes Observer::times() const {
  RingTimes times{};
  times.now_ns = site_.now;
  times.wall_minus_monotonic_ns = site_.wall_minus_monotonic;
  const ObservedTime& observed = metrics_->observed();
  times.observed_since_ns = observed.going_on() ? observed.since_ns() : site_.now;
  times.observed_before_ns = observed.before_ns();
  return times;
}

Books Observer::books() const {
  Books books = retired_;
  for (std::uint32_t lane = 0; lane < Ring::kLanes; ++lane) books += site_.ring.lane_books(lane);
  return books;
}

// As RingFollower::pulse() makes it.
Pulse Observer::pulse(const Outside& outside) {
  pass();
  RingPulse pulse;
  pulse.ring = kRingName;
  pulse.program = "chatd";
  pulse.state = state_;
  pulse.pid = pid_;
  pulse.crashes_seen = crashes_;
  pulse.books = books();
  pulse.calls = metrics_->calls();
  if (const auto moves = metrics_->latest_event(names::kBreaker, times())) {
    pulse.breaker_opened = moves->errors;
    const auto& move = moves->record;
    if (move && move->start_wall_ns + move->duration_ns >= created_wall_) {
      pulse.breaker_value = move->value;
      pulse.breaker_moved_wall_ns = move->start_wall_ns + move->duration_ns;
    }
  }
  if (state_ == RingState::live) pulse.connections = static_cast<std::int64_t>(outside.connections);
  if (outside.server.up() && site_.conditions.frozen) pulse.stopped_pid = pid_;
  return {{std::move(pulse)}};
}

Snapshot Observer::tick(const Outside& outside) {
  pass();
  Snapshot out;
  out.tick = ++tick_;
  out.wall_ns = site_.wall();
  out.tick_seconds = seconds_of(site_.now - last_tick_);
  metrics_->show(kRingName, living(), times(), out);
  show_ring(outside, out);
  show_lanes(outside.server, out);
  if (outside.server.up()) {
    out.processes.push_back(outside.machine.process(
        site_, outside.connections, outside.server.cpu_seconds(), out.tick_seconds));
    out.processes.back().stopped = site_.conditions.frozen;
  }
  out.host = outside.machine.host(site_);
  out.daemon.version = "simulated";
  out.daemon.pid = 4000;
  out.daemon.started_wall_ns = daemon_began_wall_;
  out.daemon.uptime_seconds = seconds_of(site_.now - daemon_began_);
  out.daemon.restarts = restarts_;
  out.daemon.metrics_bytes = metrics_->bytes();
  out.thresholds = outside.thresholds;
  last_tick_ = site_.now;
  regressions_.fill_in(out);
  hand_over_minutes();
  return out;
}

// As Monitor does it, when the minute's last records have been read. The daemon's incidents are not
// known here, so nothing is left out of what is usual.
void Observer::hand_over_minutes() {
  const Ns minute = (site_.wall() - HistoryRecorder::kSettleNs) / kMinuteNs;
  if (std::exchange(minute_, minute) == minute) return;
  HistorySpan span;
  metrics_->take_minutes(kRingName, site_.wall_minus_monotonic, RingMetrics::TakeMinutes::over,
                         span);
  regressions_.add(span);
}

void Observer::show_ring(const Outside& outside, Snapshot& out) {
  RingView view;
  view.name = kRingName;
  view.path = "/dev/shm/ringside.chat";
  view.program = "chatd";
  view.state = state_;
  view.instance = std::string(31, '0') + static_cast<char>('a' + instance_ % 26);
  view.pid = pid_;
  view.created_wall_ns = created_wall_;
  view.clock = "monotonic";
  view.ticks_per_second = 1e9;
  view.enabled = true;
  view.instances_seen = instance_;
  view.crashes_seen = crashes_;
  view.processes.alive = outside.server.up() ? 1 : 0;
  view.processes.entered = 1;
  if (state_ == RingState::crashed) view.processes.died = 1;
  if (state_ == RingState::closed) view.processes.left = 1;
  view.calls = metrics_->calls();
  view.books = books();
  view.losses = {metrics_->lost(), 0};
  out.books += view.books;
  out.rings.push_back(std::move(view));
  if (state_ != RingState::live) return;
  const auto gauge = [&](const char* name, std::int64_t value, std::int64_t& most) {
    most = std::max(most, value);
    out.gauges.push_back({kRingName, name, value, most});
  };
  gauge("connections", static_cast<std::int64_t>(outside.connections), most_connections_);
  gauge("db_transactions", outside.server.database_now().open_transactions(), most_transactions_);
}

void Observer::show_lanes(const Server& server, Snapshot& out) const {
  const std::vector<Server::Thread> threads = server.threads();
  for (std::uint32_t i = 0; i < Ring::kLanes; ++i) {
    LaneView lane;
    lane.ring = kRingName;
    lane.lane = i;
    lane.state = state_ == RingState::live      ? LaneView::State::owned
                 : state_ == RingState::crashed ? LaneView::State::dead
                                                : LaneView::State::released;
    lane.pid = pid_;
    lane.tid = pid_ + 1 + i;
    lane.thread = threads[i].name;
    lane.generation = instance_;
    if (threads[i].request != nullptr) {
      lane.in_flight = name_of(threads[i].request->op);
      lane.in_flight_wall_ns = threads[i].since + site_.wall_minus_monotonic;
    }
    lane.books = site_.ring.lane_books(i);
    out.lanes.push_back(std::move(lane));
  }
}

void Observer::server_ended(bool crashed) {
  state_ = crashed ? RingState::crashed : RingState::closed;
  if (crashed) ++crashes_;
}

void Observer::server_began(std::uint32_t pid) {
  pass();
  metrics_->retire(living());
  for (std::uint32_t lane = 0; lane < Ring::kLanes; ++lane) retired_ += site_.ring.lane_books(lane);
  site_.ring.begin_instance();
  metrics_->forget_names();
  ++instance_;
  name_ids();
  metrics_->set_time(scale(), site_.now, instance_);
  state_ = RingState::live;
  pid_ = pid;
  created_wall_ = site_.wall();
}

void Observer::save() {
  pass();
  Encoder out;
  metrics_->encode(out, site_.wall_minus_monotonic);
  saved_ = out.take();
}

std::size_t Observer::state_bytes() {
  Encoder out;
  metrics_->encode(out, site_.wall_minus_monotonic);
  return out.take().size();
}

void Observer::restore() {
  metrics_ = std::make_unique<RingMetrics>(options_);
  Decoder in(saved_);
  metrics_->decode(in, slice_of(site_.now), 0);
  // Nothing was overwritten meanwhile: the ring holds minutes.
  metrics_->observe_from(metrics_->observed().until_ns());
  name_ids();
  metrics_->set_time(scale(), site_.now, instance_);
  daemon_began_ = site_.now;
  daemon_began_wall_ = site_.wall();
  last_tick_ = site_.now;
  ++restarts_;
}

}  // namespace ringside::simulate
