// A database that another connection holds locked: retries, the breaker, and the way back.
#include "tests/unit/tools/chat/harness.h"

using namespace chat_test;
using State = chatd::Breaker::State;

TEST_CASE("ChatBreaker: closed, open, half-open, and back, by the time it is given") {
  chatd::Breaker breaker(3, 1000ms);
  chatd::Breaker::Clock::time_point now{1h};
  using Admission = chatd::Breaker::Admission;
  for (int i = 0; i < 2; ++i) breaker.failure(chatd::Op::SEND_MESSAGE, now);
  breaker.success();  // a success in between starts the count over
  for (int i = 0; i < 2; ++i) breaker.failure(chatd::Op::SEND_MESSAGE, now);
  CHECK(breaker.admit(now) == Admission::all);
  breaker.failure(chatd::Op::SEND_MESSAGE, now);
  CHECK(breaker.state() == State::open);
  CHECK(breaker.refuses(now));
  CHECK(breaker.admit(now + 999ms) == Admission::none);
  now += 1000ms;
  CHECK(!breaker.refuses(now));
  CHECK(breaker.admit(now) == Admission::one);
  CHECK(breaker.state() == State::half_open);
  breaker.failure(chatd::Op::SEND_MESSAGE, now);  // one failed probe opens it again
  CHECK(breaker.state() == State::open);
  CHECK(breaker.admit(now) == Admission::none);
  now += 1000ms;
  CHECK(breaker.admit(now) == Admission::one);
  breaker.success();
  CHECK(breaker.state() == State::closed);
  CHECK(breaker.admit(now) == Admission::all);
}

TEST_CASE("ChatOutage: a short lock is waited out by retries") {
  TestServer server([](auto& options) {
    options.service.store.busy = 10ms;
    options.service.store.attempts = 20;
    options.service.store.backoff = 1ms;
    options.service.store.breaker_after = 1000;
  });
  Client client(server);
  client.enter("alice");
  const auto room = client.must("CREATE_ROOM", {{"name", "lobby"}})["room_id"];
  RawDatabase lock(server.file());
  lock.run("BEGIN EXCLUSIVE");
  client.request("SEND_MESSAGE", {{"room", room}, {"text", "patience"}});
  // Not a wait: the lock is held for this long.
  std::this_thread::sleep_for(100ms);
  lock.run("ROLLBACK");
  CHECK(client.answer()["ok"] == true);
}

TEST_CASE(
    "ChatOutage: a long lock is DATABASE_BUSY, opens the breaker, and ends when it is released") {
  TestServer server([](auto& options) { options.service.store.breaker_after = 3; });
  Client writer(server), reader(server);
  writer.enter("writer");
  reader.enter("reader");
  const auto room = writer.must("CREATE_ROOM", {{"name", "lobby"}})["room_id"];
  reader.must("JOIN_ROOM", {{"room", room}});
  const Json message = {{"room", room}, {"text", "during"}};
  {
    RawDatabase lock(server.file());
    lock.run("BEGIN EXCLUSIVE");
    CHECK(writer.error("SEND_MESSAGE", message) == Error::DATABASE_BUSY);
    CHECK(server->service().store().breaker().state() == State::open);
    CHECK(eventually([&] { return writer.error("SEND_MESSAGE", message) == Error::BREAKER_OPEN; }));
    // Reads go on while writes are refused.
    CHECK(reader.must("MESSAGE_HISTORY", {{"room", room}})["messages"].empty());
    // A probe fails, and the breaker stays open.
    CHECK(
        eventually([&] { return writer.error("SEND_MESSAGE", message) == Error::DATABASE_BUSY; }));
    CHECK(server->service().store().breaker().state() == State::open);
    lock.run("ROLLBACK");
  }
  CHECK(eventually([&] {
    return writer.error("SEND_MESSAGE", {{"room", room}, {"text", "after"}}) == Error::none;
  }));
  CHECK(server->service().store().breaker().state() == State::closed);
  // Refused writes left nothing.
  const Json history = reader.must("MESSAGE_HISTORY", {{"room", room}})["messages"];
  REQUIRE(history.size() == 1);
  CHECK(history[0]["text"] == "after");
}

TEST_CASE("ChatOutage: every command gets exactly one answer through an outage") {
  TestServer server([](auto& options) { options.service.guard.suspend_after = 0; });
  constexpr int kClients = 8, kEach = 150;
  Json room;
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(std::make_unique<Client>(server));
    clients.back()->enter("user" + std::to_string(i));
    if (i == 0) {
      room = clients[0]->must("CREATE_ROOM", {{"name", "lobby"}})["room_id"];
    } else {
      clients.back()->must("JOIN_ROOM", {{"room", room}});
    }
  }
  std::atomic<std::int64_t> ok{0}, refused{0}, started{0};
  std::atomic<bool> over{false};   // a fast machine must not finish before the outage
  std::vector<std::thread> threads;
  for (auto& client : clients) {
    threads.emplace_back([&, c = client.get()] {
      for (int i = 0; i < kEach || !over; ++i) {
        ++started;
        const Json reply = (*c)("SEND_MESSAGE", {{"room", room}, {"text", "x"}});
        (reply["ok"] == true ? ok : refused)++;
      }
    });
  }
  CHECK(eventually([&] { return started > kClients * 2; }));
  {
    RawDatabase lock(server.file());
    lock.run("BEGIN IMMEDIATE");
    CHECK(eventually([&] { return refused > 0; }));
    lock.run("ROLLBACK");
  }
  over = true;
  for (auto& thread : threads) thread.join();
  CHECK(ok + refused == started);
  RawDatabase raw(server.file());
  // What was answered with ok is committed, and nothing else is.
  CHECK(raw.number("SELECT count(*) FROM messages") == ok);
}
