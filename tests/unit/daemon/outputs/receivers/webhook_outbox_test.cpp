// What a webhook is told, and in which posts.
#include "daemon/outputs/receivers/webhook_outbox.h"

#include <doctest/doctest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "tests/unit/daemon/outputs/receivers/some_alerts.h"

namespace ringside {
namespace {

using nlohmann::json;
using test::alert;
using test::at;
using test::view;
using Strings = std::vector<std::string>;
using enum AlertState;
using enum AlertLevel;

// The ids of the post that is due.
Strings due(WebhookOutbox& outbox) {
  Strings ids;
  const auto body = outbox.next(at(0));
  CHECK(body.has_value() == outbox.due_ns().has_value());
  if (!body) return ids;
  const json document = json::parse(*body);
  for (const json& one : document["alerts"]) ids.push_back(one["id"]);
  return ids;
}

Strings answer(WebhookOutbox& outbox, Answer answer) { return outbox.answered(answer, at(0)); }

ReceiverOptions every_transition() {
  ReceiverOptions options = test::webhook();
  options.transitions = true;
  return options;
}

std::vector<AlertTransition> numbered(int from, int to) {
  std::vector<AlertTransition> out;
  for (int i = from; i <= to; ++i) out.push_back(alert(std::to_string(i), begun, critical));
  return out;
}

TEST_CASE("WebhookOutbox: an incident that goes on is told again, what is silenced is not told") {
  WebhookOutbox outbox(every_transition(), "abc");
  AlertTransition hushed = alert("2", begun, critical);
  hushed.silenced = true;
  AlertTransition hushed_episode = alert("3", firing, critical);
  hushed_episode.silenced = true;
  outbox.tell(
      {alert("1", repeated, critical), hushed, hushed_episode, alert("4", ended, critical)});
  CHECK(due(outbox) == Strings{"1", "4"});
}

TEST_CASE("WebhookOutbox: what a person says stands in the log alone") {
  WebhookOutbox outbox(every_transition(), "abc");
  for (const AlertState state : {acknowledged, silenced, unsilenced, cleared})
    outbox.tell({alert("1", state, emergency)});
  CHECK_FALSE(outbox.due_ns());
}

TEST_CASE("WebhookDocument: the schema, field by field") {
  AlertTransition t = alert("6741a2bb", begun, critical, 1.5);
  t.figure = "p95";
  t.incident = "i-7";
  t.suspect = "database";
  t.message = "line\nbreak \"quoted\" \xff";
  AlertTransition bare;
  bare.id = "2";
  bare.value = std::numeric_limits<double>::quiet_NaN();
  WebhookOutbox outbox(test::webhook(), "abc");
  bare.state = ended;
  bare.level = warning;
  outbox.tell({t, bare});
  const auto body = outbox.next(at(0));
  REQUIRE(body);
  CHECK(*body ==
        R"({"version":1,"source":"ringside","instance":"host-1","receiver":"pager",)"
        R"("batch":"abc-1","dropped":0,"alerts":[)"
        R"({"time":"2024-11-23T09:00:01.500Z","id":"6741a2bb","incident":"i-7",)"
        R"("alert":"high_latency","figure":"p95","level":"critical","state":"begun",)"
        R"("ring":"chat","operation":"SEND_MESSAGE","suspect":"database","value":843.5,"threshold":400.0,"unit":"ms",)"
        R"("message":"line\\nbreak \"quoted\" \\xff"},)"
        R"({"time":"never","id":"2","incident":null,"alert":"high_latency","figure":null,)"
        R"("level":"warning","state":"ended","ring":null,"operation":null,"suspect":null,"value":null,)"
        R"("threshold":0.0,"unit":"ms","message":""}]})");
}

