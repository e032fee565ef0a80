// The reasons of a verdict in full, word by word, and the limits at which each appears.
#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "report/analysis/analysis.h"
#include "report/model/names.h"
#include "tests/unit/report/sample.h"
#include "tests/unit/report/server.h"

using namespace ringside;
using sample::Server;

namespace {

// One text a line, so that a difference is shown in full.
std::string lines(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += text + "\n";
  return all;
}

std::string reasons_of(const Snapshot& snapshot) {
  std::vector<std::string> texts;
  for (const Reason& reason : analyse(snapshot).reasons)
    texts.push_back(std::string(verdict_name(reason.weight)) + " " + reason.text);
  return lines(texts);
}

void set_errors(SeriesView& series, std::uint64_t errors) {
  for (WindowStats& stats : series.windows) stats.errors = errors;
}

// A server with a thousand calls in each window, and figures of every full window.
Server calm_server() {
  Server server;
  server.operation("LIST", 1000, 1);
  const double seconds[] = {7200, 60, 300, 3600};
  for (std::size_t w = 0; w < kWindows; ++w) server.snapshot.all.windows[w].seconds = seconds[w];
  server.snapshot.wall_ns = sample::kNow;
  return server;
}

AlertView alert_of(AlertType type, AlertLevel level, AlertState state, const char* ring,
                   const char* operation) {
  AlertView alert;
  alert.last.alert = type;
  alert.last.level = level;
  alert.last.state = state;
  alert.last.ring = ring;
  alert.last.operation = operation;
  alert.last.value = 7;
  alert.last.threshold = 5;
  alert.last.unit = AlertUnit::percent;
  alert.since_wall_ns = sample::kNow;
  return alert;
}

}  // namespace

TEST_CASE("VerdictReasons: a healthy server has one, with its calls and how many of them failed") {
  Server server = calm_server();
  CHECK(reasons_of(server.snapshot) ==
        lines({"healthy Nothing speaks against it: 1,000 operations in the last minute, none of "
               "them failed, no alert is firing."}));
  set_errors(server.snapshot.all, 1);
  CHECK(reasons_of(server.snapshot) ==
        lines({"healthy Nothing speaks against it: 1,000 operations in the last minute, 0.10 % of "
               "them failed, no alert is firing."}));
  for (WindowStats& stats : server.snapshot.all.windows) stats.recorded = 1;
  server.snapshot.thresholds.min_samples = 1234;
  CHECK(reasons_of(server.snapshot) ==
        lines({"healthy Nothing speaks against it, but 1 operation in the last hour are too few to "
               "judge by (1,234 are needed)."}));
}

TEST_CASE("VerdictReasons: no ring, a ring that ended, and one that died with or without a pid") {
  Snapshot nothing;
  CHECK(reasons_of(nothing) ==
        lines({"blind No ring is watched. Name one in the daemon's configuration."}));

  Server server = calm_server();
  RingView& ring = server.snapshot.rings[0];
  ring.state = RingState::closed;
  server.snapshot.all.server_count = 1;
  CHECK(reasons_of(server.snapshot) ==
        lines({"healthy Nothing speaks against it: 1,000 operations in the last minute, none of "
               "them failed, no alert is firing.",
               "healthy Ring chat: its server has ended in good order; the figures reach up to its "
               "end."}));
  server.snapshot.all.server_count = 0;
  CHECK(reasons_of(server.snapshot) ==
        lines({"blind Ring chat: its server has ended in good order; it left no operation."}));
  // Beside a live ring, one that ended without an operation is no reason to worry.
  server.snapshot.rings.push_back(ring);
  server.snapshot.rings[1].state = RingState::live;
  CHECK(analyse(server.snapshot).verdict == Verdict::healthy);

  Server dead = calm_server();
  dead.snapshot.rings[0].state = RingState::crashed;
  CHECK(reasons_of(dead.snapshot) ==
        lines({"failing Ring chat: its server died without closing it."}));
  dead.snapshot.rings[0].pid = 1;
  CHECK(reasons_of(dead.snapshot) ==
        lines({"failing Ring chat: its server (pid 1) died without closing it."}));
}

TEST_CASE("VerdictReasons: rings that are not there, are refused or are switched off") {
  Server server = calm_server();
  RingView& ring = server.snapshot.rings[0];
  ring.state = RingState::waiting;
  CHECK(reasons_of(server.snapshot) ==
        lines({"blind Ring chat is not there: no server has opened it, or its name was removed "
               "while its server runs (sudo grep deleted /proc/*/maps shows who has such a "
               "file)."}));
  ring.problem = "it may not be read";
  CHECK(reasons_of(server.snapshot) ==
        lines({"blind Ring chat is not there: it may not be read."}));
  ring.state = RingState::refused;
  CHECK(reasons_of(server.snapshot) == lines({"blind Ring chat was refused: it may not be read."}));
  ring.problem.clear();
  CHECK(reasons_of(server.snapshot) == lines({"blind Ring chat was refused."}));
  ring.state = RingState::live;
  ring.enabled = false;
  CHECK(reasons_of(server.snapshot) ==
        lines({"blind Ring chat: tracing is switched off, so nothing new is seen."}));
}

