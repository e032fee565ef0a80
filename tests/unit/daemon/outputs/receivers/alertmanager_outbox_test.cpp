// What an Alertmanager is told: label sets, when each is sent, and what an answer changes.
#include "daemon/outputs/receivers/alertmanager_outbox.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/unit/daemon/outputs/receivers/some_alerts.h"

namespace ringside {
namespace {

using nlohmann::json;
using test::alert;
using test::alertmanager;
using test::at;
using test::view;
using Strings = std::vector<std::string>;
using enum AlertState;
using enum AlertLevel;

AlertTransition about(const std::string& operation, const std::string& id, double seconds = 0,
                      AlertLevel level = warning) {
  AlertTransition t = alert(id, firing, level, seconds);
  t.operation = operation;
  return t;
}

// The post that is due, as "operation/severity begin..end" in seconds, sorted.
Strings due(AlertmanagerOutbox& outbox, double seconds) {
  Strings out;
  const auto body = outbox.next(at(seconds));
  const auto due_ns = outbox.due_ns();
  CHECK(body.has_value() == (due_ns && *due_ns <= at(seconds).monotonic_ns));
  if (!body) return out;
  const auto seconds_of = [](const json& time) {
    const std::string text = time;
    REQUIRE(text.starts_with("2024-11-23T09:"));
    return std::to_string(std::stoi(text.substr(14, 2)) * 60 + std::stoi(text.substr(17, 2)));
  };
  for (const json& one : json::parse(*body)) {
    const json& labels = one["labels"];
    out.push_back(labels.value("operation", std::string(labels["alertname"])) + "/" +
                  std::string(labels["severity"]) + " " + seconds_of(one["startsAt"]) + ".." +
                  seconds_of(one["endsAt"]));
  }
  std::sort(out.begin(), out.end());
  return out;
}

Strings accept(AlertmanagerOutbox& outbox, double seconds) {
  return outbox.answered(Answer::accepted, at(seconds));
}

TEST_CASE("LabelSet: labels are what identifies an alert, and what changes is an annotation") {
  AlertTransition t = alert("6741a2bb", firing, critical);
  t.figure = "p95";
  t.incident = "i-7";
  t.suspect = "database";
  CHECK(labels_of(t, "host-1") == LabelSet{{"alertname", "high_latency"},
                                           {"figure", "p95"},
                                           {"instance", "host-1"},
                                           {"operation", "SEND_MESSAGE"},
                                           {"ring", "chat"},
                                           {"severity", "critical"}});
  CHECK(annotations_of(t) == LabelSet{{"id", "6741a2bb"},
                                      {"incident", "i-7"},
                                      {"state", "firing"},
                                      {"summary", "p95 843 ms"},
                                      {"suspect", "database"},
                                      {"threshold", "400"},
                                      {"unit", "ms"},
                                      {"value", "843.5"}});
  AlertTransition later = t;
  later.state = recovering;
  later.value = 1;
  later.threshold = 2;
  later.message = "other";
  later.id = "x";
  later.incident = "y";
  later.suspect = "z";
  later.wall_ns += 1;
  CHECK(labels_of(later, "host-1") == labels_of(t, "host-1"));
}

TEST_CASE("LabelSet: an empty label is left out, and foreign text is valid UTF-8") {
  AlertTransition t = alert("1", firing, warning);
  t.operation.clear();
  t.ring = "a\n\xff";
  CHECK(labels_of(t, "h") == LabelSet{{"alertname", "high_latency"},
                                      {"instance", "h"},
                                      {"ring", "a\\n\\xff"},
                                      {"severity", "warning"}});
}

TEST_CASE("AlertmanagerOutbox: the body of a post") {
  AlertmanagerOutbox outbox(alertmanager(), at(0));
  outbox.show({view(alert("7", firing, critical, 2), 1)}, at(2));
  const auto body = outbox.next(at(3));
  REQUIRE(body);
  CHECK(*body ==
        R"([{"labels":{"alertname":"high_latency","instance":"host-1","operation":"SEND_MESSAGE",)"
        R"("ring":"chat","severity":"critical"},"annotations":{"id":"7","state":"firing",)"
        R"("summary":"p95 843 ms","threshold":"400","unit":"ms","value":"843.5"},)"
        R"("startsAt":"2024-11-23T09:00:01.000Z","endsAt":"2024-11-23T09:04:03.000Z"}])");
}

TEST_CASE("AlertmanagerOutbox: a firing alert is sent at once and every resend, 4 resends ahead") {
  AlertmanagerOutbox outbox(alertmanager(), at(0));
  CHECK(due(outbox, 0) == Strings{});
  const std::vector<AlertView> active = {view(about("A", "1"), 0)};
  outbox.show(active, at(0));
  CHECK(outbox.waiting() == 1);
  CHECK(due(outbox, 0) == Strings{"A/warning 0..240"});
  accept(outbox, 1);
  CHECK(outbox.waiting() == 0);
  outbox.show(active, at(5));   // nothing new
  CHECK(due(outbox, 60.9) == Strings{});
  CHECK(due(outbox, 61) == Strings{"A/warning 0..301"});
  accept(outbox, 61);
  CHECK(due(outbox, 120) == Strings{});
  CHECK(due(outbox, 121) == Strings{"A/warning 0..361"});
}

TEST_CASE("AlertmanagerOutbox: a post that failed is made anew from what is true then") {
  AlertmanagerOutbox outbox(alertmanager(), at(0));
  outbox.show({view(about("A", "1"), 0)}, at(0));
  CHECK(due(outbox, 0) == Strings{"A/warning 0..240"});
  outbox.answered(Answer::failed, at(1));
  outbox.show({view(about("A", "1"), 0), view(about("B", "2"), 2)}, at(2));
  CHECK(due(outbox, 3) == Strings{"A/warning 0..243", "B/warning 2..243"});
}

TEST_CASE("AlertmanagerOutbox: an annotation that changes is sent at once, under the same labels") {
  AlertmanagerOutbox outbox(alertmanager(), at(0));
  outbox.show({view(about("A", "1"), 0)}, at(0));
  due(outbox, 0);
  accept(outbox, 0);
  AlertTransition recovers = about("A", "1", 9);
  recovers.state = recovering;
  outbox.show({view(recovers, 0)}, at(9));
  const auto body = outbox.next(at(9));
  REQUIRE(body);
  CHECK(json::parse(*body).size() == 1);
  CHECK(json::parse(*body)[0]["annotations"]["state"] == "recovering");
}

TEST_CASE("AlertmanagerOutbox: a level that rises ends the old label set in the same post") {
  AlertmanagerOutbox outbox(alertmanager(), at(0));
  outbox.show({view(about("A", "1"), 0), view(about("B", "2"), 0)}, at(0));
  due(outbox, 0);
  accept(outbox, 0);
  const AlertTransition risen = about("A", "1", 7, critical);
  outbox.tell({risen});
  outbox.show({view(risen, 0), view(about("B", "2"), 0)}, at(8));
  CHECK(due(outbox, 8) == Strings{"A/critical 0..248", "A/warning 0..7"});
  accept(outbox, 8);
  // Falling is the same.
  const AlertTransition fallen = about("A", "1", 20, warning);
  outbox.show({view(fallen, 0), view(about("B", "2"), 0)}, at(20));
  CHECK(due(outbox, 20) == Strings{"A/critical 0..20", "A/warning 0..260"});
}

TEST_CASE("AlertmanagerOutbox: however many are due, a change is not split between two posts") {
  ReceiverOptions options = alertmanager();
  options.most_kept = 10'000;
  AlertmanagerOutbox outbox(options, at(0));
  std::vector<AlertView> active;
  for (int i = 0; i < 350; ++i) {
    active.push_back(view(about("op" + std::to_string(i), std::to_string(i)), 0));
    outbox.show(active, at(0));   // each is a change of its own
  }
  for (const std::size_t size : {200U, 150U}) {
    CHECK(due(outbox, 0).size() == size);
    accept(outbox, 0);
  }
  // Now all rise together: 350 end and 350 begin.
  for (AlertView& one : active) one.last.level = critical;
  outbox.show(active, at(1));
  CHECK(due(outbox, 1).size() == 700);
}

TEST_CASE("AlertmanagerOutbox: an end is sent with its time until it was accepted three times") {
  AlertmanagerOutbox outbox(alertmanager(), at(0));
  outbox.show({view(about("A", "1"), 0)}, at(0));
  due(outbox, 0);
  accept(outbox, 0);
  AlertTransition over = about("A", "1", 30);
  over.state = resolved;
  over.value = 12;
  outbox.tell({over});
  outbox.show({}, at(31));
  const auto body = outbox.next(at(31));
  REQUIRE(body);
  CHECK(json::parse(*body)[0]["annotations"]["value"] == "12");   // the clearing value
  outbox.answered(Answer::failed, at(31));
  CHECK(outbox.waiting() == 1);
  for (const double seconds : {40.0, 100.0, 160.0}) {
    CHECK(due(outbox, seconds - 0.1) == (seconds == 40 ? Strings{"A/warning 0..30"} : Strings{}));
    CHECK(due(outbox, seconds) == Strings{"A/warning 0..30"});
    accept(outbox, seconds);
    CHECK(outbox.waiting() == 0);
  }
  CHECK_FALSE(outbox.due_ns());
}

TEST_CASE("AlertmanagerOutbox: an alert that comes back is the old label set, with a new begin") {
  AlertmanagerOutbox outbox(alertmanager(), at(0));
  outbox.show({view(about("A", "1"), 0)}, at(0));
  due(outbox, 0);
  accept(outbox, 0);
  outbox.show({}, at(30));
  CHECK(due(outbox, 30) == Strings{"A/warning 0..30"});   // nobody said when: now
  accept(outbox, 30);
  outbox.show({view(about("A", "2", 50), 45)}, at(50));
  CHECK(due(outbox, 50) == Strings{"A/warning 45..290"});
}

TEST_CASE("AlertmanagerOutbox: after a restart what is active is sent with the same begin") {
  const std::vector<AlertView> active = {view(about("A", "1", 500, critical), 30)};
  AlertmanagerOutbox before(alertmanager(), at(500));
  before.show(active, at(500));
  AlertmanagerOutbox after(alertmanager(), at(900));
  after.show(active, at(900));
  const json first = json::parse(*before.next(at(500)));
  const json second = json::parse(*after.next(at(900)));
  CHECK(first[0]["startsAt"] == "2024-11-23T09:00:30.000Z");
  CHECK(second[0]["startsAt"] == first[0]["startsAt"]);
  CHECK(second[0]["labels"] == first[0]["labels"]);
}

TEST_CASE("AlertmanagerOutbox: pending alerts and those below min_level are not sent") {
  ReceiverOptions options = alertmanager();
  options.min_level = critical;
  AlertmanagerOutbox outbox(options, at(0));
  AlertTransition waits = about("P", "1", 0, emergency);
  waits.state = pending;
  outbox.show({view(waits, 0), view(about("A", "2"), 0)}, at(0));
  CHECK(due(outbox, 0) == Strings{});
  outbox.show({view(about("A", "2", 5, critical), 0)}, at(5));
  CHECK(due(outbox, 5) == Strings{"A/critical 0..245"});
  accept(outbox, 5);
  outbox.show({view(about("A", "2", 9), 0)}, at(9));   // fallen below
  CHECK(due(outbox, 9) == Strings{"A/critical 0..9"});
}

TEST_CASE("AlertmanagerOutbox: two figures with the same labels are one, from the older's begin") {
  AlertmanagerOutbox outbox(alertmanager(), at(0));
  outbox.show({view(about("A", "2"), 20), view(about("A", "1"), 10)}, at(30));
  CHECK(due(outbox, 30) == Strings{"A/warning 10..270"});
  accept(outbox, 30);
  // One of them ends, and the label set does not.
  outbox.show({view(about("A", "2"), 20)}, at(40));
  CHECK(due(outbox, 40) == Strings{"A/warning 20..280"});
}

TEST_CASE("AlertmanagerOutbox: a clock that was set back ends no alert before its begin") {
  AlertmanagerOutbox outbox(alertmanager(), at(0));
  outbox.show({view(about("A", "1"), 50)}, at(50));
  due(outbox, 50);
  accept(outbox, 50);
  Instant back = at(60);
  back.realtime_ns = at(10).realtime_ns;
  outbox.show({}, back);
  CHECK(due(outbox, 60) == Strings{"A/warning 50..50"});
}

TEST_CASE("AlertmanagerOutbox: a change while a post is under way is sent after it") {
  AlertmanagerOutbox outbox(alertmanager(), at(0));
  outbox.show({view(about("A", "1"), 0)}, at(0));
  due(outbox, 0);
  outbox.show({view(about("A", "1", 1, critical), 0)}, at(1));
  accept(outbox, 2);
  CHECK(due(outbox, 2) == Strings{"A/critical 0..242", "A/warning 0..1"});
}

TEST_CASE("AlertmanagerOutbox: after a 400 the good ones wait for their time, and then go alone") {
  AlertmanagerOutbox outbox(alertmanager(), at(0));
  outbox.show({view(about("A", "1"), 0), view(about("BAD", "2"), 0)}, at(0));
  CHECK(due(outbox, 0).size() == 2);
  CHECK(outbox.answered(Answer::some_refused, at(0)) == Strings{});
  CHECK(due(outbox, 59) == Strings{});   // the Alertmanager has kept A
  CHECK(due(outbox, 60) == Strings{"A/warning 0..300"});
  CHECK(accept(outbox, 60) == Strings{});
  CHECK(due(outbox, 60) == Strings{"BAD/warning 0..300"});
  CHECK(outbox.answered(Answer::some_refused, at(60)) ==
        Strings{"{alertname=high_latency, instance=host-1, operation=BAD, ring=chat, "
                "severity=warning}"});
  CHECK(outbox.waiting() == 0);
  // The bad one is not sent again until it changes.
  CHECK(due(outbox, 119) == Strings{});
  // The good one goes on, and in company: it was accepted alone.
  CHECK(due(outbox, 119.9) == Strings{});
  outbox.show({view(about("A", "1"), 0), view(about("BAD", "2"), 0), view(about("C", "3"), 120)},
              at(120));
  CHECK(due(outbox, 120) == Strings{"A/warning 0..360", "C/warning 120..360"});
  accept(outbox, 120);
  outbox.show({view(about("A", "1"), 0), view(about("BAD", "2", 130, critical), 0),
               view(about("C", "3"), 120)},
              at(130));
  CHECK(due(outbox, 130) == Strings{"BAD/critical 0..370"});
}

TEST_CASE("AlertmanagerOutbox: what is new after a 400 does not wait for those that go alone") {
  AlertmanagerOutbox outbox(alertmanager(), at(0));
  outbox.show({view(about("A", "1"), 0), view(about("B", "2"), 0)}, at(0));
  due(outbox, 0);
  outbox.answered(Answer::some_refused, at(0));
  outbox.show({view(about("A", "1"), 0), view(about("B", "2"), 0), view(about("C", "3"), 60)},
              at(60));
  CHECK(due(outbox, 60) == Strings{"C/warning 60..300"});
}

TEST_CASE("AlertmanagerOutbox: where nothing of a post was kept, each goes alone at once") {
  AlertmanagerOutbox outbox(alertmanager(), at(0));
  outbox.show({view(about("A", "1"), 0), view(about("BAD", "2"), 0)}, at(0));
  due(outbox, 0);
  outbox.answered(Answer::all_refused, at(0));
  CHECK(due(outbox, 0) == Strings{"A/warning 0..240"});
  accept(outbox, 0);
  CHECK(due(outbox, 0) == Strings{"BAD/warning 0..240"});
  CHECK(outbox.answered(Answer::all_refused, at(0)).size() == 1);
  CHECK(due(outbox, 59) == Strings{});
}

TEST_CASE("AlertmanagerOutbox: beyond its room ended ones go first, and new ones are left out") {
  ReceiverOptions options = alertmanager();
  options.most_kept = 2;
  AlertmanagerOutbox outbox(options, at(0));
  outbox.show({view(about("A", "1"), 0), view(about("B", "2"), 0), view(about("C", "3"), 0)},
              at(0));
  CHECK(due(outbox, 0) == Strings{"A/warning 0..240", "B/warning 0..240"});
  accept(outbox, 0);
  CHECK(outbox.dropped() == 1);
  const std::vector<AlertView> later = {view(about("B", "2"), 0), view(about("C", "3"), 0)};
  outbox.show({view(about("A", "1"), 0), later[0], later[1]}, at(1));
  CHECK(outbox.dropped() == 1);   // it was counted
  // A ends, and gives its place to C before its end was accepted.
  outbox.show(later, at(2));
  CHECK(due(outbox, 2) == Strings{"C/warning 0..242"});
  CHECK(outbox.dropped() == 2);
}

TEST_CASE("AlertmanagerOutbox: the watchdog fires for good, and ends where it is switched off") {
  ReceiverOptions options = alertmanager();
  options.watchdog = true;
  AlertmanagerOutbox outbox(options, at(0));
  CHECK(due(outbox, 0) == Strings{"Watchdog/none 0..240"});
  accept(outbox, 0);
  outbox.show({}, at(10));
  CHECK(due(outbox, 60) == Strings{"Watchdog/none 0..300"});
  accept(outbox, 60);
  outbox.reconfigure(alertmanager(), at(70));
  CHECK(due(outbox, 70) == Strings{"Watchdog/none 0..70"});
  accept(outbox, 70);
  outbox.reconfigure(options, at(80));
  CHECK(due(outbox, 80) == Strings{"Watchdog/none 80..320"});
}

TEST_CASE("AlertmanagerOutbox: another resend interval holds from the next post on, which is now") {
  AlertmanagerOutbox outbox(alertmanager(), at(0));
  outbox.show({view(about("A", "1"), 0)}, at(0));
  due(outbox, 0);
  accept(outbox, 0);
  ReceiverOptions options = alertmanager();
  options.resend_ns = 10 * test::kS;
  outbox.reconfigure(options, at(5));
  CHECK(due(outbox, 5) == Strings{"A/warning 0..45"});
  accept(outbox, 5);
  CHECK(due(outbox, 14.9) == Strings{});
  CHECK(due(outbox, 15) == Strings{"A/warning 0..55"});
}

}  // namespace
}  // namespace ringside
