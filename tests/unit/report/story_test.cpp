// Incidents as stories: the sentences, the span, and what proves them.
#include "report/analysis/story.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "report/analysis/analysis.h"
#include "report/render/text.h"
#include "tests/unit/report/sample.h"

using namespace ringside;
using sample::kNow;
using sample::kSecond;

namespace {

AlertTransition fired(AlertType alert, const char* figure, const char* operation,
                      std::int64_t seconds_ago, double value = 1) {
  AlertTransition t;
  t.wall_ns = kNow - seconds_ago * kSecond;
  t.alert = alert;
  t.figure = figure;
  t.operation = operation;
  t.ring = "chat";
  t.level = AlertLevel::critical;
  t.state = AlertState::firing;
  t.value = value;
  t.threshold = 1;
  t.unit = AlertUnit::percent;
  t.message = "as it was";
  t.incident = "i1";
  return t;
}

IncidentView incident_of(const AlertTransition& cause, std::int64_t began_ago,
                         std::int64_t ended_ago) {
  IncidentView incident;
  incident.id = "i1";
  incident.ring = "chat";
  incident.cause = cause;
  incident.peak = AlertLevel::critical;
  incident.began_wall_ns = kNow - began_ago * kSecond;
  incident.ended_wall_ns = ended_ago == 0 ? 0 : kNow - ended_ago * kSecond;
  return incident;
}

// The database was locked from 250 s ago to 225 s ago, as sample::busy() has it.
Snapshot locked() {
  Snapshot snapshot = sample::busy();
  snapshot.transitions = {fired(AlertType::database_issue, "breaker", "", 240),
                          fired(AlertType::high_error_rate, "errors", "SEND_MESSAGE", 238, 40),
                          fired(AlertType::high_error_rate, "errors", "EDIT_MESSAGE", 236, 90)};
  IncidentView incident = incident_of(snapshot.transitions[0], 240, 160);
  incident.symptoms = {"high_error_rate errors EDIT_MESSAGE",
                       "high_error_rate errors SEND_MESSAGE"};
  incident.operations = {"EDIT_MESSAGE", "SEND_MESSAGE"};
  incident.failed_calls = 751;
  incident.users = 40;
  snapshot.incidents = {incident};
  return snapshot;
}

}  // namespace

TEST_CASE("Story: the verdict names the locked database, since when, until when, and its cost") {
  const Snapshot snapshot = locked();
  const Report report(snapshot);
  const Headline& headline = report.analysis.headline;
  // 10:15:55 less 250 and 225 s.
  CHECK(headline.what == "The database was locked from 10:11:45 to 10:12:10.");
  CHECK(headline.whom ==
        "751 calls failed, with alerts of 2 operations; at least 40 users were touched.");
  CHECK(headline.next ==
        "Find what held the database's lock: a long write transaction, a backup, another process.");
  const std::string text = render_text(report);
  CHECK(text.find("\n  The database was locked from 10:11:45 to 10:12:10.\n") < 400);
}

TEST_CASE("Story: its evidence groups alerts, and names the first call that waited") {
  const Snapshot snapshot = locked();
  const Report report(snapshot);
  const auto& evidence = report.analysis.stories.at(0).evidence;
  const auto says = [&](std::string_view part) {
    return std::any_of(evidence.begin(), evidence.end(), [&](const Evidence& one) {
      return one.text.find(part) != std::string::npos;
    });
  };
  CHECK(says("database_issue (critical): as it was"));
  CHECK(
      says("high_error_rate (critical) on 2 operations, SEND_MESSAGE first; at worst 90 % on "
           "EDIT_MESSAGE, threshold 1 %"));
  CHECK(says("the first call kept that waited for the lock: "));
  CHECK(says("the last 5002 BREAKER_OPEN; "));
  CHECK(std::is_sorted(evidence.begin(), evidence.end(),
                       [](const Evidence& a, const Evidence& b) { return a.wall_ns < b.wall_ns; }));
}

