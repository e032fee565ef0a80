// The data itself: what it holds before anybody has filled it in, and the few figures that it
// computes.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <map>
#include <string>

#include "report/model/names.h"
#include "report/model/snapshot.h"

using namespace ringside;

namespace {

bool all_zero(std::initializer_list<double> figures) {
  return std::all_of(figures.begin(), figures.end(), [](double figure) { return figure == 0; });
}

double of(auto figure) { return static_cast<double>(figure); }

bool nobody(const Party& party) { return party.none() && party.id == 0; }

bool all_named(const auto& names) {
  return std::none_of(std::begin(names), std::end(names),
                      [](const char* name) { return name == nullptr || std::strlen(name) == 0; });
}

}  // namespace

TEST_CASE("Model: what nobody has filled in is nothing, nobody, never and off") {
  const Snapshot snapshot;
  CHECK(all_zero({of(snapshot.tick), of(snapshot.wall_ns), snapshot.tick_seconds,
                  snapshot.parties_seconds, of(snapshot.unattributed_lost),
                  of(snapshot.late_records), of(snapshot.transitions_forgotten)}));

  const Books books;
  CHECK(all_zero(
      {of(books.written), of(books.read), of(books.lost), of(books.torn), of(books.rejected)}));

  const RingView ring;
  CHECK(all_zero({of(ring.pid), of(ring.created_wall_ns), ring.ticks_per_second,
                  of(ring.instances_seen), of(ring.crashes_seen), of(ring.untraced_threads),
                  of(ring.untraced_records), of(ring.names_refused), of(ring.segment_bytes),
                  of(ring.losses.before_attach), of(ring.restarts_seen), of(ring.names_merged),
                  of(ring.processes.alive), of(ring.processes.entered), of(ring.processes.left),
                  of(ring.processes.restarted), of(ring.processes.died),
                  of(ring.processes.refused), of(ring.deaths_seen)}));
  CHECK(ring.misused == std::array<std::uint64_t, kMisuses>{});
  CHECK(ring.deaths.empty());
  CHECK(ring.losses.while_observed == std::array<std::uint64_t, kWindows>{});
  CHECK(ring.state == RingState::waiting);
  CHECK_FALSE(ring.enabled);

  const LaneView lane;
  CHECK(
      all_zero({of(lane.lane), of(lane.pid), of(lane.tid), of(lane.generation), of(lane.pending)}));
  CHECK(lane.state == LaneView::State::unknown);
  CHECK_FALSE(lane.overflow);
  const GaugeView gauge;
  CHECK(all_zero({of(gauge.value), of(gauge.max)}));

  const ProcessView process;
  CHECK(process.pid == 0);
  CHECK_FALSE(process.cpu_percent.has_value());
  const DaemonView daemon;
  CHECK(all_zero({of(daemon.pid), of(daemon.started_wall_ns), daemon.uptime_seconds,
                  of(daemon.state_since_wall_ns), of(daemon.restarts), of(daemon.metrics_bytes),
                  of(daemon.passes)}));

  const AlertView alert;
  CHECK(all_zero(
      {of(alert.since_wall_ns), of(alert.last.wall_ns), alert.last.value, alert.last.threshold}));
  CHECK_FALSE(alert.active());
}

TEST_CASE("Model: a series that nobody has filled in has no calls, errors, parties or blocks") {
  const RecordView record;
  CHECK(all_zero({of(record.start_wall_ns), of(record.duration_ns), of(record.error),
                  of(record.value), of(record.lane), of(record.position), of(record.instance),
                  of(record.end_ticks), of(record.end_monotonic_ns)}));
  CHECK(record.stages_ns == std::array<std::uint64_t, kStages>{});
  CHECK_FALSE(record.untimed);
  CHECK(nobody(record.actor));
  CHECK(nobody(record.subject));

  const ErrorStats error;
  CHECK(all_zero({of(error.code), of(error.last_wall_ns)}));
  CHECK(error.count == std::array<std::uint64_t, kWindows>{});
  CHECK(nobody(error.last_actor));
  const SeriesView series;
  CHECK(all_zero({of(series.server_count), of(series.server_errors)}));

  const TopEntry top;
  CHECK(
      all_zero({of(top.count), of(top.errors), of(top.refused), of(top.time_ns), of(top.weight)}));
  for (const Interval& interval : {top.count_in, top.errors_in, top.refused_in, top.time_in_ns})
    CHECK(all_zero({of(interval.low), of(interval.high)}));
  CHECK_FALSE(top.estimated);
  CHECK(nobody(top.party));
  const BlockView block;
  CHECK(all_zero({of(block.blocked_wall_ns), of(block.blocks), of(block.attempts_before),
                  of(block.turned_away), of(block.got_through)}));

  const StageStats stage;
  CHECK(all_zero({of(stage.count), of(stage.sum_ns), of(stage.max_ns)}));
  const WindowStats stats;
  CHECK(all_zero({stats.seconds, of(stats.recorded), of(stats.skipped), of(stats.history),
                  of(stats.errors), of(stats.refused), of(stats.timed), of(stats.negative),
                  of(stats.sum_ns), of(stats.min_ns), of(stats.max_ns), of(stats.value_sum)}));
  CHECK(stats.outcomes == std::array<std::uint64_t, kOutcomes>{});
  CHECK(Histogram::Bucket{} == Histogram::Bucket{0, 0});
}

