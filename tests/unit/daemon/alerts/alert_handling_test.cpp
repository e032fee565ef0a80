// What people say of alerts: acknowledged, silenced, cleared.
#include <algorithm>
#include <cstddef>
#include <string>

#include "tests/unit/daemon/alerts/handled_world.h"

namespace ringside {
namespace {

TEST_CASE("AlertHandling: who has acknowledged an incident is shown with it and its alerts") {
  Handled world;
  const std::string id = world.fire_latency();
  breaker(world, true);
  world.tick();
  const AlertAnswer answer = world.handle(AlertAction::acknowledge, AlertTarget::incident, id);
  CHECK(answer.done);
  CHECK(answer.text == "acknowledged by anna: looking");
  REQUIRE(answer.lines.size() == 1);
  CHECK(answer.lines[0].state == AlertState::acknowledged);
  CHECK(answer.lines[0].incident == id);
  CHECK(answer.lines[0].message == "acknowledged by anna: looking");
  world.restart();
  for (const AlertView& view : world.shown().alerts) {
    CHECK(view.flags.acknowledged);
    CHECK(view.acknowledged_by == "anna: looking");
  }
  REQUIRE(world.snapshot.incidents.size() == 1);
  CHECK(world.snapshot.incidents[0].acknowledged);
  CHECK(world.snapshot.incidents[0].acknowledged_by == "anna: looking");
  // The same again changes nothing.
  const AlertAnswer again = world.handle(AlertAction::acknowledge, AlertTarget::incident, id);
  CHECK(again.done);
  CHECK_FALSE(again.changed);
  CHECK(again.text == "already acknowledged by anna: looking");
}

TEST_CASE(
    "AlertHandling: an acknowledgement ends when the level rises, the time comes or it is over") {
  for (const char* end : {"level", "time", "over"}) {
    CAPTURE(end);
    Handled world;
    const std::string id = world.fire_latency();
    AlertRequest request = world.request(AlertAction::acknowledge, AlertTarget::episode, id);
    if (end == std::string("time")) request.until_wall_ns = world.wall_ns + 10 * kSecond;
    CHECK(world.handle(request).done);
    world.tick();
    CHECK(world.alert(AlertType::high_latency).flags.acknowledged);
    CHECK(world.snapshot.incidents.at(0).acknowledged);
    if (end == std::string("level")) p95(world, 500);
    world.tick();
    if (end == std::string("over")) {
      CHECK(world.alert(AlertType::high_latency).flags.acknowledged);
      p95(world, 20);
      world.ticks(25);
      p95(world, 250);
      world.ticks(3);
    }
    CHECK_FALSE(world.alert(AlertType::high_latency).flags.acknowledged);
  }
}

TEST_CASE(
    "AlertHandling: a silence by filter holds for what comes later, up to its level and time") {
  Handled world;
  AlertRequest request = world.request(AlertAction::silence, AlertTarget::matching, "");
  request.filter.alert = AlertType::high_latency;
  request.filter.operation = "SEND_MESSAGE";
  request.filter.level = AlertLevel::warning;
  const AlertAnswer answer = world.handle(request);
  CHECK(answer.done);
  REQUIRE(answer.lines.size() == 1);
  CHECK(answer.lines[0].alert == AlertType::high_latency);
  CHECK(answer.lines[0].operation == "SEND_MESSAGE");
  CHECK(answer.lines[0].level == AlertLevel::warning);
  CHECK(answer.lines[0].id == answer.id);
  CHECK(answer.lines[0].message.ends_with("(0 active alerts match)"));
  world.restart();
  REQUIRE(world.shown().silences.size() == 1);
  CHECK(world.snapshot.silences[0].id == answer.id);
  CHECK(world.snapshot.silences[0].who == "anna");
  CHECK(world.snapshot.silences[0].until_wall_ns == request.until_wall_ns);
  world.fire_latency();
  CHECK(world.alert(AlertType::high_latency).flags.silenced);
  CHECK(world.snapshot.incidents.at(0).silenced);
  REQUIRE(world.lines.size() == 1);  // the log has it all the same
  CHECK(world.lines[0].silenced);
  p95(world, 500);
  world.tick();
  CHECK_FALSE(world.alert(AlertType::high_latency).flags.silenced);
  REQUIRE(world.lines.size() == 2);
  CHECK_FALSE(world.lines[1].silenced);
  world.ticks(12 * 60);
  CHECK(world.shown().silences.empty());
}

TEST_CASE("AlertHandling: the end of an incident is silenced only if all before it was") {
  for (const bool late : {false, true}) {
    Handled world;
    const auto silence = [&] {
      AlertRequest request = world.request(AlertAction::silence, AlertTarget::matching, "");
      request.filter.ring = "chat";
      CHECK(world.handle(request).done);
    };
    if (!late) silence();
    world.fire_latency();
    if (late) silence();
    p95(world, 20);
    world.ticks(40);
    REQUIRE(world.lines.size() == 2);
    CHECK(world.lines[0].silenced == !late);
    CHECK(world.lines[1].state == AlertState::ended);
    CHECK(world.lines[1].silenced == !late);
  }
}

TEST_CASE("AlertHandling: the same silence again has the same id, and a new end replaces the old") {
  Handled world;
  AlertRequest request = world.request(AlertAction::silence, AlertTarget::matching, "");
  const AlertAnswer first = world.handle(request);
  CHECK(first.lines.at(0).any_alert);
  const AlertAnswer again = world.handle(request);
  CHECK(again.done);
  CHECK_FALSE(again.changed);
  CHECK(again.id == first.id);
  request.until_wall_ns += kHour;
  const AlertAnswer longer = world.handle(request);
  CHECK(longer.changed);
  CHECK(longer.id == first.id);
  REQUIRE(world.shown().silences.size() == 1);
  CHECK(world.snapshot.silences[0].until_wall_ns == request.until_wall_ns);
  const AlertAnswer lifted = world.handle(AlertAction::unsilence, AlertTarget::matching, first.id);
  CHECK(lifted.done);
  CHECK(lifted.lines.at(0).state == AlertState::unsilenced);
  CHECK(lifted.lines.at(0).message ==
        "silence " + first.id + " of anna: looking ended by anna: looking");
  CHECK(world.shown().silences.empty());
  CHECK_FALSE(world.handle(AlertAction::unsilence, AlertTarget::matching, first.id).done);
}

TEST_CASE("AlertHandling: a cleared alert whose cause goes on returns, and names the old one") {
  Handled world;
  breaker(world, true);
  world.tick();
  const std::string id = world.alert(AlertType::database_issue).last.id;
  const AlertAnswer answer = world.handle(AlertAction::clear, AlertTarget::episode, id);
  CHECK(answer.done);
  REQUIRE(answer.lines.size() == 2);
  CHECK(answer.lines[0].state == AlertState::resolved);
  CHECK(answer.lines[0].message.ends_with(": cleared by anna: looking"));
  CHECK(answer.lines[1].state == AlertState::cleared);
  CHECK(world.shown().alerts.empty());
  CHECK(world.shown().resolved_alerts.size() == 1);
  world.restart();
  world.tick();
  const AlertView back = world.alert(AlertType::database_issue);
  CHECK(back.last.id != id);
  CHECK(back.returns == id);
  CHECK(back.last.message.ends_with(": returns after " + id + " was cleared"));
  CHECK(world.shown().incidents.size() == 1);  // the same incident: it came back
  CHECK(world.snapshot.incidents[0].flaps == 0);
  const AlertAnswer again = world.handle(AlertAction::clear, AlertTarget::episode, id);
  CHECK(again.done);
  CHECK_FALSE(again.changed);
}

TEST_CASE("AlertHandling: a cleared incident ends at the next tick, and what returns is another") {
  Handled world;
  const std::string id = world.fire_latency();
  breaker(world, true);
  world.tick();
  world.lines.clear();
  const AlertAnswer answer = world.handle(AlertAction::clear, AlertTarget::incident, id);
  CHECK(answer.done);
  CHECK(answer.lines.size() == 3);  // two episodes, and the line about the incident
  CHECK(answer.lines.back().state == AlertState::cleared);
  CHECK(answer.lines.back().incident == id);
  CHECK_FALSE(world.handle(AlertAction::clear, AlertTarget::incident, id).changed);
  world.restart();
  world.tick();
  REQUIRE(world.lines.size() == 2);
  CHECK(world.lines[0].state == AlertState::ended);
  CHECK(world.lines[0].incident == id);
  CHECK(world.lines[0].message.starts_with("cleared by anna: looking; over after"));
  CHECK(world.lines[1].state == AlertState::begun);
  CHECK(world.lines[1].incident != id);
}

TEST_CASE("AlertHandling: what is not known or not allowed is refused, and changes nothing") {
  Handled world;
  const std::string id = world.fire_latency();
  const std::string before = world.engine.encode();
  const auto refused = [&](AlertRequest request, const std::string& text) {
    const AlertAnswer answer = world.handle(request);
    CHECK_FALSE(answer.done);
    CHECK(answer.text == text);
    CHECK(world.engine.encode() == before);
  };
  using enum AlertAction;
  refused(world.request(acknowledge, AlertTarget::episode, "no\nsuch"),
          "alert no\\nsuch is not known");
  refused(world.request(clear, AlertTarget::incident, "none"), "incident none is not known");
  refused(world.request(unsilence, AlertTarget::matching, "none"), "silence none is not known");
  AlertRequest request = world.request(acknowledge, AlertTarget::matching, "");
  request.filter.operation = "JOIN_ROOM";
  refused(request, "no active alert matches");
  request = world.request(acknowledge, AlertTarget::episode, id);
  request.who = "";
  refused(request, "who says so? It needs 1 to 100 bytes");
  request.who = "anna";
  request.why.assign(501, 'x');
  refused(request, "the reason has 501 bytes, at most 500 are allowed");
  request = world.request(silence, AlertTarget::episode, id);
  request.until_wall_ns = world.wall_ns;
  refused(request,
          "it would hold until 2024-11-23T10:16:10.000Z, expected a time within the next "
          "366 days");
  request.until_wall_ns = world.wall_ns + 367 * kDay;
  CHECK_FALSE(world.handle(request).done);
}

TEST_CASE("AlertHandling: there is room for so many silences, and no more") {
  Handled world;
  AlertRequest request = world.request(AlertAction::silence, AlertTarget::matching, "");
  for (std::size_t i = 0; i < Handling::kMost; ++i) {
    request.filter.operation = std::to_string(i);
    REQUIRE(world.handle(request).done);
  }
  request.filter.operation = "one more";
  const AlertAnswer answer = world.handle(request);
  CHECK_FALSE(answer.done);
  CHECK(answer.text == "there are 1000 silences, more are not possible");
  world.restart();
  CHECK(world.shown().silences.size() == Handling::kMost);
}

TEST_CASE("AlertHandling: without room for all acknowledgements of a filter none is made") {
  Handled world;
  for (std::size_t i = 0; i <= Handling::kMost; ++i)
    world.operation("CALL_" + std::to_string(i), 300, 0, 5000);
  world.ticks(3);
  const auto acknowledged = [&] {
    const auto& alerts = world.shown().alerts;
    return std::count_if(alerts.begin(), alerts.end(),
                         [](const AlertView& one) { return one.flags.acknowledged; });
  };
  AlertRequest all = world.request(AlertAction::acknowledge, AlertTarget::matching, "");
  all.filter.alert = AlertType::high_latency;
  const std::string before = world.engine.encode();
  const AlertAnswer answer = world.handle(all);
  CHECK_FALSE(answer.done);
  CHECK(answer.text ==
        "there would be 1001 acknowledgements, at most 1000 are possible; none was made");
  CHECK(acknowledged() == 0);
  CHECK(world.engine.encode() == before);
  // One that is replaced takes no further place.
  AlertRequest one = world.request(AlertAction::acknowledge, AlertTarget::matching, "");
  one.filter.operation = "CALL_0";
  REQUIRE(world.handle(one).done);
  one.why = "looking again";
  REQUIRE(world.handle(one).done);
  CHECK(acknowledged() == 1);
  one.filter.operation = "CALL_1";
  REQUIRE(world.handle(one).done);
  all.why = "a third reason";
  CHECK_FALSE(world.handle(all).done);
  CHECK(acknowledged() == 2);
  AlertRequest clear = world.request(AlertAction::clear, AlertTarget::matching, "");
  clear.filter.operation = "CALL_2";
  REQUIRE(world.handle(clear).done);
  CHECK(world.handle(all).done);
  CHECK(acknowledged() == static_cast<std::ptrdiff_t>(Handling::kMost));
  world.restart();
  CHECK(acknowledged() == static_cast<std::ptrdiff_t>(Handling::kMost));
}

TEST_CASE("AlertHandling: who and why can forge nothing") {
  Handled world;
  const std::string id = world.fire_latency();
  AlertRequest request = world.request(AlertAction::acknowledge, AlertTarget::episode, id);
  request.who = "a\nlevel=emergency";
  request.why = "\x1b[2J\u202e\"";
  const AlertAnswer answer = world.handle(request);
  CHECK(answer.lines.at(0).message == "acknowledged by a\\nlevel=emergency: \\x1b[2J\\u{202e}\"");
}

}  // namespace
}  // namespace ringside