TEST_CASE("WebhookOutbox: each transition once, in order, and nothing when all is told") {
  WebhookOutbox outbox(test::webhook(), "s");
  CHECK(due(outbox) == Strings{});
  outbox.tell(numbered(1, 3));
  CHECK(outbox.waiting() == 3);
  CHECK(due(outbox) == Strings{"1", "2", "3"});
  outbox.tell(numbered(4, 4));   // while the post is under way
  CHECK(answer(outbox, Answer::accepted) == Strings{});
  CHECK(due(outbox) == Strings{"4"});
  answer(outbox, Answer::accepted);
  CHECK(due(outbox) == Strings{});
  CHECK(outbox.waiting() == 0);
}

TEST_CASE("WebhookOutbox: a batch that failed is sent again as it was, under the same id") {
  WebhookOutbox outbox(test::webhook(), "s");
  outbox.tell(numbered(1, 2));
  const auto first = outbox.next(at(0));
  answer(outbox, Answer::failed);
  outbox.tell(numbered(3, 3));
  CHECK(outbox.next(at(1)) == first);
  answer(outbox, Answer::accepted);
  const auto second = outbox.next(at(2));
  REQUIRE(second);
  CHECK(json::parse(*first)["batch"] == "s-1");
  CHECK(json::parse(*second)["batch"] == "s-2");
}

TEST_CASE("WebhookOutbox: a batch has at most a hundred") {
  WebhookOutbox outbox(test::webhook(), "s");
  outbox.tell(numbered(1, 250));
  for (const std::size_t size : {100U, 100U, 50U, 0U}) {
    CHECK(due(outbox).size() == size);
    if (size > 0) answer(outbox, Answer::accepted);
  }
}

TEST_CASE("WebhookOutbox: the lines of incidents are told, from min_level on, and no others") {
  WebhookOutbox outbox(test::webhook(), "s");
  outbox.tell({alert("low", begun, info), alert("1", begun, warning), alert("2", firing, critical),
               alert("3", pending, critical), alert("4", risen, critical),
               alert("5", recovering, critical), alert("6", resolved, critical),
               alert("7", ended, critical), alert("low", ended, info)});
  CHECK(due(outbox) == Strings{"1", "4", "7"});
}

TEST_CASE("WebhookOutbox: on request each transition is told beside them") {
  WebhookOutbox outbox(every_transition(), "s");
  outbox.tell({alert("1", begun, warning), alert("2", firing, critical),
               alert("2", recovering, critical), alert("2", resolved, critical),
               alert("3", ended, critical)});
  CHECK(due(outbox) == Strings{"1", "2", "2", "2", "3"});
}

TEST_CASE("WebhookOutbox: pending is never told, and neither is its end") {
  WebhookOutbox outbox(every_transition(), "s");
  outbox.tell({alert("a", pending, emergency), alert("a", resolved, emergency)});
  CHECK(outbox.waiting() == 0);
}

TEST_CASE("WebhookOutbox: an alert is told from min_level on, and then to its end") {
  ReceiverOptions options = every_transition();
  options.min_level = critical;
  WebhookOutbox outbox(options, "s");
  outbox.tell({alert("a", firing, warning), alert("b", firing, warning)});
  CHECK(outbox.waiting() == 0);
  outbox.tell({alert("a", firing, critical)});
  CHECK(outbox.waiting() == 1);
  outbox.tell({alert("a", recovering, warning), alert("b", recovering, warning)});
  CHECK(outbox.waiting() == 2);
  outbox.tell({alert("a", resolved, warning), alert("b", resolved, warning)});
  CHECK(due(outbox) == Strings{"a", "a", "a"});
  // The episode is over: another with the same id would be another one.
  outbox.tell({alert("a", resolved, warning)});
  CHECK(outbox.waiting() == 3);
}

TEST_CASE("WebhookOutbox: what was active before it began is told its end") {
  WebhookOutbox outbox(every_transition(), "s");
  outbox.show({view(alert("old", firing, critical), 0), view(alert("low", firing, info), 0),
               view(alert("p", pending, critical), 0)},
              at(0));
  CHECK(outbox.waiting() == 0);
  outbox.tell({alert("old", resolved, critical), alert("low", resolved, info),
               alert("p", resolved, critical)});
  CHECK(due(outbox) == Strings{"old"});
  answer(outbox, Answer::accepted);
  // Only the first look is one at the past: a transition that was missed later stays missed.
  outbox.show({view(alert("late", firing, critical), 0)}, at(1));
  outbox.tell({alert("late", resolved, critical)});
  CHECK(outbox.waiting() == 0);
}

