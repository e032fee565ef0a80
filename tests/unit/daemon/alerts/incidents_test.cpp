// Incidents: which episodes are one story, and the lines that are written of it. Over 400 lines:
// all cases share one small world.
#include "daemon/alerts/incidents.h"

#include "tests/unit/daemon/alerts/episodes.h"
#include "tests/unit/daemon/alerts/reading_lines.h"

namespace ringside {
namespace {

// Episodes that fire and are resolved, without an engine.
struct Stories {
  Incidents incidents;
  Snapshot snapshot;
  std::int64_t now_ns = 0;
  std::vector<AlertTransition> now;
  std::uint64_t ids = 0;

  AlertTransition& fire(AlertTransition t, AlertLevel level = AlertLevel::warning) {
    t.id = "e" + std::to_string(++ids);
    t.state = AlertState::firing;
    t.level = level;
    return now.emplace_back(std::move(t));
  }
  void change(const AlertTransition& t, AlertState state, AlertLevel level = AlertLevel::warning) {
    now.push_back(t);
    now.back().state = state;
    now.back().level = level;
  }
  std::vector<AlertTransition> lines(std::int64_t seconds = 5) {
    now_ns += seconds * kSecond;
    for (AlertTransition& t : now) t.wall_ns = now_ns;
    auto out = incidents.follow(now, snapshot, AlertConfig{}, Handling{}, now_ns, now_ns);
    now.clear();
    return out;
  }
  // "state incident alert/level"
  Lines tick(std::int64_t seconds = 5) {
    Lines out;
    for (const AlertTransition& t : lines(seconds)) {
      out.push_back(fmt::format("{} {} {}/{}", name_of(t.state), t.incident, name_of(t.alert),
                                name_of(t.level)));
    }
    return out;
  }
  std::vector<IncidentView> shown() {
    Snapshot out;
    incidents.show(out, Handling{});
    return out.incidents;
  }
};

const AlertTransition kSlowToo = episode(AlertType::high_latency, "JOIN_ROOM", "database");

TEST_CASE("Incidents: an episode that fires begins one, and 30 s after it is over it has ended") {
  Stories s;
  const AlertTransition slow = s.fire(kSlow);
  CHECK(s.tick() == Lines{"begun e1 high_latency/warning"});
  CHECK(s.tick().empty());
  s.change(slow, AlertState::recovering);
  CHECK(s.tick().empty());
  s.change(slow, AlertState::resolved);
  CHECK(s.tick().empty());
  CHECK(s.tick(29).empty());
  CHECK(s.tick(1) == Lines{"ended e1 high_latency/warning"});
  CHECK(s.tick(100).empty());
}

TEST_CASE("Incidents: one lasted until the last of its episodes began to recover") {
  Stories s;
  const AlertTransition database = s.fire(kDatabase);
  const AlertTransition slow = s.fire(kSlow);
  s.tick();
  s.change(database, AlertState::recovering);
  s.tick();
  s.change(slow, AlertState::recovering);
  s.tick();
  s.change(slow, AlertState::firing);  // not yet
  s.tick();
  s.change(slow, AlertState::recovering);
  s.tick();  // 20 s after the begin
  s.change(database, AlertState::resolved);
  s.change(slow, AlertState::resolved);
  s.tick(60);
  const auto ended = s.lines(30);
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].message.starts_with("over after 20.0 s, "));
  REQUIRE(s.shown().size() == 1);
  CHECK(s.shown()[0].ended_wall_ns - s.shown()[0].began_wall_ns == 20 * kSecond);
}

TEST_CASE("Incidents: one that recovered for long is visible after its end nevertheless") {
  Stories s;
  const AlertTransition slow = s.fire(kSlow);
  s.tick();
  s.change(slow, AlertState::recovering);
  s.tick();
  s.change(slow, AlertState::resolved);
  s.tick(3600);
  CHECK(s.tick(30).size() == 1);
  REQUIRE(s.shown().size() == 1);
  CHECK(s.shown()[0].over());
  CHECK(s.incidents.is_over("e1"));
  s.tick(15 * 60);
  CHECK(s.shown().size() == 1);
  s.tick(1);
  CHECK(s.shown().empty());
}

TEST_CASE("Incidents: what pends or is resolved without having fired is none") {
  Stories s;
  for (const AlertState state :
       {AlertState::pending, AlertState::resolved, AlertState::recovering}) {
    s.change(kSlow, state);
    CHECK(s.tick().empty());
  }
  CHECK(s.shown().empty());
}

