// Connections: their limits, their deadlines, and the end of the server.

#include <cstdio>
#include <cstdlib>
#include <future>

#include "tests/unit/tools/chat/harness.h"

using namespace chat_test;
using chatd::CloseReason;

TEST_CASE("ChatSession: an idle connection is closed, a keep-alive keeps it") {
  TestServer server([](auto& options) { options.session.idle = 200ms; });
  Client idle(server), busy(server);
  std::atomic<bool> stop{false};
  std::thread pulse([&] {
    while (!stop) {
      busy.send("\n");
      std::this_thread::sleep_for(20ms);
    }
  });
  CHECK(idle.line().is_null());
  stop = true;
  pulse.join();
  CHECK(server->closed_for(CloseReason::idle) == 1);
  CHECK(busy.error("LIST_ROOMS") == Error::NOT_AUTHENTICATED);
}

TEST_CASE("ChatSession: a client that does not read is disconnected, and nobody waits for it") {
  TestServer server([](auto& options) { options.session.max_queued_bytes = 256 << 10; });
  Client writer(server);
  Client sleeper(server, "127.0.0.1", 4096);
  writer.enter("writer");
  sleeper.enter("sleeper");
  const auto room = writer.must("CREATE_ROOM", {{"name", "lobby"}})["room_id"];
  sleeper.must("JOIN_ROOM", {{"room", room}});
  const std::string text(4000, 'x');
  CHECK(eventually([&] {
    writer.must("SEND_MESSAGE", {{"room", room}, {"text", text}});
    return server->closed_for(CloseReason::slow_consumer) == 1;
  }));
  CHECK(eventually([&] { return server->connections() == 1; }));
}

TEST_CASE(
    "ChatSession: a server can be stopped at any moment, also while its loop's lag is measured") {
  // It is measured every 100 ms.
  TestServer server([](auto& options) { options.threads = 1; });
  for (int i = 0; i < 40; ++i) {
    const auto due = std::chrono::steady_clock::now() + 100ms;
    const auto moment = due + i * 5us - 100us;
    while (std::chrono::steady_clock::now() < moment) {}
    auto stopped = std::async(std::launch::async, [&] { server.stop(); });
    if (stopped.wait_for(kDeadline) != std::future_status::ready) {
      std::fprintf(stderr, "the server does not end; stopped %d us after its timer was due\n",
                   i * 5 - 100);
      std::_Exit(1);  // nobody can end it
    }
    server.restart();
  }
}

TEST_CASE("ChatSession: one connection too many is told so") {
  TestServer server([](auto& options) { options.max_connections = 2; });
  Client first(server);
  auto second = std::make_unique<Client>(server);
  CHECK(second->error("LIST_ROOMS") == Error::NOT_AUTHENTICATED);
  Client third(server);
  CHECK(Client::error_of(third.answer()) == Error::TOO_MANY_CONNECTIONS);
  CHECK(third.line().is_null());
  second.reset();
  CHECK(eventually([&] { return server->connections() == 1; }));
  Client fourth(server);
  CHECK(fourth.error("LIST_ROOMS") == Error::NOT_AUTHENTICATED);
}

TEST_CASE("ChatSession: users are online as long as one of their connections lives") {
  TestServer server;
  Client alice(server);
  alice.enter("alice");
  const auto online = [&] {
    return alice.must("REQUEST_USER_LIST", {{"after", 1}})["users"][0]["online"] == true;
  };
  {
    Client bob(server);
    bob.enter("bob");
    {
      Client second(server);
      second.must("AUTHENTICATION", {{"token", bob.token()}});
    }
    CHECK(eventually([&] { return server->connections() == 2; }));
    CHECK(online());
  }
  CHECK(eventually([&] { return !online(); }));
}

TEST_CASE("ChatSession: stopping answers what is under way and closes the rest") {
  TestServer server([](auto& options) {
    options.service.store.busy = 2s;
    options.service.store.attempts = 5;
  });
  Client working(server), waiting(server);
  working.enter("alice");
  waiting.enter("bob");
  const auto room = working.must("CREATE_ROOM", {{"name", "lobby"}})["room_id"];

  auto lock = std::make_unique<RawDatabase>(server.file());
  lock->run("BEGIN IMMEDIATE");
  working.request("SEND_MESSAGE", {{"room", room}, {"text", "the last one"}});
  working.request("LIST_ROOMS");  // waits behind it and is never taken
  // The reader's answer shows that the writer has the command, as far as that can be seen from
  // outside.
  waiting.must("LIST_ROOMS");
  std::thread stopper([&] { server.stop(); });
  CHECK(waiting.line().is_null());  // this connection had nothing in progress
  lock->run("ROLLBACK");
  lock.reset();
  const Json reply = working.answer();
  CHECK(reply["op"] == "SEND_MESSAGE");
  CHECK(reply["ok"] == true);
  CHECK(working.line().is_null());
  stopper.join();
  RawDatabase raw(server.file());
  CHECK(raw.number("SELECT count(*) FROM messages WHERE text = 'the last one'") == 1);
}

TEST_CASE("ChatSession: connections that come and go leave nothing") {
  TestServer server;
  for (int round = 0; round < 20; ++round) {
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 10; ++i) clients.push_back(std::make_unique<Client>(server));
    for (auto& client : clients)
      client->request("REGISTRATION", {{"user", "churn"}, {"password", "correct horse"}});
  }  // most of them leave before their answer comes
  CHECK(eventually([&] { return server->connections() == 0; }));
}

TEST_CASE("ChatSession: a port that is taken is said clearly, before the database is touched") {
  TestServer server;
  TempDir directory;
  auto options = quick_options(directory / "other.db");
  options.port = server.port();
  std::string message;
  try {
    chatd::Server second(options);
  } catch (const std::runtime_error& error) {
    message = error.what();
  }
  CHECK(message.find("127.0.0.1:" + std::to_string(server.port())) != std::string::npos);
  CHECK(message.find("taken") != std::string::npos);
  CHECK(message.find("next:") != std::string::npos);
  CHECK(!std::filesystem::exists(options.service.store.file));
}
