// Rate limits, address blocks, suspensions: first the rules alone with a given time, then the rules
// in the server.
#include "tests/unit/tools/chat/harness.h"

using namespace chat_test;

TEST_CASE("ChatGuard: a token bucket lets the burst through, then the rate") {
  chatd::SteadyTime now{1h};
  chatd::TokenBucket bucket(10, 5);
  for (int i = 0; i < 5; ++i) CHECK(bucket.take(now));
  CHECK(!bucket.take(now));
  now += 99ms;
  CHECK(!bucket.take(now));
  now += 2ms;
  CHECK(bucket.take(now));
  CHECK(!bucket.take(now));
  now += 1h;  // it fills to the burst and no further
  for (int i = 0; i < 5; ++i) CHECK(bucket.take(now));
  CHECK(!bucket.take(now));
}

TEST_CASE("ChatGuard: an address is blocked at the limit, within the window, and for its time") {
  chatd::GuardOptions options;
  options.block_after = 4;
  chatd::AddressBlocks blocks(options);
  chatd::SteadyTime now{1h};
  constexpr std::uint64_t kA = 1, kB = 2;
  CHECK(blocks.failed(kA, "a", now).failures == 1);
  CHECK(blocks.failed(kA, "a", now).guessing);
  CHECK(blocks.failed(kB, "b", now).failures == 1);
  now += 61s;  // forgotten
  CHECK(blocks.failed(kA, "a", now).failures == 1);
  blocks.failed(kA, "a", now);
  CHECK(!blocks.failed(kA, "a", now).blocked);
  CHECK(blocks.attempt(kA, now) == 0);
  const auto last = blocks.failed(kA, "a", now);
  CHECK(last.blocked);
  CHECK(last.failures == 4);
  CHECK(blocks.attempt(kA, now) == 1);
  CHECK(blocks.attempt(kA, now) == 2);
  CHECK(blocks.attempt(kB, now) == 0);
  CHECK(blocks.sweep(now).empty());
  now += options.block_for;
  CHECK(blocks.attempt(kA, now) == 0);
  const auto ended = blocks.sweep(now);
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].address == "a");
  CHECK(ended[0].before == 4);
  CHECK(ended[0].during == 2);
  CHECK(blocks.sweep(now).empty());
}

TEST_CASE("ChatGuard: strikes suspend within their window, and no longer than said") {
  chatd::GuardOptions options;
  options.suspend_after = 3;
  chatd::Suspensions suspensions(options);
  chatd::SteadyTime now{1h};
  CHECK(suspensions.strike(1, now) == 0);
  CHECK(suspensions.strike(1, now) == 0);
  now += 601s;
  CHECK(suspensions.strike(1, now) == 0);
  CHECK(suspensions.strike(1, now) == 0);
  CHECK(!suspensions.suspended(1, now));
  CHECK(suspensions.strike(1, now) == 3);
  CHECK(suspensions.suspended(1, now));
  CHECK(!suspensions.suspended(2, now));
  CHECK(!suspensions.suspended(1, now + options.suspend_for));
  // Nobody is logged in, so there is nobody to suspend.
  for (int i = 0; i < 10; ++i) CHECK(suspensions.strike(0, now) == 0);
}

TEST_CASE("ChatGuard: the rate limit is each connection's own") {
  TestServer server([](auto& options) {
    options.session.rate_limit = 0.001;
    options.session.rate_burst = 5;
  });
  Client client(server), other(server);
  client.enter("alice");  // two commands
  for (int i = 0; i < 3; ++i) client.must("LIST_ROOMS");
  CHECK(client.error("LIST_ROOMS") == Error::RATE_LIMITED);
  CHECK(client.error("AUTHENTICATION", {{"user", "alice"}, {"password", "correct horse"}}) ==
        Error::RATE_LIMITED);
  CHECK(other.error("LIST_ROOMS") == Error::NOT_AUTHENTICATED);
}