TEST_CASE("Incidents: a cause and its symptoms of one tick are one, whatever their order") {
  Stories s;
  s.fire(kSlow);
  s.fire(kDatabase, AlertLevel::critical);
  s.fire(kSlowToo);
  CHECK(s.tick() == Lines{"begun e2 database_issue/critical"});
  const auto shown = s.shown();
  REQUIRE(shown.size() == 1);
  CHECK(shown[0].cause.alert == AlertType::database_issue);
  CHECK(shown[0].symptoms ==
        Lines{"high_latency figure JOIN_ROOM", "high_latency figure SEND_MESSAGE"});
  CHECK(shown[0].operations == Lines{"JOIN_ROOM", "SEND_MESSAGE"});
}

TEST_CASE("Incidents: a symptom that comes later is counted, and not written") {
  Stories s;
  s.fire(kDatabase);
  s.tick();
  s.fire(kSlow);
  CHECK(s.tick().empty());
  CHECK(s.shown().at(0).symptoms == Lines{"high_latency figure SEND_MESSAGE"});
}

TEST_CASE("Incidents: a cause that is known late takes over what was raised before it") {
  Stories s;
  s.fire(episode(AlertType::high_latency, "SEND_MESSAGE", "queue"));
  CHECK(s.tick() == Lines{"begun e1 high_latency/warning"});
  s.fire(episode(AlertType::high_error_rate, "JOIN_ROOM", "DATABASE_BUSY"));
  CHECK(s.tick() == Lines{"begun e2 high_error_rate/warning"});
  s.fire(kDatabase);
  CHECK(s.tick() == Lines{"risen e1 database_issue/warning"});
  CHECK(s.shown().size() == 1);
  CHECK(s.shown()[0].symptoms.size() == 2);
}

TEST_CASE("Incidents: two unrelated troubles stay two") {
  Stories s;
  s.fire(episode(AlertType::high_latency, "MESSAGE_SEARCH", "validation"));
  s.fire(episode(AlertType::high_error_rate, "JOIN_ROOM", "ROOM_GONE"));
  s.fire(episode(AlertType::security_threat));
  s.fire(kDatabase);
  CHECK(s.tick().size() == 4);
  // Two servers.
  s.fire(episode(AlertType::high_latency, "SEND_MESSAGE", "database", "other"));
  CHECK(s.tick() == Lines{"begun e5 high_latency/warning"});
}

TEST_CASE("Incidents: the host's overload explains what any server on it feels") {
  Stories s;
  s.fire(episode(AlertType::system_overload, "", "", ""));
  s.fire(episode(AlertType::high_latency, "SEND_MESSAGE", "database", "chat"));
  s.fire(episode(AlertType::high_latency, "SEND_MESSAGE", "delivery", "other"));
  s.fire(episode(AlertType::high_memory));
  CHECK(s.tick() == Lines{"begun e1 system_overload/warning", "begun e4 high_memory/warning"});
}

TEST_CASE("Incidents: what each cause explains") {
  const auto explains_it = [](AlertType cause, const AlertTransition& symptom) {
    return explains(episode(cause), symptom);
  };
  const auto slow = [](const char* stage) {
    return episode(AlertType::high_latency, "SEND_MESSAGE", stage);
  };
  const auto failing = [](const char* error) {
    return episode(AlertType::high_error_rate, "SEND_MESSAGE", error);
  };
  using enum AlertType;
  CHECK(explains_it(server_down, slow("delivery")));
  CHECK(explains_it(server_down, kDatabase));
  CHECK_FALSE(explains_it(server_down, episode(security_threat)));
  CHECK_FALSE(explains_it(high_latency, kDatabase));
  CHECK(explains_it(database_issue, slow("")));
  CHECK(explains_it(database_issue, slow("queue")));
  CHECK_FALSE(explains_it(database_issue, slow("delivery")));
  for (const char* error : {"DATABASE_GONE", "BREAKER_OPEN", "QUERY_TIMEOUT", "OVERLOADED"})
    CHECK(explains_it(database_issue, failing(error)));
  CHECK_FALSE(explains_it(database_issue, failing("ROOM_GONE")));
  CHECK(explains_it(database_issue, episode(high_connections)));
  CHECK_FALSE(explains_it(database_issue, episode(high_memory)));
  CHECK(explains_it(security_threat, slow("security")));
  CHECK_FALSE(explains_it(security_threat, slow("database")));
  CHECK(explains_it(high_connections, slow("queue")));
  CHECK_FALSE(explains_it(high_connections, slow("database")));
  CHECK_FALSE(explains_it(high_memory, slow("")));
  CHECK_FALSE(explains_it(telemetry_loss, failing("")));
  CHECK(explains_it(telemetry_loss, episode(telemetry_loss)));
  // What a process runs out of is no matter of the host, nor of the database.
  AlertTransition files = episode(system_overload);
  files.figure = "open_files_growth";
  CHECK(explains(files, episode(high_connections)));
  CHECK(explains(files, failing("INTERNAL")));
  CHECK(explains(files, files));
  CHECK_FALSE(explains(files, kDatabase));
  CHECK_FALSE(explains(episode(system_overload), files));
  CHECK_FALSE(explains(files, episode(system_overload)));
  // Of one operation, or of one stage or error.
  CHECK(explains(failing("A"), slow("delivery")));
  CHECK(explains(kSlow, kSlowToo));
  CHECK_FALSE(explains(slow("delivery"), kSlowToo));
  CHECK_FALSE(explains(episode(high_latency, "A"), episode(high_latency, "B")));
}

