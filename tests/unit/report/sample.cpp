#include "tests/unit/report/sample.h"

#include <cmath>
#include <string>

#include "tests/unit/report/sample_builder.h"

namespace sample {
namespace {

constexpr std::int64_t kStart = kNow - 843 * kSecond;

struct Operation {
  const char* name;
  const char* category;
  double per_second;
  double median_us;
  double spread;  // sigma of the log-normal
  bool writes;
  double shares[kStages];  // of validation, security, database, delivery
};

constexpr Operation kOperations[] = {
    {"CREATE_ROOM", "room", 0.4, 2100, 0.5, true, {.01, .04, .90, .05}},
    {"JOIN_ROOM", "room", 2, 1900, 0.5, true, {.01, .04, .85, .10}},
    {"LEAVE_ROOM", "room", 1, 1700, 0.5, true, {.01, .04, .88, .07}},
    {"LIST_ROOMS", "room", 3, 420, 0.6, false, {.02, .10, .80, .08}},
    {"SEND_MESSAGE", "message", 22, 1450, 0.55, true, {.02, .05, .75, .18}},
    {"DIRECT_MESSAGE", "message", 4, 1500, 0.55, true, {.02, .05, .78, .15}},
    {"EDIT_MESSAGE", "message", 1, 1600, 0.5, true, {.02, .05, .80, .13}},
    {"DELETE_MESSAGE", "message", 0.3, 1550, 0.5, true, {.02, .05, .80, .13}},
    {"INVITE_USER", "invitation", 0.2, 1800, 0.5, true, {.02, .05, .80, .13}},
    {"ACCEPT_INVITATION", "invitation", 0.1, 1900, 0.5, true, {.02, .05, .80, .13}},
    {"DECLINE_INVITATION", "invitation", 0.02, 1700, 0.5, true, {.02, .05, .80, .13}},
    {"LIST_INVITATIONS", "invitation", 0, 400, 0.5, false, {.02, .10, .80, .08}},
    {"REQUEST_USER_LIST", "user", 2, 380, 0.6, false, {.02, .10, .80, .08}},
    {"AUTHENTICATION", "user", 0.8, 78000, 0.15, false, {.001, .95, .04, .009}},
    {"REGISTRATION", "user", 0.1, 81000, 0.15, true, {.001, .93, .06, .009}},
    {"MESSAGE_REACTIONS", "advanced", 3, 1300, 0.5, true, {.02, .05, .80, .13}},
    {"MESSAGE_SEARCH", "advanced", 2, 3200, 1.6, false, {.01, .02, .95, .02}},
    {"MESSAGE_HISTORY", "advanced", 5, 520, 0.6, false, {.02, .08, .85, .05}},
    {"THREADED_REPLIES", "advanced", 0, 1500, 0.5, true, {.02, .05, .80, .13}},
};

void add_frame(Snapshot& snapshot) {
  snapshot.tick = 168;
  snapshot.wall_ns = kNow;
  snapshot.tick_seconds = 5;
  snapshot.all.name = "all";
  for (std::size_t w = 0; w < kWindows; ++w) snapshot.all.windows[w].seconds = Builder::kSeconds[w];
  RingView ring;
  ring.name = "chat";
  ring.path = "/dev/shm/ringside.chat";
  ring.program = "ringside-chatd";
  ring.state = RingState::live;
  ring.instance = "8f14e45fceea167a5a36dedd4bea2543";
  ring.pid = 4242;
  ring.created_wall_ns = kStart;
  ring.clock = "tsc";
  ring.ticks_per_second = 2'100'000'000;
  ring.enabled = true;
  ring.instances_seen = 1;
  ring.segment_bytes = 18'104'320;
  snapshot.rings.push_back(ring);
  snapshot.processes.push_back({"chat", 4242, 14.2, 97'517'568, 214, 9, 843.2, 121.4});
  snapshot.host = {0.62, 0.48, 0.31, 2, 23.5, 8'241'627'136, 5'123'452'928};
  snapshot.daemon = {"0.1.0", 4301, kStart + 2 * kSecond, 841.2,     kStart + 2 * kSecond,
                     0,       0.4,  13'369'344,           2'411'008, 41'230,
                     3.2};
  snapshot.gauges.push_back({"chat", "connections", 184, 201});
  snapshot.gauges.push_back({"chat", "db_transactions", 1, 4});
  snapshot.configuration =
      "rings = [\"chat\"]\n\n[thresholds]\nresponse_time = \"1s\"\nerror_rate_percent = 5\n"
      "\n[thresholds.operations.SEND_MESSAGE]\nresponse_time = \"200ms\"\n";
  snapshot.configuration_changed = "rings = [\"chat\"]\n";
  for (const Operation& operation : kOperations) {
    SeriesView& series = snapshot.operations.emplace_back();
    series.name = operation.name;
    series.ring = "chat";
    series.category = operation.category;
    series.stage_names = {"validation", "security", "database", "delivery"};
    for (std::size_t w = 0; w < kWindows; ++w) series.windows[w].seconds = Builder::kSeconds[w];
  }
}

Snapshot make(bool incident) {
  Snapshot snapshot;
  add_frame(snapshot);
  Builder builder;
  for (const Operation& operation : kOperations) {
    if (operation.per_second <= 0) continue;
    double at = 0;
    while ((at += -std::log(1 - builder.uniform()) / operation.per_second) < 842) {
      RecordView record;
      record.operation = operation.name;
      record.start_wall_ns = kStart + static_cast<std::int64_t>(at * 1e9);
      record.duration_ns = static_cast<std::int64_t>(operation.median_us * 1e3 *
                                                     std::exp(operation.spread * builder.normal()));
      record.outcome = RecordOutcome::ok;
      record.actor = {PartyKind::user,
                      1 + static_cast<std::uint64_t>(200 * builder.uniform() * builder.uniform())};
      record.subject = {PartyKind::room, 1 + static_cast<std::uint64_t>(30 * builder.uniform())};
      record.ring = "chat";
      record.lane = static_cast<std::uint32_t>(builder.uniform() * 3);
      record.position = static_cast<std::uint64_t>(at * 100);
      const bool locked = incident && operation.writes && record.start_wall_ns > kLocked &&
                          record.start_wall_ns < kUnlocked;
      const double dice = builder.uniform();
      if (locked && record.start_wall_ns < kLocked + 4 * kSecond) {
        record.duration_ns = static_cast<std::int64_t>(760e6 + 40e6 * builder.uniform());
        record.outcome = RecordOutcome::timeout;
        record.error = 5001;
        record.error_name = "DATABASE_BUSY";
      } else if (locked) {
        record.duration_ns = static_cast<std::int64_t>(90e3 + 40e3 * builder.uniform());
        record.outcome = RecordOutcome::error;
        record.error = 5002;
        record.error_name = "BREAKER_OPEN";
      } else if (dice < 0.012) {
        record.outcome = RecordOutcome::rejected;
        record.error = dice < 0.008 ? 1105 : 4003;
        record.error_name = dice < 0.008 ? "TEXT_TOO_LONG" : "MESSAGE_NOT_FOUND";
      } else if (dice < 0.017) {
        record.outcome = RecordOutcome::denied;
        record.error = 2003;
        record.error_name = "NOT_A_MEMBER";
      }
      for (std::size_t s = 0; s < kStages; ++s) {
        const double share =
            locked && record.error == 5001 ? (s == 2 ? 0.99 : 0.002) : operation.shares[s];
        record.stages_ns[s] =
            static_cast<std::uint64_t>(share * 0.99 * static_cast<double>(record.duration_ns));
      }
      const std::int64_t end = record.start_wall_ns + record.duration_ns;
      if (operation.writes && record.error != 5002) {
        const bool rolled_back = record.error != 0;
        builder.event(snapshot, "DB_TRANSACTION", end,
                      static_cast<std::int64_t>(record.stages_ns[2] * 7 / 10),
                      rolled_back ? RecordOutcome::error : RecordOutcome::ok, 0, record.actor);
      }
      if (record.error == 5001) {
        builder.event(snapshot, "RETRY", end - 400'000'000, 250'000'000, RecordOutcome::error, 2,
                      record.actor);
        builder.event(snapshot, "RETRY", end, 250'000'000, RecordOutcome::error, 3, record.actor);
      }
      if (record.stages_ns[2] > 100'000'000) {
        builder.event(snapshot, "SLOW_QUERY", end, static_cast<std::int64_t>(record.stages_ns[2]),
                      RecordOutcome::ok, 0, record.actor);
      }
      builder.operation(snapshot, std::move(record));
    }
  }
  for (std::int64_t s = 0; s < 84; ++s)
    builder.event(snapshot, "AUDIT_WRITE", kStart + s * 10 * kSecond, 180'000, RecordOutcome::ok, 0,
                  {});
  if (incident) {
    const Party guesser{PartyKind::address, 0x7f000002};
    for (std::int64_t i = 1; i <= 10; ++i) {
      builder.event(snapshot, "LOGIN_FAILED", kNow - 400 * kSecond + i * 200'000'000, 79'000'000,
                    RecordOutcome::denied, i, {}, guesser);
    }
    builder.event(snapshot, "THREAT_PATTERN", kNow - 397 * kSecond, 0, RecordOutcome::denied, 1, {},
                  guesser);
    builder.event(snapshot, "IP_BLOCK", kNow - 397 * kSecond, 0, RecordOutcome::denied, 10, {},
                  guesser);
    for (std::int64_t i = 1; i <= 64; ++i) {
      builder.event(snapshot, "BLOCKED_ATTEMPT", kNow - 397 * kSecond + i * kSecond, 0,
                    RecordOutcome::limited, i, {}, guesser);
    }
    for (std::int64_t i = 0; i < 38; ++i) {
      builder.event(snapshot, "RATE_LIMIT", kNow - 120 * kSecond + i * 20'000'000, 0,
                    RecordOutcome::limited, 0, {PartyKind::user, kBigId});
    }
    snapshot.blocks.push_back({"chat", guesser, kNow - 397 * kSecond, 1, 10, 164, 0});
    builder.event(snapshot, "BREAKER", kLocked + 4 * kSecond, 0, RecordOutcome::ok, 1, {});
    for (std::int64_t i = 0; i < 9; ++i) {
      builder.event(snapshot, "BREAKER", kLocked + (6 + 2 * i) * kSecond, 1'999'000'000,
                    RecordOutcome::ok, 2, {});
      builder.event(snapshot, "BREAKER", kLocked + (6 + 2 * i) * kSecond + 800'000'000, 800'000'000,
                    RecordOutcome::ok, i < 8 ? 1 : 0, {});
    }
    builder.event(snapshot, "RECOVERY", kUnlocked + 1 * kSecond, 25'100'000'000, RecordOutcome::ok,
                  0, {});
    const auto transition = [&](std::int64_t at_s, const char* id, AlertType alert,
                                AlertLevel level, AlertState state, const char* operation,
                                double value, double threshold, AlertUnit unit,
                                const char* message) {
      snapshot.transitions.push_back({kNow - at_s * kSecond, id, alert, level, state, operation, "",
                                      "chat", value, threshold, unit, message, "", ""});
    };
    transition(395, "c1a7-1", AlertType::security_threat, AlertLevel::warning, AlertState::firing,
               "", 10, 5, AlertUnit::per_minute,
               "10 failed logins from address 127.0.0.2 within 60 s; it was blocked");
    transition(245, "c1a7-2", AlertType::high_latency, AlertLevel::critical, AlertState::firing,
               "SEND_MESSAGE", 798.2, 200, AlertUnit::ms,
               "p95 over the last minute is 798 ms, threshold 200 ms (n = 1,301)");
    transition(
        240, "c1a7-3", AlertType::database_issue, AlertLevel::critical, AlertState::firing, "",
        31.4, 5, AlertUnit::percent,
        "31 % of transactions were rolled back in the last minute; the circuit breaker is open");
    transition(180, "c1a7-2", AlertType::high_latency, AlertLevel::critical, AlertState::recovering,
               "SEND_MESSAGE", 141.9, 200, AlertUnit::ms, "");
    transition(165, "c1a7-2", AlertType::high_latency, AlertLevel::critical, AlertState::resolved,
               "SEND_MESSAGE", 3.4, 200, AlertUnit::ms, "resolved after 80 s");
    transition(160, "c1a7-3", AlertType::database_issue, AlertLevel::critical, AlertState::resolved,
               "", 0.4, 5, AlertUnit::percent, "resolved after 80 s");
    snapshot.alerts.push_back({snapshot.transitions.front(), snapshot.transitions.front().wall_ns});
    snapshot.transitions_forgotten = 3;
  }
  builder.finish(snapshot);
  // Allowed decisions are only counted and leave no records.
  SeriesView& limit = Builder::series(snapshot.events, "RATE_LIMIT", "");
  for (std::size_t w = 0; w < kWindows; ++w)
    limit.windows[w].skipped = snapshot.all.windows[w].recorded;
  limit.server_count = limit.windows[0].count();
  return snapshot;
}

}  // namespace

const Snapshot& busy() {
  static const Snapshot snapshot = make(true);
  return snapshot;
}

const Snapshot& calm() {
  static const Snapshot snapshot = make(false);
  return snapshot;
}

Snapshot hostile() {
  Snapshot snapshot = busy();
  const std::string evil =
      "\x1b[2J\x1b]0;owned\x07\nVERDICT: HEALTHY\r\xff\xc2\x9b"
      "31m\u202e\u2028end\t\\";
  for (RingView& ring : snapshot.rings)
    ring.name = ring.path = ring.program = ring.problem = ring.clock = ring.build_id =
        ring.configuration_digest = evil;
  for (SeriesView& series : snapshot.operations) {
    if (series.name != "SEND_MESSAGE") continue;
    series.name = evil;
    series.stage_names[2] = evil;
  }
  for (SeriesView& series : snapshot.events) {
    if (series.name == "AUDIT_WRITE") series.name = evil;
  }
  snapshot.categories.front().name = evil;
  for (ErrorStats& error : snapshot.errors) error.name = evil;
  for (RecordView& record : snapshot.slowest) record.operation = record.error_name = evil;
  for (LaneView& lane : snapshot.lanes) lane.thread = lane.ring = evil;
  for (GaugeView& gauge : snapshot.gauges) gauge.name = evil;
  for (AlertTransition& transition : snapshot.transitions) {
    transition.id = transition.operation = transition.ring = evil;
    transition.message = evil;
  }
  for (BlockView& block : snapshot.blocks) block.ring = evil;
  for (AlertView& alert : snapshot.alerts) {
    alert.last.message = alert.last.id = alert.last.ring = alert.last.operation = evil;
  }
  snapshot.daemon.version = evil;
  snapshot.configuration = snapshot.configuration_changed = "key = \"" + evil + "\"";
  return snapshot;
}

}  // namespace sample
