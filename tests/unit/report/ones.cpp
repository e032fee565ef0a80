#include "tests/unit/report/ones.h"

#include <string>

#include "report/model/names.h"
#include "tests/unit/report/sample.h"

namespace sample {
namespace {

using namespace ringside;

const Party kAda{PartyKind::user, 1};
const Party kHall{PartyKind::room, 1};

RecordView one_record(const std::string& name) {
  RecordView record;
  record.operation = name;
  record.start_wall_ns = kNow - 2;
  record.duration_ns = 1;
  record.outcome = RecordOutcome::error;
  record.error = 1;
  record.error_name = "LATE";
  record.actor = kAda;
  record.subject = kHall;
  record.stages_ns[0] = 1;
  record.value = 1;
  record.context = "SEND";
  record.ring = "chat";
  record.lane = 1;
  record.position = 1;
  return record;
}

SeriesView one_series(const std::string& name) {
  SeriesView series;
  series.name = name;
  series.ring = "chat";
  for (WindowStats& stats : series.windows) {
    stats.seconds = 1;
    stats.recorded = stats.errors = stats.timed = stats.negative = 1;
    stats.outcomes[1] = 1;
    stats.sum_ns = stats.min_ns = stats.max_ns = 1;
    stats.latency.buckets = {{-956, 1}};  // up to 1.015 ns
    stats.stages[0] = {1, 1, 1};
    stats.value_sum = 1;
  }
  series.last = {one_record(name)};
  series.server_count = series.server_errors = 1;
  series.books = {1, 1, 0, 1, 1};
  return series;
}

TopEntry one_entry(const Party& party) {
  TopEntry entry;
  entry.party = party;
  entry.ring = "chat";
  entry.count = entry.errors = entry.refused = entry.time_ns = entry.weight = 1;
  entry.estimated = true;
  entry.count_in = entry.refused_in = {1, 1};
  entry.errors_in = entry.time_in_ns = {0, 1};
  return entry;
}

void add_one_ring(Snapshot& snapshot) {
  RingView ring;
  ring.name = "chat";
  ring.path = "/dev/shm/chat";
  ring.program = "server";
  ring.state = RingState::live;
  ring.instance = "1";
  ring.pid = 1;
  ring.created_wall_ns = 1;
  ring.clock = "tsc";
  ring.ticks_per_second = 1;
  ring.enabled = true;
  ring.sampled = {{"a", 1}};
  ring.instances_seen = ring.crashes_seen = ring.segment_bytes = 1;
  ring.untraced_threads = ring.untraced_records = ring.names_refused = 1;
  ring.names_merged = ring.restarts_seen = 1;
  ring.processes = {1, 1, 1, 1, 1, 1};
  ring.misused = {1, 1, 1, 1};
  ring.books = {2, 1, 1, 1, 1};
  ring.losses = {{1, 1, 1, 1}, 1};
  snapshot.rings = {ring};
  LaneView lane;
  lane.ring = "chat";
  lane.lane = lane.pid = lane.tid = lane.generation = 1;
  lane.overflow = true;
  lane.state = LaneView::State::owned;
  lane.thread = "main";
  lane.books = {2, 1, 1, 1, 1};
  lane.pending = 1;
  snapshot.lanes = {lane};
  snapshot.gauges = {{"chat", "connections", 1, 1}};
  snapshot.processes = {{"chat", 1, 1.0, 1, 1, 1, 1.0, 1.0}};
}

}  // namespace

Snapshot ones() {
  Snapshot snapshot;
  snapshot.tick = 1;
  snapshot.wall_ns = kNow;
  snapshot.tick_seconds = 1;
  add_one_ring(snapshot);
  snapshot.operations = {one_series("SEND")};
  snapshot.operations[0].category = "writing";
  snapshot.operations[0].stage_names[0] = "security";
  snapshot.categories = {one_series("writing")};
  snapshot.all = one_series("all");
  snapshot.all.ring.clear();
  for (const auto name : {names::kBreaker, names::kRateLimit, names::kDbTransaction,
                          names::kSlowQuery, names::kAuditWrite})
    snapshot.events.push_back(one_series(std::string(name)));
  snapshot.errors = {{1, "LATE", "chat", "SEND", RecordOutcome::error, {1, 1, 1, 1}, 1, kAda}};
  snapshot.actors_by_errors = snapshot.actors_by_time = {one_entry(kAda)};
  snapshot.subjects_by_errors = snapshot.subjects_by_time = {one_entry(kHall)};
  snapshot.parties_seconds = 1;
  snapshot.slowest = snapshot.slowest_since_start = {one_record("SEND")};
  snapshot.blocks = {{"chat", {PartyKind::address, 1}, 1, 1, 1, 1, 1}};
  snapshot.books = {2, 1, 1, 1, 1};
  snapshot.unattributed_lost = snapshot.late_records = 1;
  snapshot.host = {1.0, 1.0, 1.0, 1, 1.0, 1, 1};
  snapshot.daemon = {"1", 1, 1, 1, 1, 1, 1.0, 1, 1, 1, 1.0};
  AlertTransition transition;
  transition.wall_ns = 1;
  transition.id = "1";
  transition.alert = AlertType::high_error_rate;
  transition.level = AlertLevel::warning;
  transition.state = AlertState::firing;
  transition.operation = "SEND";
  transition.ring = "chat";
  transition.value = transition.threshold = 1;
  transition.unit = AlertUnit::percent;
  transition.message = "é";
  snapshot.transitions = {transition};
  snapshot.alerts = {{transition, 1}};
  snapshot.transitions_forgotten = 1;
  snapshot.configuration = "a = 1\nb = 2";
  snapshot.configuration_changed = "a = 1";
  snapshot.thresholds = {1, 0.5, 1, 1, 1, {{"SEND", {1, 0}}, {"SEARCH", {0, 0.5}}}};
  return snapshot;
}

}  // namespace sample