TEST_CASE("Incidents: a burn raises the level of its cause's incident, and does not keep it open") {
  Stories s;
  const AlertTransition slow = s.fire(kSlow);
  s.tick();
  s.fire(burn("sending.fast", "SEND_MESSAGE"), AlertLevel::critical);
  CHECK(s.tick() == Lines{"risen e1 high_latency/critical"});
  s.change(slow, AlertState::resolved);
  CHECK(s.tick().empty());
  CHECK(s.tick(30) == Lines{"ended e1 high_latency/critical"});
}

TEST_CASE("Incidents: a burn without another cause is its own, until it is over") {
  Stories s;
  const AlertTransition fast = s.fire(burn("sending.fast"), AlertLevel::critical);
  CHECK(s.tick() == Lines{"begun e1 slo_burn/critical"});
  CHECK(s.tick(1800).empty());
  s.fire(kSlow);
  CHECK(s.tick() == Lines{"risen e1 high_latency/critical"});  // the cause, recognised late
  AlertTransition slow = kSlow;
  slow.id = "e2";
  s.change(slow, AlertState::resolved);
  CHECK(s.tick().empty());
  CHECK(s.tick(30) == Lines{"ended e1 high_latency/critical"});
  s.change(fast, AlertState::resolved);
  CHECK(s.tick().empty());
}

TEST_CASE("Incidents: a level that rises is written, twice at most, and the peak is remembered") {
  Stories s;
  const AlertTransition slow = s.fire(kSlow);
  s.tick();
  s.change(slow, AlertState::firing, AlertLevel::critical);
  CHECK(s.tick() == Lines{"risen e1 high_latency/critical"});
  s.change(slow, AlertState::recovering, AlertLevel::warning);
  s.change(slow, AlertState::firing, AlertLevel::critical);
  CHECK(s.tick().empty());
  s.change(slow, AlertState::firing, AlertLevel::emergency);
  CHECK(s.tick() == Lines{"risen e1 high_latency/emergency"});
  s.fire(kDatabase);
  CHECK(s.tick().empty());  // a third time
  s.change(slow, AlertState::resolved);
  s.now.push_back(kDatabase);
  s.now.back().id = "e2";
  s.now.back().state = AlertState::resolved;
  s.tick();
  CHECK(s.tick(30) == Lines{"ended e1 database_issue/emergency"});
}

TEST_CASE("Incidents: one that flaps is one, and waits longer each time") {
  Stories s;
  AlertTransition slow = s.fire(kSlow);
  CHECK(s.tick().size() == 1);
  for (const std::int64_t quiet_s : {29, 59, 119, 239, 479, 959, 959}) {
    CAPTURE(quiet_s);
    s.change(slow, AlertState::resolved);
    CHECK(s.tick().empty());
    CHECK(s.tick(quiet_s).empty());
    slow = s.fire(kSlow);
    CHECK(s.tick().empty());
  }
  s.change(slow, AlertState::resolved);
  s.tick();
  const auto ended = s.lines(960);
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].message.ends_with("; it came back 7 times"));
}