TEST_CASE("Story: an overload that comes after the database failed is not its subject") {
  Snapshot snapshot = locked();
  snapshot.transitions.push_back(fired(AlertType::system_overload, "host_cpu", "", 228));
  snapshot.incidents[0].cause = snapshot.transitions.back();
  CHECK(Report(snapshot).analysis.headline.what ==
        "The database was locked from 10:11:45 to 10:12:10.");
  // One that was there before the database failed is.
  snapshot.transitions.back().wall_ns = kNow - 245 * kSecond;
  std::rotate(snapshot.transitions.begin(), snapshot.transitions.end() - 1,
              snapshot.transitions.end());
  CHECK(Report(snapshot).analysis.headline.what ==
        "The host was overloaded from 10:11:55 to 10:13:15.");
}

TEST_CASE("Story: a breaker without locked calls is only a breaker") {
  Snapshot snapshot = locked();
  for (ErrorStats& error : snapshot.errors) error.name = "OTHER";
  CHECK(Report(snapshot).analysis.headline.what.starts_with("The circuit breaker was open from"));
}

TEST_CASE("Story: one that lasts is told in the present, and has no end") {
  Snapshot snapshot = sample::calm();
  const AlertTransition cause = fired(AlertType::high_memory, "resident", "", 60);
  snapshot.incidents = {incident_of(cause, 60, 0)};
  const Report report(snapshot);
  CHECK(report.analysis.headline.what == "The server takes too much memory since 10:14:55.");
  CHECK(report.analysis.headline.whom == "No call failed on account of it that is known of.");
  CHECK(report.analysis.stories.at(0).until_wall_ns == 0);
}

TEST_CASE("Story: the gravest comes first, and history has those that the snapshot forgot") {
  Snapshot snapshot = sample::calm();
  IncidentView small =
      incident_of(fired(AlertType::high_latency, "p95", "SEND_MESSAGE", 600), 600, 500);
  small.cause.suspect = "database";
  snapshot.incidents = {small};
  HistorySpan history;
  IncidentView big = small;
  big.id = "i0";
  big.cause.alert = AlertType::server_down;
  big.cause.figure = "crashed";
  big.failed_calls = 100;
  big.began_wall_ns = big.ended_wall_ns = kNow - 20'000 * kSecond;
  history.incidents = {small, big};
  const Report report(snapshot, &history);
  REQUIRE(report.analysis.stories.size() == 2);
  CHECK(report.analysis.headline.what == "The server died at 04:42:35. 1 more incident is below.");
  CHECK(report.analysis.stories[1].what == "SEND_MESSAGE was slow from 10:05:55 to 10:07:35.");
  CHECK(report.analysis.stories[1].next == "Look first at the stage database.");
}

TEST_CASE("Story: each alert has a clause in both tenses, and a next step") {
  for (std::size_t a = 0; a < kAlertTypes; ++a) {
    AlertTransition cause = fired(static_cast<AlertType>(a), "other", "", 0);
    CAPTURE(name_of(cause.alert));
    for (const bool lasts : {false, true}) {
      const std::string clause = detail::clause_of(cause, false, lasts);
      CHECK_FALSE(clause.empty());
      CHECK(clause.find('{') == std::string::npos);
      CHECK(detail::next_step(cause, false, lasts, false).ends_with('.'));
      const std::string of_past = detail::next_step(cause, false, lasts, true);
      CHECK(of_past.ends_with('.'));
      // A report of the past has none of these.
      for (const char* words : {"Lanes", "ringside tail", "last calls", "most active", "/proc"})
        CHECK(of_past.find(words) == std::string::npos);
    }
    CHECK(detail::clause_of(cause, false, false) != detail::clause_of(cause, false, true));
  }
}

TEST_CASE("Story: a quiet night needs nothing, and says what would help") {
  const Report report(sample::calm());
  CHECK(report.analysis.headline.what == report.analysis.reasons.front().text);
  CHECK(report.analysis.headline.next.starts_with("Nothing"));
}

TEST_CASE("Story: another day than the report's is named") {
  Snapshot snapshot;
  snapshot.wall_ns = kNow;
  CHECK(clock_time(snapshot, kNow) == "10:15:55");
  CHECK(clock_time(snapshot, kNow - 86'400 * kSecond) == "2024-11-22 10:15:55");
  CHECK(clock_time(snapshot, 0) == "never");
}