TEST_CASE("Model: a window's figures are of what it holds, and 0 where it holds nothing") {
  WindowStats stats;
  CHECK(all_zero({of(stats.count()), stats.rate(), stats.error_rate(), stats.mean_ns()}));
  stats.recorded = 30;
  stats.skipped = 12;
  stats.history = 22;
  CHECK(stats.count() == 42);
  CHECK(stats.rate() == 0);  // no time was observed yet
  stats.seconds = 0.5;
  CHECK(stats.rate() == 40);  // what was there before the daemon came is in no rate
  stats.seconds = 4;
  CHECK(stats.rate() == 5);
  stats.errors = 21;
  CHECK(stats.error_rate() == 0.5);
  stats.timed = 1;
  stats.sum_ns = 700;
  CHECK(stats.mean_ns() == 700);
  stats.timed = 4;
  CHECK(stats.mean_ns() == 175);
  WindowStats one;
  one.recorded = one.errors = 1;
  CHECK(one.error_rate() == 1);
}

TEST_CASE("Model: books are added up figure by figure, and balance when nothing is missing") {
  Books sum{10, 20, 30, 40, 50};
  sum += Books{1, 2, 3, 4, 5};
  sum += Books{600, 700, 800, 900, 1000};
  CHECK(sum.written == 611);
  CHECK(sum.read == 722);
  CHECK(sum.lost == 833);
  CHECK(sum.torn == 944);
  CHECK(sum.rejected == 1055);
  CHECK_FALSE(sum.balance());
  CHECK(Books{12, 7, 5, 99, 3}.balance());
  CHECK_FALSE(Books{2, 7, 5, 0, 0}.balance());
  CHECK(&(sum += Books{}) == &sum);
}

TEST_CASE("Thresholds: the shipped ones") {
  const Thresholds shipped;
  CHECK(shipped.response_ns == 1'000'000'000);
  CHECK(shipped.error_percent == 5);
  CHECK(shipped.memory_bytes == 1'073'741'824);
  CHECK(shipped.connections == 1000);
  CHECK(shipped.min_samples == 20);
  const std::map<std::string, OperationThresholds> own = {{"SEND_MESSAGE", {200'000'000, -1}},
                                                          {"CREATE_ROOM", {500'000'000, -1}}};
  CHECK(shipped.operations == own);
  CHECK(OperationThresholds{} == OperationThresholds{0, -1});
}

TEST_CASE(
    "Thresholds: an operation's own goes first, and 0 is an error rate but no response time") {
  Thresholds thresholds;
  thresholds.response_ns = 77;
  thresholds.error_percent = 7;
  thresholds.operations = {{"OWN", {1, 0.5}}, {"ZERO", {0, 0}}, {"NONE", {-1, -1}}};
  CHECK(thresholds.response_of("OWN") == 1);
  CHECK(thresholds.error_percent_of("OWN") == 0.5);
  CHECK(thresholds.response_of("ZERO") == 77);
  CHECK(thresholds.error_percent_of("ZERO") == 0);
  for (const char* name : {"NONE", "OTHER", ""}) {
    CAPTURE(name);
    CHECK(thresholds.response_of(name) == 77);
    CHECK(thresholds.error_percent_of(name) == 7);
  }
}

TEST_CASE("Names: each value has its own, and no list has a gap") {
  CHECK(all_named(kAlertTypeNames));
  CHECK(all_named(kAlertLevelNames));
  CHECK(all_named(kAlertStateNames));
  CHECK(all_named(kAlertUnitNames));
  CHECK(all_named(kRingStateNames));
  CHECK(all_named(kOutcomeNames));
  CHECK(all_named(kPartyKindNames));
  CHECK(all_named(kWindowNames));
  CHECK(name_of(AlertType::server_down) == std::string("server_down"));
  CHECK(name_of(RingState::refused) == std::string("refused"));
  CHECK(name_of(LaneView::State::never) == std::string("never"));
  CHECK(name_of(LaneView::State::unknown) == std::string("unknown"));
  CHECK(name_of(PartyKind::message) == std::string("message"));
}

TEST_CASE(
    "Names: a number that is no outcome is unknown, and no outcome is both fault and refusal") {
  struct Case {
    std::uint64_t number;
    const char* name;
    bool failure, refusal;
  };
  const Case cases[] = {
      {0, "ok", false, false},        {1, "error", true, false},
      {2, "timeout", true, false},    {3, "rejected", false, true},
      {4, "denied", false, true},     {5, "limited", false, true},
      {6, "cancelled", false, false}, {7, "unknown", false, false},
      {8, "unknown", false, false},   {~std::uint64_t{0}, "unknown", false, false}};
  for (const Case& one : cases) {
    const RecordOutcome outcome = outcome_from(one.number);
    CAPTURE(one.number);
    CHECK(name_of(outcome) == std::string(one.name));
    CHECK(is_failure(outcome) == one.failure);
    CHECK(is_refusal(outcome) == one.refusal);
  }
}

TEST_CASE("Names: a circuit breaker has three states, and other numbers are none") {
  CHECK(breaker_state_from(0) == BreakerState::closed);
  CHECK(breaker_state_from(1) == BreakerState::open);
  CHECK(breaker_state_from(2) == BreakerState::half_open);
  for (const std::int64_t other : {INT64_MIN, std::int64_t{-1}, std::int64_t{3}, INT64_MAX})
    CHECK_FALSE(breaker_state_from(other).has_value());
  CHECK(kBreakerStates == 3);
}

TEST_CASE("Alerts: one is active while it fires or recovers, a ring is live in one state alone") {
  AlertView alert;
  RingView ring;
  for (const auto& [state, active] :
       {std::pair(AlertState::pending, false), std::pair(AlertState::firing, true),
        std::pair(AlertState::recovering, true), std::pair(AlertState::resolved, false)}) {
    alert.last.state = state;
    CHECK(alert.active() == active);
  }
  for (const RingState state : {RingState::waiting, RingState::live, RingState::crashed,
                                RingState::closed, RingState::refused}) {
    ring.state = state;
    CHECK(ring.live() == (state == RingState::live));
  }
}
