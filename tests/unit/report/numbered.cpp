#include "tests/unit/report/numbered.h"

#include <string>

#include "report/model/names.h"
#include "tests/unit/report/sample.h"

namespace sample {
namespace {

using namespace ringside;

constexpr double kSeconds[kWindows] = {5000, 60, 300, 3600};

class Numbers {
 public:
  std::uint64_t next() { return last_ += 7; }
  // A second row of numbers, so that a new field does not move all others.
  std::uint64_t other() { return other_ += 11; }
  std::uint32_t small() { return static_cast<std::uint32_t>(next()); }

 private:
  std::uint64_t last_ = 1000;
  std::uint64_t other_ = 500'000;
};

// Ten thousand spans. p50, p90, p95, p99 and p99.9 each lie in a bucket of their own. The spans are
// `scale` ms and multiples of it.
void fill_latency(WindowStats& stats, std::uint64_t scale) {
  constexpr std::pair<std::uint64_t, std::uint64_t> kSpans[] = {{1, 5000}, {2, 4000}, {4, 500},
                                                                {8, 400},  {16, 90},  {32, 10}};
  for (const auto& [multiple, count] : kSpans) {
    const double ns = static_cast<double>(multiple * scale) * 1e6;
    const int index = bucket_of(static_cast<LatencyUnits>(ns * kUnitsPerNs));
    stats.latency.buckets.push_back({static_cast<std::int16_t>(index), count});
  }
  stats.timed = 10'000;
  stats.min_ns = scale * 900'000;
  stats.max_ns = scale * 32'500'000;
}

WindowStats window_of(Numbers& numbers, std::size_t w, std::uint64_t scale) {
  WindowStats stats;
  stats.seconds = kSeconds[w];
  stats.recorded = 100'000 + numbers.next();
  stats.skipped = numbers.next();
  stats.history = numbers.next();
  stats.errors = numbers.next();
  stats.refused = numbers.next();
  stats.negative = numbers.next();
  for (std::uint64_t& outcome : stats.outcomes) outcome = numbers.next();
  stats.sum_ns = 10'000 * scale * 1'700'000 + numbers.next();
  fill_latency(stats, scale);
  for (std::size_t s = 0; s < 4; ++s) {
    StageStats& stage = stats.stages[s];
    stage.count = numbers.next();
    stage.sum_ns = stats.sum_ns / 8 + numbers.next() * 1000;
    stage.max_ns = numbers.next();
  }
  for (std::size_t s = 4; s < kStages; ++s) {
    stats.stages[s] = {numbers.other(), stats.sum_ns / 16 + numbers.other() * 100, numbers.other()};
  }
  stats.value_sum = static_cast<std::int64_t>(numbers.next());
  return stats;
}

RecordView record_of(Numbers& numbers, const std::string& operation, const std::string& ring) {
  RecordView record;
  record.operation = operation;
  record.ring = ring;
  record.duration_ns = static_cast<std::int64_t>(numbers.next()) * 1'000'003;
  record.start_wall_ns = kNow - static_cast<std::int64_t>(numbers.next()) * kSecond;
  record.outcome = RecordOutcome::timeout;
  record.error = static_cast<std::uint16_t>(numbers.next());
  record.error_name = "LATE";
  record.actor = {PartyKind::user, numbers.next()};
  record.subject = {PartyKind::room, numbers.next()};
  for (std::size_t s = 0; s < kStages; ++s)
    record.stages_ns[s] = s < 4 ? numbers.next() : numbers.other();
  record.value = static_cast<std::int64_t>(numbers.next());
  record.context = "WITHIN";
  record.lane = numbers.small();
  record.position = numbers.next();
  return record;
}

SeriesView series_of(Numbers& numbers, const std::string& name, const std::string& ring,
                     std::uint64_t scale) {
  SeriesView series;
  series.name = name;
  series.ring = ring;
  for (std::size_t w = 0; w < kWindows; ++w) series.windows[w] = window_of(numbers, w, scale);
  for (int i = 0; i < 12; ++i) series.last.push_back(record_of(numbers, name, ring));
  series.last[1].outcome = RecordOutcome::ok;
  series.last[2].untimed = true;
  series.last[3].outcome = RecordOutcome::denied;
  series.server_count = 200'000 + numbers.next();
  series.server_errors = numbers.next();
  series.books = {numbers.next(), numbers.next(), numbers.next(), numbers.next(), numbers.next()};
  return series;
}

void add_ring(Snapshot& snapshot, Numbers& numbers, const std::string& name) {
  RingView ring;
  ring.name = name;
  ring.path = "/dev/shm/ringside." + name;
  ring.program = "server-" + name;
  ring.build_id = "build-of-" + name;
  ring.configuration_digest = "digest-of-" + name;
  ring.state = RingState::live;
  ring.problem = "none to speak of";
  ring.instance = "instance-" + name;
  ring.pid = numbers.small();
  ring.created_wall_ns = kNow - static_cast<std::int64_t>(numbers.next()) * kSecond;
  ring.clock = "tsc";
  ring.ticks_per_second = static_cast<double>(numbers.next()) * 1e6;
  ring.enabled = true;
  ring.sampled = {{"SAMPLED", 97}};
  ring.instances_seen = numbers.next();
  ring.crashes_seen = numbers.next();
  ring.untraced_threads = numbers.next();
  ring.untraced_records = numbers.next();
  ring.names_refused = numbers.next();
  ring.segment_bytes = numbers.next() * 1024;
  ring.books = {numbers.next(), numbers.next(), numbers.next(), numbers.next(), numbers.next()};
  for (std::uint64_t& lost : ring.losses.while_observed) lost = numbers.next();
  ring.losses.before_attach = numbers.next();
  // Figures of their own, which move none of the others.
  std::uint64_t own = 9'000 + 100 * snapshot.rings.size();
  ring.restarts_seen = ++own;
  ring.processes = {own + 1, own + 2, own + 3, own + 4, own + 5, own + 6};
  ring.names_merged = own + 7;
  ring.misused = {own + 8, own + 9, own + 10, own + 11};
  snapshot.rings.push_back(ring);

  for (int i = 0; i < 2; ++i) {
    LaneView lane;
    lane.ring = name;
    lane.lane = numbers.small();
    lane.overflow = i == 1;
    lane.state = i == 1 ? LaneView::State::released : LaneView::State::owned;
    lane.pid = numbers.small();
    lane.tid = numbers.small();
    lane.thread = "worker-" + name;
    lane.generation = numbers.small();
    if (i == 0) {
      lane.in_flight = "SEND_ALL";
      lane.in_flight_wall_ns = kNow - 12'345'678'901;
    }
    lane.books = {numbers.next(), numbers.next(), numbers.next(), numbers.next(), numbers.next()};
    lane.pending = numbers.next();
    snapshot.lanes.push_back(lane);
  }
  for (const char* gauge : {"connections", "db_transactions"}) {
    const auto value = static_cast<std::int64_t>(numbers.next());
    snapshot.gauges.push_back(
        {name, gauge, value, value + static_cast<std::int64_t>(numbers.next())});
  }
  ProcessView process;
  process.ring = name;
  process.pid = numbers.small();
  process.cpu_percent = static_cast<double>(numbers.next()) / 100;
  process.resident_bytes = numbers.next() * 4096;
  process.open_files = numbers.next();
  process.threads = numbers.next();
  process.uptime_seconds = static_cast<double>(numbers.next());
  process.cpu_seconds = static_cast<double>(numbers.next()) / 10;
  snapshot.processes.push_back(process);
}

void add_series(Snapshot& snapshot, Numbers& numbers, const std::string& ring, bool east) {
  std::uint64_t scale = east ? 1 : 7;
  for (const char* name : {"SEND", "SEND_ALL", "SEARCH"}) {
    SeriesView series = series_of(numbers, name, ring, scale++);
    series.category = std::string(name) == "SEARCH" ? "reading" : "writing";
    series.stage_names =
        east ? std::array<std::string, kStages>{"validation", "security", "database",
                                                "delivery",   "audit",    "notify"}
             : std::array<std::string, kStages>{"parse", "", "delivery", "database", "", "flush"};
    snapshot.operations.push_back(series);
  }
  for (int i = 0; i < 4; ++i) {
    SeriesView unseen;
    unseen.name = "UNSEEN_" + std::to_string(i);
    unseen.ring = ring;
    unseen.category = "idle";
    snapshot.operations.push_back(unseen);
  }
  for (const char* category : {"reading", "writing"}) {
    snapshot.categories.push_back(series_of(numbers, category, ring, scale++));
  }
  for (const std::string_view event :
       {names::kRetry, names::kBreaker, names::kRateLimit, names::kDbTransaction, names::kSlowQuery,
        names::kLoginFailed, names::kAuditWrite}) {
    snapshot.events.push_back(series_of(numbers, std::string(event), ring, scale++));
    if (event != names::kBreaker) continue;
    constexpr std::int64_t kMoves[] = {1, 2, 1, 2, 1, 2, 0, 2, 1, 0, 2, 1};  // latest first
    for (std::size_t i = 0; i < 12; ++i) {
      snapshot.events.back().last[i].value = east ? kMoves[i] : kMoves[(i + 1) % 12];
    }
  }
}

void add_errors(Snapshot& snapshot, Numbers& numbers) {
  constexpr std::pair<const char*, RecordOutcome> kErrors[] = {
      {"DATABASE_LOCKED", RecordOutcome::timeout}, {"IP_BLOCKED", RecordOutcome::denied},
      {"ROOM_NOT_FOUND", RecordOutcome::rejected}, {"", RecordOutcome::error},
      {"TOO_MANY", RecordOutcome::limited},        {"GIVEN_UP", RecordOutcome::cancelled}};
  for (const std::string ring : {"east", "west"}) {
    for (const char* operation : {"SEND", "SEND_ALL", "SEARCH"}) {
      std::uint16_t code = 100;
      for (const auto& [name, outcome] : kErrors) {
        ErrorStats error;
        error.code = ++code;
        error.name = name;
        error.ring = ring;
        error.operation = operation;
        error.outcome = outcome;
        for (std::uint64_t& count : error.count) count = numbers.next();
        error.last_wall_ns = kNow - static_cast<std::int64_t>(numbers.next()) * kSecond;
        error.last_actor = {PartyKind::user, numbers.next()};
        snapshot.errors.push_back(error);
      }
    }
  }
}

std::vector<TopEntry> parties_of(Numbers& numbers, PartyKind kind) {
  std::vector<TopEntry> list;
  for (int i = 0; i < 7; ++i) {
    TopEntry entry;
    entry.party = {kind, numbers.next()};
    entry.ring = i % 2 == 0 ? "east" : "west";
    entry.count = numbers.next();
    entry.errors = numbers.next();
    entry.refused = numbers.next();
    entry.time_ns = numbers.next() * 1'000'000;
    entry.weight = numbers.next();
    entry.estimated = i != 1;
    const auto around = [&](std::uint64_t value, std::uint64_t unit) {
      return Interval{value - numbers.next() / 10 * unit, value + numbers.next() * unit};
    };
    entry.count_in = around(entry.count, 1);
    entry.errors_in = i == 2 ? Interval{entry.errors, entry.errors} : around(entry.errors, 1);
    entry.refused_in = around(entry.refused, 1);
    entry.time_in_ns = around(entry.time_ns, 1'000'000);
    list.push_back(entry);
  }
  return list;
}

void add_lists(Snapshot& snapshot, Numbers& numbers) {
  snapshot.actors_by_errors = parties_of(numbers, PartyKind::user);
  snapshot.actors_by_errors[3].errors = snapshot.actors_by_errors[3].refused = 0;
  snapshot.actors_by_errors[0].errors = 0;  // refused ones alone are enough
  snapshot.actors_by_time = parties_of(numbers, PartyKind::session);
  snapshot.subjects_by_errors = parties_of(numbers, PartyKind::message);
  snapshot.subjects_by_time = parties_of(numbers, PartyKind::room);
  snapshot.parties_seconds = static_cast<double>(numbers.next());
  for (int i = 0; i < 7; ++i) {
    const std::string ring = i % 2 == 0 ? "west" : "east";
    snapshot.slowest.push_back(record_of(numbers, "SEND", ring));
    snapshot.slowest_since_start.push_back(record_of(numbers, "SEARCH", ring));
    BlockView block;
    block.ring = ring;
    block.address = {PartyKind::address, numbers.next()};
    block.blocked_wall_ns = kNow - static_cast<std::int64_t>(numbers.next()) * kSecond;
    block.blocks = i == 0 ? 1 : numbers.next();
    block.attempts_before = numbers.next();
    block.turned_away = numbers.next();
    block.got_through = numbers.next();
    snapshot.blocks.push_back(block);
  }
  snapshot.slowest[1].error = 0;
  snapshot.slowest[1].outcome = RecordOutcome::rejected;
}

void add_alerts(Snapshot& snapshot, Numbers& numbers) {
  for (std::int64_t i = 0; i < 45; ++i) {
    AlertTransition transition;
    transition.wall_ns = kNow - (45 - i) * 2000 * kSecond;  // two days and a bit
    transition.id = "id-" + std::to_string(i);
    transition.alert = static_cast<AlertType>(i % 9);
    transition.level = static_cast<AlertLevel>(i % 4);
    transition.state = static_cast<AlertState>(i % 3 + 1);
    transition.operation = i % 2 == 0 ? "SEND" : "";
    transition.figure = "figure-" + std::to_string(i);
    transition.ring = i % 3 == 0 ? "east" : "west";
    transition.value = static_cast<double>(numbers.next());
    transition.threshold = static_cast<double>(numbers.next());
    transition.unit = i % 2 == 0 ? AlertUnit::ms : AlertUnit::connections;
    transition.message = i % 5 == 0 ? "" : "message " + std::to_string(i);
    transition.suspect = "suspect-" + std::to_string(i);
    transition.incident = "incident-" + std::to_string(i);
    snapshot.transitions.push_back(transition);
  }
  for (const std::uint64_t i : {20U, 31U}) {
    IncidentView incident;
    incident.id = "id-" + std::to_string(i);
    incident.cause = snapshot.transitions[i];
    incident.ring = incident.cause.ring;
    incident.level = AlertLevel::warning;
    incident.peak = AlertLevel::emergency;
    incident.began_wall_ns = incident.cause.wall_ns - 5 * kSecond;
    if (i == 31) incident.ended_wall_ns = incident.cause.wall_ns + 60 * kSecond;
    incident.flaps = i + 100;
    incident.symptoms = {"high_latency p95 SEND", "high_connections connections -"};
    incident.operations = {"SEARCH", "SEND"};
    incident.failed_calls = i + 12'000;
    incident.users = i + 300;
    snapshot.incidents.push_back(incident);
  }
  snapshot.transitions_forgotten = numbers.next();
  for (const std::size_t i : {9U, 18U}) {
    snapshot.alerts.push_back({snapshot.transitions[i], snapshot.transitions[i].wall_ns - kSecond});
    snapshot.alerts.back().last.state = AlertState::firing;
  }
}

}  // namespace

Snapshot numbered() {
  Numbers numbers;
  Snapshot snapshot;
  snapshot.tick = numbers.next();
  snapshot.wall_ns = kNow;
  snapshot.tick_seconds = 5.125;
  add_ring(snapshot, numbers, "east");
  add_ring(snapshot, numbers, "west");
  add_series(snapshot, numbers, "east", true);
  add_series(snapshot, numbers, "west", false);
  snapshot.all = series_of(numbers, "all", "", 30);
  add_errors(snapshot, numbers);
  add_lists(snapshot, numbers);
  add_alerts(snapshot, numbers);
  snapshot.books = {70'007, 69'001, 1006, numbers.next(), numbers.next()};
  snapshot.unattributed_lost = numbers.next();
  snapshot.late_records = numbers.next();
  snapshot.host = {1.25, 2.5, 3.75, 11, 61.5, numbers.next() << 20, numbers.next() << 19};
  snapshot.daemon = {"9.8.7",
                     numbers.small(),
                     kNow - 5100 * kSecond,
                     5100.5,
                     kNow - 6000 * kSecond,
                     numbers.next(),
                     0.75,
                     numbers.next() << 12,
                     numbers.next(),
                     numbers.next(),
                     30.5};
  snapshot.regressions = {
      {"east", "SEND_ALL", "database", 23.5, true, "from 1 to 2 ms", RegressionView::Kind::slower,
       kNow - 7200 * kSecond},
      {"west", "", "", 41.5, false, "more slow calls", RegressionView::Kind::mix_shift,
       kNow - 3600 * kSecond, RegressionView::Ending::not_seen}};
  snapshot.regression_watch = {true,
                               false,
                               numbers.next(),
                               numbers.next(),
                               kNow - 9 * 86'400 * kSecond,
                               kNow - 2 * 86'400 * kSecond};
  snapshot.configuration_changed =
      "rings = [\"east\", \"west\"]\n\n[thresholds]\nconnections = 3\n";
  snapshot.configuration = snapshot.configuration_changed + "min_samples = 20\n";
  snapshot.thresholds.response_ns = 3'000'000'000;
  snapshot.thresholds.error_percent = 12.5;
  snapshot.thresholds.memory_bytes = 123'456'789;
  snapshot.thresholds.connections = 5000;
  snapshot.thresholds.min_samples = 33;
  snapshot.thresholds.operations = {{"SEARCH", {45'000'000, -1}}, {"SEND_ALL", {0, 2.5}}};
  return snapshot;
}

}  // namespace sample
