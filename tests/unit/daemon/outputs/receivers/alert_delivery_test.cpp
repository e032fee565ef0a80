// Receivers together, on the thread that tells them.
#include "daemon/outputs/receivers/alert_delivery.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <nlohmann/json.hpp>

#include "tests/unit/daemon/outputs/receivers/scripted_server.h"
#include "tests/unit/daemon/outputs/receivers/some_alerts.h"
#include "tests/unit/daemon/said.h"
#include "tests/unit/daemon/until.h"

namespace ringside {
namespace {

using nlohmann::json;
using test::alert;
using test::Said;
using test::ScriptedServer;
using test::status;
using test::until;
using test::view;
using Reply = ScriptedServer::Reply;
using enum AlertState;
using enum AlertLevel;

ReceiverOptions to(const ScriptedServer& server, ReceiverOptions options = test::webhook()) {
  options.address.host = "127.0.0.1";
  options.address.port = server.port();
  options.address.target = "/";
  options.address.host_field = "h";
  options.address.connect_timeout = std::chrono::seconds(20);
  options.address.timeout = std::chrono::seconds(20);
  return options;
}

json body_of(const std::string& request) {
  return json::parse(request.substr(request.find("\r\n\r\n") + 4));
}

// The ids of the alerts in all requests.
std::vector<std::string> told(const ScriptedServer& server) {
  std::vector<std::string> ids;
  for (const std::string& request : server.requests()) {
    const json body = body_of(request);
    for (const json& one : body["alerts"]) ids.push_back(one["id"]);
  }
  return ids;
}

// Finishes and waits. How long it took.
std::chrono::nanoseconds finish(AlertDelivery& delivery) {
  const auto begin = std::chrono::steady_clock::now();
  std::atomic<int> ended{0};
  delivery.finish([&] { ++ended; });
  delivery.join();
  CHECK(ended == 1);
  return std::chrono::steady_clock::now() - begin;
}

Reply good(int, const std::string&) { return status(200); }
Reply silent(int, const std::string&) { return {"", true}; }

TEST_CASE("AlertDelivery: without receivers there is nothing to wait for") {
  AlertDelivery delivery(1);
  delivery.reconfigure({});
  delivery.tell({alert("1", begun, critical)});
  delivery.show({});
  bool ended = false;
  delivery.finish([&] { ended = true; });   // at once, so the flag needs no lock
  CHECK(ended);
  delivery.join();
}

TEST_CASE("AlertDelivery: each receiver is told, and the end waits for what is queued") {
  ScriptedServer first(good), second(good);
  AlertDelivery delivery(1);
  ReceiverOptions other = test::webhook();
  other.name = "other";
  delivery.reconfigure({to(first), to(second, other)});
  for (int i = 0; i < 300; ++i) delivery.tell({alert(std::to_string(i), begun, critical)});
  finish(delivery);
  for (const auto* server : {&first, &second}) {
    const auto ids = told(*server);
    REQUIRE(ids.size() == 300);
    for (int i = 0; i < 300; ++i) CHECK(ids[static_cast<std::size_t>(i)] == std::to_string(i));
  }
}

TEST_CASE("AlertDelivery: receivers that are silent, broken or gone hold up no other and no end") {
  const Said said;
  ScriptedServer well(good), slow(silent), broken([](int, const std::string&) {
    return status(500, "", "over\nloaded");
  });
  AlertDelivery delivery(1, 200'000'000);
  std::vector<ReceiverOptions> all;
  for (const auto* server : {&slow, &broken, &well}) {
    all.push_back(to(*server));
    all.back().name = "r" + std::to_string(all.size());
  }
  all.push_back(to(well));
  all.back().name = "gone";
  all.back().address.host = "127.0.0.2";
  all.back().address.port = 1;
  delivery.reconfigure(all);
  for (int i = 0; i < 3; ++i) {
    delivery.tell({alert(std::to_string(i), begun, critical)});
    until([&] { return told(well).size() == static_cast<std::size_t>(i) + 1; });
  }
  until([&] { return said.count("receiver r2: not told") == 1; });
  CHECK(finish(delivery) < std::chrono::seconds(20));
  CHECK(said.count("warning: receiver r2: not told: it answered 500: over\\nloaded; it is "
                   "tried again, waiting: ") == 1);
  CHECK(said.count("receiver gone: not told: connect: Connection refused; it is tried") == 1);
  CHECK(said.count("receiver r1: not delivered before the end: 3") == 1);
  CHECK(said.count("receiver r2: not delivered before the end: 3") == 1);
  CHECK(said.count("receiver gone: not delivered before the end: 3") == 1);
  CHECK(said.count("r3") == 0);
  // One try at once, a few after pauses, and one at the end.
  CHECK(broken.requests().size() < 10);
}

TEST_CASE("AlertDelivery: a receiver that failed is tried again, and said once each way") {
  const Said said;
  ScriptedServer server([](int number, const std::string&) {
    return number < 2 ? status(429, "Retry-After: 0\r\n") : status(200);
  });
  AlertDelivery delivery(1);
  delivery.reconfigure({to(server)});
  delivery.tell({alert("1", begun, critical)});
  until([&] { return said.count("reached again, failed tries: 2") == 1; });
  CHECK(said.lines() ==
        std::vector<std::string>{"warning: receiver pager: not told: it answered 429; it is "
                                 "tried again, waiting: 1",
                                 "info: receiver pager: reached again, failed tries: 2"});
  CHECK(told(server) == std::vector<std::string>{"1", "1", "1"});
  const auto requests = server.requests();
  CHECK(body_of(requests[0])["batch"] == body_of(requests[2])["batch"]);
  finish(delivery);
}

TEST_CASE("AlertDelivery: Retry-After is honoured, but not at the end") {
  ScriptedServer server([](int number, const std::string&) {
    return number == 0 ? status(503, "Retry-After: 3000\r\n") : status(200);
  });
  const Said said;
  AlertDelivery delivery(1);
  delivery.reconfigure({to(server)});
  delivery.tell({alert("1", begun, critical)});
  until([&] { return said.count("not told: it answered 503") == 1; });
  delivery.tell({alert("2", begun, critical)});
  CHECK(server.requests().size() == 1);
  CHECK(finish(delivery) < std::chrono::seconds(20));
  CHECK(told(server) == std::vector<std::string>{"1", "1", "2"});
}

TEST_CASE("AlertDelivery: a refused transition is dropped and named, and the others arrive") {
  const Said said;
  ScriptedServer server([](int, const std::string& request) {
    return request.find("\"id\":\"bad\"") != std::string::npos ? status(422, "", "what?")
                                                               : status(200);
  });
  AlertDelivery delivery(1);
  delivery.reconfigure({to(server)});
  delivery.tell({alert("a", begun, critical), alert("bad", begun, critical),
                 alert("c", begun, critical)});
  finish(delivery);
  CHECK(said.lines() ==
        std::vector<std::string>{"error: receiver pager: it refused critical high_latency begun "
                                 "(id bad), which is dropped: it answered 422: what?"});
  CHECK(told(server).back() == "c");
}

TEST_CASE("AlertDelivery: drops for lack of room are said once, and counted at the end of them") {
  const Said said;
  std::atomic<bool> answers{false};
  ScriptedServer server(
      [&](int, const std::string&) { return status(answers ? 200 : 503, "Retry-After: 0\r\n"); });
  ReceiverOptions options = to(server);
  options.most_kept = 2;
  AlertDelivery delivery(1);
  delivery.reconfigure({options});
  for (int i = 0; i < 6; ++i) {
    delivery.tell({alert(std::to_string(i), begun, critical)});
    until([&] { return server.requests().size() >= 1; });
  }
  until([&] { return said.count("there is no room for more than 2; alerts are dropped") == 1; });
  answers = true;
  until([&] { return said.count("dropped for lack of room") == 1; });
  CHECK(said.count("warning: receiver pager: dropped for lack of room: 4") == 1);
  CHECK(said.count("there is no room") == 1);
  finish(delivery);
}

TEST_CASE("AlertDelivery: an Alertmanager that is configured later is shown what is active") {
  ScriptedServer hook(good), manager(good);
  AlertDelivery delivery(1);
  delivery.reconfigure({to(hook)});
  const AlertTransition t = alert("1", firing, critical);
  delivery.tell({t, alert("1", begun, critical)});
  delivery.show({view(t, 0)});
  delivery.show({view(t, 0)});   // nothing new, so it is not handed over
  until([&] { return told(hook).size() == 1; });
  delivery.reconfigure({to(hook), to(manager, test::alertmanager())});
  until([&] { return manager.requests().size() == 1; });
  const json posted = body_of(manager.requests()[0]);
  REQUIRE(posted.size() == 1);
  CHECK(posted[0]["labels"]["severity"] == "critical");
  CHECK(posted[0]["startsAt"] == "2024-11-23T09:00:00.000Z");
  finish(delivery);
  CHECK(told(hook).size() == 1);
}

TEST_CASE("AlertDelivery: what was active before is shown without any transition") {
  ScriptedServer manager(good);
  AlertDelivery delivery(1);
  delivery.reconfigure({to(manager, test::alertmanager())});
  delivery.show({view(alert("1", firing, critical), 0)});
  until([&] { return manager.requests().size() == 1; });
  delivery.show({});   // without a transition nothing has changed
  finish(delivery);
  CHECK(manager.requests().size() == 1);
}

TEST_CASE("AlertDelivery: too many transitions at once are counted, and what is active arrives") {
  const Said said;
  ScriptedServer hook(good), manager(good);
  AlertDelivery delivery(1);
  delivery.reconfigure({to(hook), to(manager, test::alertmanager())});
  const AlertTransition t = alert("1", firing, critical);
  delivery.tell(std::vector<AlertTransition>(10'001, t));
  delivery.show({view(t, 0)});
  until([&] { return manager.requests().size() == 1; });
  finish(delivery);
  CHECK(said.lines() ==
        std::vector<std::string>{"error: receivers: transitions that were dropped before they were "
                                 "taken up: 10001"});
  CHECK(hook.requests().empty());
}

TEST_CASE("AlertDelivery: a receiver that moves takes along what it was not told") {
  ScriptedServer before(silent), after(good);
  AlertDelivery delivery(1);
  delivery.reconfigure({to(before)});
  delivery.tell({alert("1", begun, critical)});
  until([&] { return before.requests().size() == 1; });
  delivery.tell({alert("2", begun, critical)});
  delivery.reconfigure({to(after)});
  until([&] { return told(after).size() == 2; });
  CHECK(told(after) == std::vector<std::string>{"1", "2"});
  // The batch that nobody answered is the same one.
  CHECK(body_of(before.requests()[0])["batch"] == body_of(after.requests()[0])["batch"]);
  finish(delivery);
}

TEST_CASE("AlertDelivery: a receiver that is left out is told nothing more") {
  const Said said;
  ScriptedServer server(silent);
  AlertDelivery delivery(1);
  delivery.reconfigure({to(server)});
  delivery.tell({alert("1", begun, critical)});
  until([&] { return server.requests().size() == 1; });
  delivery.reconfigure({});
  delivery.tell({alert("2", begun, critical)});
  CHECK(finish(delivery) < std::chrono::seconds(20));
  CHECK(server.requests().size() == 1);
  CHECK(said.lines().empty());
}

TEST_CASE("AlertDelivery: it can be left without an end, with a post under way") {
  ScriptedServer server(silent);
  AlertDelivery delivery(1);
  delivery.reconfigure({to(server)});
  delivery.tell({alert("1", begun, critical)});
  until([&] { return server.requests().size() == 1; });
}

}  // namespace
}  // namespace ringside