TEST_CASE(
    "Incidents: the cost is the calls that failed meanwhile, and the users whom they touched") {
  Stories s;
  s.snapshot.rings.resize(1);
  s.snapshot.rings[0].name = "chat";
  SeriesView& series = s.snapshot.operations.emplace_back();
  series.name = "SEND_MESSAGE";
  series.ring = "chat";
  std::uint64_t& errors = series.windows[static_cast<std::size_t>(Window::since_start)].errors;
  errors = 1000;
  const auto call = [&](std::uint64_t user, RecordOutcome outcome, std::int64_t ms) {
    RecordView record;
    record.start_wall_ns = s.now_ns + kSecond;
    record.duration_ns = ms * kMillisecond;
    record.outcome = outcome;
    record.actor = {PartyKind::user, user};
    series.last.insert(series.last.begin(), record);
  };
  call(1, RecordOutcome::error, 1);  // before it began
  s.tick();
  const AlertTransition slow = s.fire(kSlow);
  errors += 3;
  call(2, RecordOutcome::error, 1);
  call(3, RecordOutcome::ok, 500);  // over 200 ms
  call(4, RecordOutcome::ok, 100);
  call(5, RecordOutcome::timeout, 1);
  series.last.front().start_wall_ns = series.last[1].start_wall_ns = s.now_ns + 6 * kSecond;
  series.last[2].start_wall_ns = series.last[3].start_wall_ns = s.now_ns + 6 * kSecond;
  const auto begun = s.lines();
  REQUIRE(begun.size() == 1);
  CHECK(begun[0].message ==
        "it is so; 3 calls have failed so far; at least 3 users are touched; look first at stage "
        "database");
  errors += 4;
  s.change(slow, AlertState::resolved);
  s.tick();
  errors += 100;  // it is quiet: not its own
  const auto ended = s.lines(30);
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].message ==
        "over after 5.00 s, at its peak warning: 7 calls failed, at least 3 users were touched");
  REQUIRE(s.shown().size() == 1);
  CHECK(s.shown()[0].over());
  CHECK(s.shown()[0].failed_calls == 7);
  CHECK(s.shown()[0].users == 3);
  s.tick(15 * 60 + 1);
  CHECK(s.shown().empty());
}

TEST_CASE("Incidents: a symptom that is worse than its cause is named") {
  Stories s;
  s.fire(kDatabase);
  CHECK(s.lines().at(0).message.find("at worst") == std::string::npos);
  s.fire(kSlow, AlertLevel::critical);
  s.fire(kSlowToo, AlertLevel::emergency);
  const auto risen = s.lines();
  REQUIRE(risen.size() == 1);
  CHECK(risen[0].message.starts_with(
      "risen from warning: it is so; at worst high_latency JOIN_ROOM (emergency); it explains 2 "
      "other alerts"));
}

TEST_CASE("Incidents: a restart repeats none and forgets none") {
  Stories s;
  const AlertTransition slow = s.fire(kSlow);
  s.fire(kDatabase);
  s.tick();
  s.fire(episode(AlertType::high_memory));
  s.tick();
  Encoder out;
  s.incidents.encode(out);
  const std::string bytes = out.take();
  Incidents copy;
  Decoder in(bytes);
  copy.decode(in);
  REQUIRE(in.at_end());
  Encoder again;
  copy.encode(again);
  CHECK(again.take() == bytes);
  s.incidents = std::move(copy);
  CHECK(s.tick().empty());
  CHECK(s.shown().size() == 2);
  s.change(slow, AlertState::resolved);
  s.now.push_back(kDatabase);
  s.now.back().id = "e2";
  s.now.back().state = AlertState::resolved;
  s.tick();
  CHECK(s.tick(30) == Lines{"ended e2 database_issue/warning"});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    Incidents cut;
    Decoder some(std::string_view(bytes).substr(0, size));
    cut.decode(some);
    CHECK_FALSE(some.at_end());
  }
}

TEST_CASE("Incidents: the engine's transitions name theirs, and its lines come last") {
  World world;
  world.event("BREAKER", 1, 1, 1);
  world.operation("SEND_MESSAGE", 100, 0, 250);
  world.snapshot.operations[0].stage_names[3] = "database";
  for (WindowStats* window :
       {&world.snapshot.operations[0].last_5s, &world.snapshot.operations[0].last_15s}) {
    window->stages[3] = {100, window->sum_ns, 1};
  }
  world.ticks(3);
  REQUIRE(world.lines.size() == 1);
  CHECK(world.lines[0].state == AlertState::begun);
  CHECK(world.lines[0].alert == AlertType::database_issue);
  CHECK(world.lines[0].message.starts_with("the circuit breaker is open since "));
  CHECK(world.lines[0].message.ends_with("; look first at what holds the database's lock"));
  CHECK(world.log.back().suspect == "database");
  CHECK(world.log.back().incident == world.lines[0].incident);
  world.engine.show(world.snapshot);
  REQUIRE(world.snapshot.incidents.size() == 1);
  CHECK(world.snapshot.incidents[0].symptoms == Lines{"high_latency p95 SEND_MESSAGE"});
  for (const AlertView& alert : world.snapshot.alerts)
    CHECK(alert.last.incident == world.lines[0].incident);
  for (const AlertTransition& t : world.snapshot.transitions) CHECK_FALSE(is_of_incident(t.state));
}

}  // namespace
}  // namespace ringside