TEST_CASE("WebhookOutbox: an episode whose end was missed is forgotten") {
  WebhookOutbox outbox(every_transition(), "s");
  outbox.tell({alert("a", firing, critical)});
  outbox.show({view(alert("a", firing, critical), 0)}, at(0));
  outbox.show({}, at(1));
  outbox.tell({alert("a", resolved, critical)});
  CHECK(outbox.waiting() == 1);
}

TEST_CASE("WebhookOutbox: beyond its room the oldest goes, is counted, and the receiver is told") {
  ReceiverOptions options = test::webhook();
  options.most_kept = 3;
  WebhookOutbox outbox(options, "s");
  outbox.tell(numbered(1, 5));
  CHECK(outbox.dropped() == 2);
  auto body = outbox.next(at(0));
  REQUIRE(body);
  CHECK(json::parse(*body)["dropped"] == 2);
  CHECK(json::parse(*body)["alerts"][0]["id"] == "3");
  // The batch under way stays.
  outbox.tell(numbered(6, 8));
  CHECK(outbox.dropped() == 5);
  CHECK(outbox.next(at(1)) == body);
  answer(outbox, Answer::accepted);
  CHECK(outbox.waiting() == 0);
  outbox.tell(numbered(9, 9));
  body = outbox.next(at(2));
  CHECK(json::parse(*body)["dropped"] == 3);   // since the batch before
  answer(outbox, Answer::accepted);
  outbox.tell(numbered(10, 10));
  CHECK(json::parse(*outbox.next(at(3)))["dropped"] == 0);
}

TEST_CASE("WebhookOutbox: less room after a reload drops the oldest") {
  WebhookOutbox outbox(test::webhook(), "s");
  outbox.tell(numbered(1, 5));
  ReceiverOptions options = test::webhook();
  options.most_kept = 2;
  outbox.reconfigure(options, at(0));
  CHECK(due(outbox) == Strings{"4", "5"});
  CHECK(outbox.dropped() == 3);
}

TEST_CASE("WebhookOutbox: less room than the batch that is under way leaves the batch whole") {
  WebhookOutbox outbox(test::webhook(), "s");
  outbox.tell(numbered(1, 5));
  const auto body = outbox.next(at(0));
  ReceiverOptions options = test::webhook();
  options.most_kept = 2;
  outbox.reconfigure(options, at(0));
  outbox.tell(numbered(6, 6));
  CHECK(outbox.waiting() == 5);
  CHECK(outbox.next(at(1)) == body);
  answer(outbox, Answer::accepted);
  CHECK(outbox.waiting() == 0);
  CHECK(outbox.dropped() == 1);
}

TEST_CASE("WebhookOutbox: a refused batch goes one by one, and only the bad one is dropped") {
  for (const Answer refusal : {Answer::some_refused, Answer::all_refused}) {
    WebhookOutbox outbox(test::webhook(), "s");
    outbox.tell(numbered(1, 3));
    CHECK(due(outbox).size() == 3);
    CHECK(answer(outbox, refusal) == Strings{});
    outbox.tell(numbered(4, 5));
    CHECK(due(outbox) == Strings{"1"});
    answer(outbox, Answer::accepted);
    CHECK(due(outbox) == Strings{"2"});
    CHECK(answer(outbox, refusal) == Strings{"critical high_latency begun (id 2)"});
    CHECK(due(outbox) == Strings{"3"});
    answer(outbox, Answer::accepted);
    CHECK(due(outbox) == Strings{"4", "5"});
    CHECK(outbox.dropped() == 0);
  }
}

}  // namespace
}  // namespace ringside