TEST_CASE("VerdictReasons: a single thread without a lane, and losses from one in a hundred on") {
  Server server = calm_server();
  RingView& ring = server.snapshot.rings[0];
  ring.untraced_threads = 1;
  ring.untraced_records = 2345;
  CHECK(
      reasons_of(server.snapshot) ==
      lines({"degraded Ring chat: 1 thread found no memory for a lane; 2,345 of their records are "
             "missing."}));
  ring.untraced_threads = 0;
  ring.losses.while_observed = {0, 10, 0, 0};
  server.snapshot.operations[0].windows[1].recorded = 990;
  CHECK(reasons_of(server.snapshot) ==
        lines({"degraded Ring chat: 1 % of the records of the last minute (10 of 1,000) were "
               "overwritten before they were read."}));
  server.snapshot.books = {1000, 700, 299, 0, 0};
  ring.losses.while_observed = {};
  CHECK(reasons_of(server.snapshot) ==
        lines({"blind The books do not balance: written 1,000, but read 700 + lost 299. Believe no "
               "figure below."}));
}

TEST_CASE("VerdictReasons: an alert is told with what it is about, its level, state and figures") {
  Server server = calm_server();
  Snapshot& snapshot = server.snapshot;
  snapshot.alerts = {alert_of(AlertType::high_error_rate, AlertLevel::critical, AlertState::firing,
                              "chat", "SEND\n")};
  CHECK(reasons_of(snapshot) ==
        lines({"failing high_error_rate (critical) is firing on SEND\\n since 10:15:55.123: 7 %, "
               "threshold 5 %."}));
  snapshot.alerts[0].last.operation.clear();
  snapshot.alerts[0].last.state = AlertState::recovering;
  CHECK(reasons_of(snapshot) ==
        lines({"degraded high_error_rate (critical) is recovering since 10:15:55.123: 7 %, "
               "threshold 5 %."}));
  snapshot.rings.push_back(snapshot.rings[0]);
  snapshot.rings[1].name = "other";
  CHECK(reasons_of(snapshot) ==
        lines({"degraded high_error_rate (critical) is recovering on ring chat since 10:15:55.123: "
               "7 %, threshold 5 %."}));
  snapshot.alerts[0].last.ring.clear();
  CHECK(reasons_of(snapshot) ==
        lines({"degraded high_error_rate (critical) is recovering since 10:15:55.123: 7 %, "
               "threshold 5 %."}));
  snapshot.alerts = {
      alert_of(AlertType::high_latency, AlertLevel::warning, AlertState::firing, "other", "SEND")};
  CHECK(reasons_of(snapshot) ==
        lines({"degraded high_latency (warning) is firing on SEND (other) since 10:15:55.123: 7 %, "
               "threshold 5 %."}));
  snapshot.alerts[0].last.level = AlertLevel::info;
  CHECK(analyse(snapshot).verdict == Verdict::healthy);
}

TEST_CASE(
    "VerdictReasons: only an active alert of the same type, ring and operation stands for one") {
  Server server = calm_server();
  set_errors(server.snapshot.operations[0], 100);
  const std::string ring =
      "degraded All operations: 10 % (100 of 1,000) failed in the last minute, threshold 5 %.";
  const std::string operation =
      "degraded Failed too often (threshold 5 %): LIST 10 % (100 of 1,000) in the last minute.";
  CHECK(reasons_of(server.snapshot) == lines({ring, operation}));
  const auto beside = [&](AlertView alert) {
    alert.last.level = AlertLevel::info;  // no reason of its own
    server.snapshot.alerts = {std::move(alert)};
    return reasons_of(server.snapshot);
  };
  const auto rate = AlertType::high_error_rate;
  const auto info = AlertLevel::info;
  CHECK(beside(alert_of(rate, info, AlertState::firing, "chat", "LIST")) == lines({ring}));
  CHECK(beside(alert_of(rate, info, AlertState::recovering, "chat", "")) == lines({operation}));
  for (const AlertView& other :
       {alert_of(rate, info, AlertState::pending, "chat", "LIST"),
        alert_of(rate, info, AlertState::resolved, "chat", ""),
        alert_of(rate, info, AlertState::firing, "other", "LIST"),
        alert_of(rate, info, AlertState::firing, "other", ""),
        alert_of(rate, info, AlertState::firing, "chat", "OTHER"),
        alert_of(AlertType::high_latency, info, AlertState::firing, "chat", "LIST"),
        alert_of(AlertType::system_overload, info, AlertState::firing, "chat", "")}) {
    CHECK(beside(other) == lines({ring, operation}));
  }
}