TEST_CASE(
    "ChatGuard: guessing passwords blocks the address, not its neighbours or those who are in") {
  TestServer server([](auto& options) {
    options.service.guard.block_after = 5;
    options.service.guard.block_for = 700ms;
  });
  Client inside(server, "127.0.0.2"), guesser(server, "127.0.0.2"), neighbour(server, "127.0.0.3");
  inside.enter("alice");
  const Json guess = {{"user", "alice"}, {"password", "wrong password"}};
  for (int i = 0; i < 5; ++i) CHECK(guesser.error("AUTHENTICATION", guess) == Error::LOGIN_FAILED);
  CHECK(guesser.error("AUTHENTICATION", guess) == Error::IP_BLOCKED);
  CHECK(guesser.error("AUTHENTICATION", {{"user", "alice"}, {"password", "correct horse"}}) ==
        Error::IP_BLOCKED);
  CHECK(guesser.error("REGISTRATION", {{"user", "mallory"}, {"password", "correct horse"}}) ==
        Error::IP_BLOCKED);
  inside.must("LIST_ROOMS");
  neighbour.must("AUTHENTICATION", {{"token", inside.token()}});
  RawDatabase raw(server.file());
  CHECK(eventually(
      [&] { return raw.number("SELECT count(*) FROM audit_log WHERE action = 'ip_block'") == 1; }));
  // The block ends by itself.
  CHECK(eventually([&] {
    return guesser.error("AUTHENTICATION", {{"user", "alice"}, {"password", "correct horse"}}) ==
           Error::none;
  }));
}

TEST_CASE("ChatGuard: on a dual-stack socket a block hits the guesser alone") {
  if (!has_ipv6()) {
    MESSAGE("this machine has no IPv6");
    return;
  }
  TestServer server([](auto& options) {
    options.host = "::";
    options.service.guard.block_after = 3;
  });
  Client guesser(server, "127.0.0.2"), neighbour(server, "127.0.0.3"), ipv6(server, "::1");
  const Json guess = {{"user", "alice"}, {"password", "wrong password"}};
  for (int i = 0; i < 3; ++i) CHECK(guesser.error("AUTHENTICATION", guess) == Error::LOGIN_FAILED);
  CHECK(guesser.error("AUTHENTICATION", guess) == Error::IP_BLOCKED);
  CHECK(neighbour.error("AUTHENTICATION", guess) == Error::LOGIN_FAILED);
  CHECK(ipv6.error("AUTHENTICATION", guess) == Error::LOGIN_FAILED);
}

TEST_CASE(
    "ChatGuard: bursts of invalid requests suspend the user, across connections and a restart") {
  TestServer server([](auto& options) { options.service.guard.suspend_after = 2; });
  std::string token;
  {
    Client client(server);
    client.enter("alice");
    token = client.token();
    for (int i = 0; i < 40; ++i) {
      if (i % 2 == 0) {
        client.send("garbage\n");
        CHECK(Client::error_of(client.answer()) == Error::BAD_JSON);
      } else {
        CHECK(client.error("SEND_MESSAGE") == Error::MISSING_FIELD);
      }
    }
    CHECK(client.error("LIST_ROOMS") == Error::USER_SUSPENDED);
    RawDatabase raw(server.file());
    CHECK(eventually([&] {
      return raw.number("SELECT count(*) FROM audit_log WHERE action = 'user_suspended'") == 1;
    }));
    CHECK(client.error("AUTHENTICATION", {{"token", token}}) == Error::USER_SUSPENDED);
  }
  server.restart();
  Client again(server);
  CHECK(again.error("AUTHENTICATION", {{"token", token}}) == Error::USER_SUSPENDED);
  CHECK(again.error("AUTHENTICATION", {{"user", "alice"}, {"password", "correct horse"}}) ==
        Error::USER_SUSPENDED);
  again.enter("bob");
}

TEST_CASE("ChatGuard: input that looks like an injection is a strike where it has no business") {
  TestServer server([](auto& options) { options.service.guard.suspend_after = 2; });
  Client client(server);
  client.enter("alice");
  const auto room = client.must("CREATE_ROOM", {{"name", "lobby"}})["room_id"];
  // People may write about SQL in messages.
  for (int i = 0; i < 5; ++i)
    client.must("SEND_MESSAGE", {{"room", room}, {"text", "'; DROP TABLE users; -- ' OR 1=1"}});
  for (int i = 0; i < 2; ++i) {
    CHECK(client.error("DIRECT_MESSAGE", {{"user", "x' OR '1'='1"}, {"text", "hi"}}) ==
          Error::BAD_NAME);
  }
  CHECK(client.error("LIST_ROOMS") == Error::USER_SUSPENDED);
}
