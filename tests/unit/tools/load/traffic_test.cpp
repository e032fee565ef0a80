// The load against a server that counts too. The books of both must agree.
#include <doctest/doctest.h>

#include <array>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/unit/tools/load/fake_server.h"
#include "tools/load/output.h"
#include "tools/load/run.h"
#include "tools/load/schedule.h"

using namespace ringside::load;
using ringside::load::test::FakeServer;

namespace {

Settings settings_for(const FakeServer& server) {
  Settings settings;
  settings.port = server.port();
  settings.clients = 12;
  settings.threads = 2;
  settings.rate_per_s = 0;
  settings.duration_s = 0;
  settings.operations = 3000;
  settings.run = "test";
  return settings;
}

Result run(const Settings& settings) {
  RunObserver nobody;
  return run_load(settings, nobody, false);
}

std::uint64_t taken_as(const FakeServer& server, Op op) {
  const auto taken = server.taken();
  const auto found = taken.find(op == Op::none ? std::string{} : std::string(name_of(op)));
  return found == taken.end() ? 0 : found->second;
}

Tally mix_total(const Result& result) {
  Tally sum;
  for (std::size_t i = 0; i < kOpCount; ++i)
    sum.merge(result.books.tally(kMix, static_cast<Op>(i)));
  return sum;
}

std::string failure_of(const Settings& settings) {
  try {
    run(settings);
  } catch (const RunError& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE(
    "Traffic: in the closed loop what was answered is what the server took, operation by "
    "operation") {
  FakeServer server;
  const Result result = run(settings_for(server));
  for (std::size_t i = 0; i < kOpCount; ++i) {
    const Op op = static_cast<Op>(i);
    const Tally total = result.books.total(op);
    INFO(name_of(op));
    CHECK(total.answered() == taken_as(server, op));
    CHECK(total.sent == total.answered());
    CHECK(total.unanswered() == 0);
    CHECK(total.unsent == 0);
  }
  CHECK(mix_total(result).answered() == 3000);
  CHECK(result.books.pushes() > 100);
  CHECK(result.books.protocol_errors() == 0);
  CHECK(result.books.total(Op::LEAVE_ROOM).outcomes[static_cast<std::size_t>(Outcome::denied)] ==
        taken_as(server, Op::LEAVE_ROOM));
  CHECK(result.books.total(Op::MESSAGE_SEARCH).codes.at(5005) ==
        taken_as(server, Op::MESSAGE_SEARCH));
  CHECK(result.books.code_name(5005) == "CODE_5005");
}

TEST_CASE(
    "Traffic: in the open loop too, and exactly so many operations are planned as were asked for") {
  FakeServer server;
  Settings settings = settings_for(server);
  settings.rate_per_s = 4000;
  settings.operations = 2000;
  const Result result = run(settings);
  for (std::size_t i = 0; i < kOpCount; ++i) {
    const Op op = static_cast<Op>(i);
    INFO(name_of(op));
    CHECK(result.books.total(op).answered() == taken_as(server, op));
  }
  CHECK(mix_total(result).answered() == 2000);
  CHECK(mix_total(result).from_intended.count() == 2000);
}

TEST_CASE("Traffic: the mix is the schedule's, however many threads share it") {
  for (const std::uint32_t threads : {1U, 3U}) {
    FakeServer server;
    Settings settings = settings_for(server);
    settings.threads = threads;
    settings.seed = 99;
    const Result result = run(settings);
    const Schedule schedule(99, settings.mix, settings.clients, 0);
    std::array<std::uint64_t, kOpCount> planned{};
    for (std::uint64_t i = 0; i < settings.operations; ++i) ++planned[index_of(schedule.at(i).op)];
    for (std::size_t i = 0; i < kOpCount; ++i) {
      INFO(name_of(static_cast<Op>(i)), " with threads: ", threads);
      CHECK(result.books.tally(kMix, static_cast<Op>(i)).answered() == planned[i]);
    }
  }
}

TEST_CASE(
    "Traffic: a server that closes in mid-flight leaves requests unanswered, and the clients come "
    "back") {
  for (const double rate : {0.0, 3000.0}) {
    FakeServer server;
    server.close_every = 50;
    Settings settings = settings_for(server);
    settings.rate_per_s = rate;
    settings.operations = 0;
    settings.duration_s = 2;
    const Result result = run(settings);
    std::uint64_t unanswered = 0;
    for (std::size_t i = 0; i < kOpCount; ++i) {
      const Op op = static_cast<Op>(i);
      const Tally total = result.books.total(op);
      INFO(name_of(op), " at ", rate);
      CHECK(total.sent == total.answered() + total.unanswered());
      // The server takes the request that it never answers. It never sees the requests that wait
      // behind that one in the socket.
      CHECK(taken_as(server, op) >= total.answered());
      CHECK(taken_as(server, op) <= total.answered() + total.lost);
      CHECK(total.late == 0);
      unanswered += total.lost;
    }
    const Connections& connections = result.books.connections(kMix);
    CHECK(connections.lost > 12);
    CHECK(connections.opened > 12);
    CHECK(unanswered >= connections.lost);
    CHECK(result.books.tally(kRelogin, Op::AUTHENTICATION).answered() > 0);
    CHECK(result.clients_given_up == 0);
  }
}

TEST_CASE("Traffic: what is not answered by the deadline is reported by name") {
  FakeServer server;
  Settings settings = settings_for(server);
  settings.mix.weights.fill(0);
  settings.mix.weights[index_of(Op::LIST_ROOMS)] = 1;
  settings.operations = 0;
  settings.duration_s = 0.3;
  settings.drain_s = 0.2;
  struct MuteAfterSetUp : RunObserver {
    explicit MuteAfterSetUp(FakeServer& the_server) : server(the_server) {}
    void on_set_up(const Settings&, const Result&) override { server.mute = true; }
    FakeServer& server;
  } observer(server);
  const Result result = run_load(settings, observer, false);
  const Tally total = result.books.total(Op::LIST_ROOMS);
  CHECK(total.sent == 12);  // one for each client, and then the clients wait
  CHECK(total.late == 12);
  std::ostringstream summary;
  print_summary(summary, settings, result);
  CHECK(summary.str().find("unanswered: LIST_ROOMS 12, 12 at the deadline") != std::string::npos);
}

TEST_CASE("Traffic: waiting behind earlier requests shows in the latency") {
  FakeServer server;
  Settings settings = settings_for(server);
  settings.clients = 1;
  settings.threads = 1;
  settings.rate_per_s = 200;  // one connection manages only 50 a second
  settings.operations = 60;
  settings.mix.weights.fill(0);
  settings.mix.weights[index_of(Op::LIST_ROOMS)] = 1;
  struct SlowAfterSetUp : RunObserver {
    explicit SlowAfterSetUp(FakeServer& the_server) : server(the_server) {}
    void on_set_up(const Settings&, const Result&) override { server.delay_ms = 20; }
    FakeServer& server;
  } observer(server);
  const Result result = run_load(settings, observer, false);
  const Tally total = result.books.total(Op::LIST_ROOMS);
  REQUIRE(total.answered() == 60);
  // 60 requests take 1.2 s. The last one was due after about 0.3 s.
  CHECK(total.from_intended.max_ns() > 600'000'000);
  CHECK(total.from_intended.min_ns() >= 20'000'000);
  CHECK(total.from_send.max_ns() <= total.from_intended.max_ns());
}

TEST_CASE(
    "Traffic: an answer to another request is a breach of the protocol, and costs the connection") {
  FakeServer server;
  server.wrong_id_after = 100;
  const Result result = run(settings_for(server));
  CHECK(result.books.protocol_errors() > 0);
  REQUIRE_FALSE(result.books.protocol_error_examples().empty());
  CHECK(result.books.protocol_error_examples()[0].find("expected the answer to id") !=
        std::string::npos);
  for (std::size_t i = 0; i < kOpCount; ++i) {
    const Tally total = result.books.total(static_cast<Op>(i));
    CHECK(total.sent == total.answered() + total.unanswered());
  }
}

TEST_CASE("Traffic: a set-up that is refused ends the run, and says who was refused what") {
  FakeServer server;
  server.fail_login_code = 3002;
  CHECK(failure_of(settings_for(server)).find("AUTHENTICATION of test.c") != std::string::npos);
}

TEST_CASE("Traffic: a server that is not there is named, with what to do") {
  Settings settings;
  {
    const FakeServer server;
    settings.port = server.port();
  }
  const std::string message = failure_of(settings);
  CHECK(message.find("127.0.0.1:" + settings.port + ": Connection refused") != std::string::npos);
  CHECK(message.find("next: start ringside-chatd --listen") != std::string::npos);
  settings.wait_server_s = 0.1;
  CHECK(failure_of(settings).find("for 0.1 s") != std::string::npos);
}

TEST_CASE("Traffic: the JSON holds the books") {
  FakeServer server;
  Settings settings = settings_for(server);
  settings.rate_per_s = 5000;
  settings.operations = 1000;
  const Result result = run(settings);
  const nlohmann::json json = nlohmann::json::parse(to_json(settings, result));
  std::uint64_t sum = 0;
  REQUIRE(json["operations"].size() == kOpCount);
  for (const auto& [operation, count] : server.taken()) {
    const std::string& name = operation;
    INFO(name);
    CHECK(json["operations"][name]["answered"] == count);
    CHECK(json["operations"][name]["sent"] == count);
    std::uint64_t by_source = 0;
    for (const auto& [source, part] : json["operations"][name]["answered_by_source"].items()) {
      by_source += part.get<std::uint64_t>();
    }
    CHECK(by_source == count);
    sum += count;
  }
  CHECK(json["totals"]["answered"] == sum);
  CHECK(json["operations"]["SEND_MESSAGE"]["latency_ns"]["from_intended"]["p99"] > 0);
  CHECK(json["started_wall_ns"].get<std::int64_t>() < json["ended_wall_ns"].get<std::int64_t>());
}
