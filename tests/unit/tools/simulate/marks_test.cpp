// Each kind of trouble leaves the mark in the snapshot that it should, and none before it begins.
#include <doctest/doctest.h>

#include <functional>
#include <map>

#include "tests/unit/tools/simulate/watched.h"
#include "tools/simulate/plot.h"

using namespace ringside;
using namespace ringside::simulate;
using namespace ringside::simulate::test;

namespace {

// A figure of a snapshot. `named` is the operation that the incident is about.
using Mark = std::function<double(const Snapshot&, Op named)>;

double errors_of_named(const Snapshot& s, Op named) {
  return minute_of(s, named).error_rate() * 100;
}
double p95_of_named(const Snapshot& s, Op named) { return p95_ms(s, named); }
double all_errors(const Snapshot& s, Op) {
  double errors = 0;
  for (const SeriesView& operation : s.operations)
    errors += static_cast<double>(operation.window(Window::minute).errors);
  return errors / std::max(1.0, static_cast<double>(calls_in_minute(s))) * 100;
}
double longest_transaction_ms(const Snapshot& s, Op) {
  return static_cast<double>(minute_of(s, Event::DB_TRANSACTION).max_ns) / 1e6;
}
Mark events(Event event) {
  return
      [event](const Snapshot& s, Op) { return static_cast<double>(minute_of(s, event).count()); };
}
Mark p95(Op op) {
  return [op](const Snapshot& s, Op) { return p95_ms(s, op); };
}
double down(const Snapshot& s, Op) { return s.rings.at(0).live() ? 0 : 1; }
double rollback_percent(const Snapshot& s, Op) {
  return minute_of(s, Event::DB_TRANSACTION).error_rate() * 100;
}
double crashes(const Snapshot& s, Op) { return static_cast<double>(s.rings.at(0).crashes_seen); }
double calls(const Snapshot& s, Op) { return static_cast<double>(calls_in_minute(s)); }
double connections(const Snapshot& s, Op) {
  for (const GaugeView& gauge : s.gauges) {
    if (gauge.name == "connections") return static_cast<double>(gauge.value);
  }
  return 0;
}
// Seconds for which the oldest operation has been under way in a thread.
double in_flight_s(const Snapshot& s, Op) {
  double oldest = 0;
  for (const LaneView& lane : s.lanes) {
    if (!lane.in_flight.empty())
      oldest = std::max(oldest, static_cast<double>(s.wall_ns - lane.in_flight_wall_ns) / 1e9);
  }
  return oldest;
}
double most_failures(const std::vector<FailedLogins>& parties) {
  std::uint64_t most = 0;
  for (const FailedLogins& one : parties) most = std::max(most, one.hour);
  return static_cast<double>(most);
}
double failures_of_a_source(const Snapshot& s, Op) { return most_failures(s.failed_by_address); }
double failures_of_an_account(const Snapshot& s, Op) { return most_failures(s.failed_by_account); }
double resident_mb(const Snapshot& s, Op) {
  return s.processes.empty() ? 0 : static_cast<double>(*s.processes[0].resident_bytes) / 1e6;
}
double files(const Snapshot& s, Op) {
  return s.processes.empty() ? 0 : static_cast<double>(*s.processes[0].open_files);
}
double server_cpu(const Snapshot& s, Op) {
  return s.processes.empty() ? 0 : s.processes[0].cpu_percent.value_or(0);
}
double host_cpu(const Snapshot& s, Op) { return s.host.cpu_percent.value(); }
double host_used(const Snapshot& s, Op) {
  return 100 - 100 * static_cast<double>(*s.host.memory_available_bytes) /
                   static_cast<double>(*s.host.memory_total_bytes);
}
double lost(const Snapshot& s, Op) { return static_cast<double>(s.books.lost); }
// What the wall clock has gained on the monotonic one since the daemon started.
double wall_step_s(const Snapshot& s, Op) {
  return static_cast<double>(s.wall_ns - s.daemon.started_wall_ns) / 1e9 - s.daemon.uptime_seconds;
}

struct Expected {
  Mark mark;
  double calm_at_most;      // before the trouble
  double trouble_at_least;  // at its worst; negative: at most this, with the sign turned
};

const std::map<std::string, Expected>& marks() {
  static const std::map<std::string, Expected> all = {
      {"slow_database", {longest_transaction_ms, 1500, 150}},
      {"locked_briefly", {events(Event::RETRY), 0, 1}},
      {"locked_database", {longest_transaction_ms, 1500, 200}},
      {"breaker_between_ticks", {events(Event::BREAKER), 0, 3}},
      {"disk_full", {rollback_percent, 5, 40}},
      {"dead_server", {down, 0, 1}},
      {"herd_after_restart", {p95(Op::AUTHENTICATION), 400, 1000}},
      {"crash_loop", {crashes, 0, 3}},
      {"stopped_server", {p95(Op::SEND_MESSAGE), 100, 5000}},
      {"stuck_server", {in_flight_s, 1, 20}},
      {"half_stuck_server", {in_flight_s, 1, 30}},
      {"memory_leak", {resident_mb, 400, 1074}},
      {"descriptor_leak", {files, 500, 1024}},
      {"lost_telemetry", {lost, 0, 100}},
      {"slow_operation", {p95_of_named, 50, 1000}},
      {"slower_than_normal", {p95(Op::MESSAGE_HISTORY), 10, 80}},
      {"slow_stage", {p95(Op::SEND_MESSAGE), 100, 800}},
      {"flapping", {p95(Op::SEND_MESSAGE), 100, 150}},
      {"failing_version", {all_errors, 2, 10}},
      {"failing_code", {errors_of_named, 3, 15}},
      {"two_at_once", {p95_of_named, 50, 1000}},
      {"connection_surge", {connections, 350, 1000}},
      {"guessing_fast", {events(Event::LOGIN_FAILED), 5, 9}},
      {"guessing_slow", {events(Event::LOGIN_FAILED), 5, 25}},
      {"guessing_hidden", {failures_of_a_source, 5, 20}},
      {"guessing_one_account", {failures_of_an_account, 5, 30}},
      {"bad_tokens", {events(Event::TOKEN_REJECTED), 0, 60}},
      {"rate_limit_storm", {events(Event::RATE_LIMIT), 0, 1500}},
      {"traffic_gone", {calls, 1e9, -400}},
      {"traffic_explodes", {calls, 6000, 6000}},
      {"overloaded_host", {host_cpu, 40, 95}},
      {"host_memory", {host_used, 40, 93}},
      {"clock_step", {p95(Op::MESSAGE_HISTORY), 50, 1000}},
      {"suspended_host", {wall_step_s, 1, -1}},
      {"daemon_restart", {errors_of_named, 2, 25}},
      {"costly_rule", {server_cpu, 100, 390}},
      {"login_outage", {errors_of_named, 40, 90}},
      {"network_blip", {calls, 1e9, -700}},
      {"retry_storm", {calls, 6000, 3000}},
      {"bad_deploy", {errors_of_named, 2, 9}},
      {"failover", {events(Event::BREAKER), 0, 1}},
  };
  return all;
}

void check_mark(const Scenario& scenario, const Expected& expected) {
  Watched watched(scenario);
  const Incident& incident = scenario.incidents.front();
  const bool falls = expected.trouble_at_least < 0;
  double calm = 0;
  for (Ns at = 5 * kMinuteNs; at + kTick < incident.from; at += 30 * kSecondNs)
    calm = std::max(calm, expected.mark(watched.at(at), incident.op));
  CHECK(calm <= expected.calm_at_most);
  double worst = falls ? 1e18 : 0;
  for (Ns at = incident.from; at <= incident.until + incident.aftermath + kTick; at += kTick) {
    const double value = expected.mark(watched.at(at), incident.op);
    worst = falls ? std::min(worst, value) : std::max(worst, value);
  }
  CHECK_MESSAGE(worst * (falls ? -1 : 1) >= expected.trouble_at_least, worst);
}

}  // namespace

TEST_CASE("SimulatedMarks: every kind of trouble leaves its mark, and only then") {
  for (const ScenarioKind& kind : scenario_kinds()) {
    if (kind.part != Part::trouble) continue;
    CAPTURE(kind.name);
    const auto expected = marks().find(kind.name);
    REQUIRE_MESSAGE(expected != marks().end(), "no mark is known of this kind");
    check_mark(kind.make(4, 1), expected->second);
  }
}