TEST_CASE(
    "VerdictReasons: a ring fails at four times its threshold, at half of its calls at most") {
  Server server = calm_server();
  SeriesView& list = server.snapshot.operations[0];
  set_errors(list, 200);
  CHECK(reasons_of(server.snapshot)
            .starts_with("failing All operations: 20 % (200 of 1,000) failed in the last minute, "
                         "threshold 5 %.\n"));
  server.snapshot.thresholds.error_percent = 30;
  for (const auto& [errors, verdict] :
       {std::pair(299, Verdict::healthy), std::pair(300, Verdict::degraded),
        std::pair(499, Verdict::degraded), std::pair(500, Verdict::failing)}) {
    set_errors(list, static_cast<std::uint64_t>(errors));
    CAPTURE(errors);
    CHECK(analyse(server.snapshot).verdict == verdict);
  }
  CHECK(reasons_of(server.snapshot) ==
        lines({"failing All operations: 50 % (500 of 1,000) failed in the last minute, threshold "
               "30 %.",
               "failing Half or more failed: LIST 50 % (500 of 1,000) in the last minute."}));
}

TEST_CASE("VerdictReasons: operations that fail alike keep their order, and four are all named") {
  Server server = calm_server();
  server.operation("READ", 100, 1);
  server.operation("FIND", 100, 1);
  server.operation("OPEN", 100, 1);
  server.operation("WAIT", 100, 1);
  for (const std::size_t i : {1U, 2U, 3U}) set_errors(server.snapshot.operations[i], 6);
  set_errors(server.snapshot.operations[4], 7);
  CHECK(reasons_of(server.snapshot) ==
        lines({"degraded Failed too often (threshold 5 %): WAIT 7 % (7 of 100) in the last minute, "
               "READ 6 % (6 of 100) in the last minute, FIND 6 % (6 of 100) in the last minute, "
               "OPEN 6 % (6 of 100) in the last minute."}));
  // An operation may have no error at all. Its own threshold is one, so the common one is not all.
  server.snapshot.thresholds.operations["READ"] = {0, 0};
  CHECK(reasons_of(server.snapshot)
            .starts_with("degraded Failed too often (threshold 5 % where no other is set): WAIT"));
}

TEST_CASE("VerdictReasons: the slowest is the one furthest beyond its own threshold") {
  Server server = calm_server();
  server.operation("QUICK", 1000, 90);   // nine times its threshold
  server.operation("SLOW", 1000, 3000);  // three times its threshold
  server.snapshot.thresholds.operations = {{"QUICK", {10'000'000, -1}}};
  CHECK(reasons_of(server.snapshot) ==
        lines({"degraded Too slow by the p95: QUICK 90.0 ms (threshold 10.0 ms, n = 1,000) in the "
               "last minute, SLOW 3.00 s (threshold 1.00 s, n = 1,000) in the last minute."}));
  server.snapshot.alerts = {
      alert_of(AlertType::high_latency, AlertLevel::info, AlertState::firing, "chat", "QUICK")};
  CHECK(
      reasons_of(server.snapshot) ==
      lines({"degraded Too slow by the p95: SLOW 3.00 s (threshold 1.00 s, n = 1,000) in the last "
             "minute."}));
}

TEST_CASE("VerdictReasons: reasons of one weight stand in the order of what they are about") {
  Server server = calm_server();
  Snapshot& snapshot = server.snapshot;
  snapshot.rings[0].untraced_threads = 3;
  snapshot.rings.push_back(snapshot.rings[0]);
  snapshot.rings[1].name = "other";
  snapshot.rings[1].untraced_threads = 0;
  snapshot.rings[1].state = RingState::closed;
  snapshot.all.server_count = 5;
  snapshot.alerts = {
      alert_of(AlertType::high_memory, AlertLevel::warning, AlertState::firing, "chat", "")};
  set_errors(snapshot.operations[0], 60);
  ProcessView& process = snapshot.processes.emplace_back();
  process.ring = "chat";
  process.pid = 12;
  process.resident_bytes = std::uint64_t{3} << 30;
  snapshot.gauges.push_back({"chat", "connections", 1000, 1000});
  for (const char* ring : {"chat", "other"}) {
    SeriesView& moves = server.event(names::kBreaker, 1, 0, 0);
    moves.ring = ring;
    moves.last.emplace_back().value = std::string(ring) == "chat" ? 1 : 0;
    moves.last[0].start_wall_ns = sample::kNow;
  }
  CHECK(
      reasons_of(snapshot) ==
      lines({"degraded Ring chat: 3 threads found no memory for a lane; 0 of their records are "
             "missing.",
             "degraded high_memory (warning) is firing on ring chat since 10:15:55.123: 7 %, "
             "threshold 5 %.",
             "degraded All operations (chat): 6 % (60 of 1,000) failed in the last minute, "
             "threshold 5 %.",
             "degraded Failed too often (threshold 5 %): LIST (chat) 6 % (60 of 1,000) in the "
             "last minute.",
             "degraded Server of ring chat (pid 12) has 3.00 GiB resident, threshold 1.00 GiB.",
             "degraded Ring chat: 1,000 connections are open, threshold 1,000.",
             "degraded The circuit breaker of ring chat is open since 10:15:55.123.",
             "healthy Ring other: its server has ended in good order; the figures reach up to its "
             "end."}));
  snapshot.rings.pop_back();
  snapshot.events.pop_back();
  CHECK(reasons_of(snapshot).ends_with(
      "\ndegraded The circuit breaker is open since 10:15:55.123.\n"));
}
