// What reaches the ring: one record for each operation with its outcome and stages, and the events
// beside them.
#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <vector>

#include "tests/unit/tools/chat/ring.h"

using namespace chat_test;

TEST_CASE("ChatTrace: users, rooms and addresses have their names in the ring") {
  Ring ring;
  TestServer server;
  Client client(server);
  const auto user = static_cast<std::uint64_t>(client.enter("wilhelmina"));
  const auto room = client.must("CREATE_ROOM", {{"name", "tea-time"}})["room_id"];
  CHECK(ring.label(ringside::LabelKind::user, user) == "wilhelmina");
  CHECK(ring.label(ringside::LabelKind::room, room.get<std::uint64_t>()) == "tea-time");
  const unsigned char loopback[] = {127, 0, 0, 1};
  CHECK(ring.label(ringside::LabelKind::address, ringside::address_id(loopback, 4)) ==
        "127.0.0.1");
}

TEST_CASE("ChatTrace: each operation is one record with its outcome, whatever became of it") {
  Ring ring;
  std::array<std::uint64_t, chatd::kOpCount> answered{};
  std::map<int, std::uint64_t> by_error;
  TestServer server([](auto& options) {
    options.service.guard.suspend_after = 0;
    options.session.rate_limit = 0.001;
    options.session.rate_burst = 60;
  });
  {
    Client client(server);
    client.enter("alice");
    answered[static_cast<std::size_t>(chatd::Op::REGISTRATION)] = 1;
    answered[static_cast<std::size_t>(chatd::Op::AUTHENTICATION)] = 1;
    for (int round = 0; round < 4; ++round) {  // the last rounds are rate-limited
      for (std::size_t i = 0; i < chatd::kOpCount; ++i) {
        Json fields = {{"room", 1},
                       {"text", "x"},
                       {"invitation", 1},
                       {"user", "bob"},
                       {"password", "correct horse"},
                       {"name", "lobby"},
                       {"query", "x"},
                       {"message", round == 2 ? Json("no id") : Json(1)}};
        if (i == static_cast<std::size_t>(chatd::Op::AUTHENTICATION)) fields["user"] = "alice";
        const auto error = client.error(std::string(chatd::kOpNames[i]), fields);
        ++answered[i];
        ++by_error[chatd::code_of(error)];
      }
      client.send("garbage\n\n");
      client.answer();
    }
  }
  server.stop();

  std::array<std::uint64_t, chatd::kOpCount> recorded{};
  std::map<int, std::uint64_t> recorded_errors;
  for (const auto& record : ring.records()) {
    if (record.kind != static_cast<std::uint8_t>(ringside::Kind::operation)) continue;
    REQUIRE(record.operation < chatd::kOpCount);
    ++recorded[record.operation];
    ++recorded_errors[record.error];
    const auto outcome = static_cast<chatd::Outcome>(record.outcome);
    CHECK(outcome == chatd::outcome_of(static_cast<Error>(record.error)));
    std::uint64_t stages = 0;
    for (unsigned i = 0; i < ringside::kStageCount; ++i)
      stages += ringside::unpack_stage_ticks(record.stage(i));
    CHECK(record.duration > 0);
    CHECK(stages <= static_cast<std::uint64_t>(record.duration));
    // Nearly all the time is in a named stage.
    CHECK(static_cast<double>(stages) > 0.999 * static_cast<double>(record.duration));
    if (outcome == chatd::Outcome::ok) CHECK(record.stage(ringside::chat::kDatabase) > 0);
  }
  CHECK(recorded == answered);
  for (std::size_t i = 0; i < chatd::kOpCount; ++i)
    CHECK(ring.total(static_cast<std::uint16_t>(i)) == answered[i]);
  by_error[0] += 2;  // the first registration and login
  CHECK(recorded_errors == by_error);
  CHECK(by_error[chatd::code_of(Error::RATE_LIMITED)] > 0);

  namespace ids = ringside::chat;
  CHECK(ring.total(ids::BAD_LINE) == 4);
  CHECK(ring.total(ids::VALIDATION_REJECT) == by_error[chatd::code_of(Error::WRONG_TYPE)]);
  CHECK(ring.total(ids::RATE_LIMIT) == 60 + by_error[chatd::code_of(Error::RATE_LIMITED)]);
  CHECK(ring.total(ids::AUDIT_WRITE) > 0);
  CHECK(ring.total(ids::DB_TRANSACTION) > 0);
}

TEST_CASE("ChatTrace: an outage and a guesser leave their events") {
  namespace ids = ringside::chat;
  Ring ring;
  TestServer server([](auto& options) {
    options.service.store.breaker_after = 3;
    options.service.store.slow_query = 10ms;
    options.service.guard.block_after = 4;
  });
  {
    Client client(server), guesser(server, "127.0.0.9");
    client.enter("alice");
    const auto room = client.must("CREATE_ROOM", {{"name", "lobby"}})["room_id"];
    const Json message = {{"room", room}, {"text", "x"}};
    {
      RawDatabase lock(server.file());
      lock.run("BEGIN EXCLUSIVE");
      CHECK(client.error("SEND_MESSAGE", message) == Error::DATABASE_BUSY);
      lock.run("ROLLBACK");
    }
    CHECK(eventually([&] { return client.error("SEND_MESSAGE", message) == Error::none; }));
    for (int i = 0; i < 6; ++i)
      guesser.error("AUTHENTICATION", {{"user", "alice"}, {"password", "wrong password"}});
    guesser.error("AUTHENTICATION", {{"token", std::string(64, 'f')}});
  }
  server.stop();
  CHECK(ring.total(ids::RETRY) == 2);  // of three attempts
  CHECK(ring.total(ids::BREAKER) == 3);  // open, half-open, closed
  CHECK(ring.total(ids::RECOVERY) == 1);
  CHECK(ring.total(ids::SLOW_QUERY) >= 3);
  CHECK(ring.total(ids::LOGIN_FAILED) == 4);
  CHECK(ring.total(ids::THREAT_PATTERN) == 1);
  CHECK(ring.total(ids::IP_BLOCK) == 1);
  CHECK(ring.total(ids::BLOCKED_ATTEMPT) == 3);
  std::vector<std::int64_t> states, retries, slow;
  for (const auto& record : ring.records()) {
    if (record.kind != static_cast<std::uint8_t>(ringside::Kind::event)) continue;
    if (record.operation == ids::BREAKER.value) {
      states.push_back(record.event.value);
      CHECK(record.duration > 0);
    }
    if (record.event.context == ids::SEND_MESSAGE.value + 1) {
      if (record.operation == ids::RETRY.value) retries.push_back(record.duration);
      if (record.operation == ids::SLOW_QUERY.value) slow.push_back(record.duration);
    }
    if (record.operation == ids::IP_BLOCK.value) CHECK(record.subject == 0x7f000009);
  }
  CHECK(states == std::vector<std::int64_t>{1, 2, 0});
  // The span of a retry includes the failed attempt, which waited for the lock. So the sum of the
  // spans is the cost of the retries.
  REQUIRE(retries.size() == 2);
  REQUIRE(slow.size() >= 3);
  CHECK(*std::min_element(retries.begin(), retries.end()) >
        *std::min_element(slow.begin(), slow.end()));
}

TEST_CASE(
    "ChatTrace: on a dual-stack socket every client has its own address, as IPv4 or as IPv6") {
  if (!has_ipv6()) {
    MESSAGE("this machine has no IPv6");
    return;
  }
  Ring ring;
  TestServer server([](auto& options) { options.host = "::"; });
  for (const char* from : {"127.0.0.5", "127.0.0.6", "::1"}) {
    Client client(server, from);
    CHECK(client.error("AUTHENTICATION", {{"user", "nobody"}, {"password", "wrong password"}}) ==
          Error::LOGIN_FAILED);
  }
  server.stop();
  std::vector<std::uint64_t> of_operations, of_failures;
  for (const auto& record : ring.records()) {
    if (record.subject_kind() != ringside::SubjectKind::address) continue;
    if (record.operation == ringside::chat::AUTHENTICATION.value)
      of_operations.push_back(record.subject);
    if (record.operation == ringside::chat::LOGIN_FAILED.value)
      of_failures.push_back(record.subject);
  }
  std::sort(of_operations.begin(), of_operations.end());
  std::sort(of_failures.begin(), of_failures.end());
  const std::vector<std::uint64_t> expected = {0x7f000005, 0x7f000006, 0x1'0000'0001};
  CHECK(of_operations == expected);
  CHECK(of_failures == expected);
  RawDatabase raw(server.file());
  for (const char* address : {"127.0.0.5", "127.0.0.6", "::1"}) {
    INFO(address);
    CHECK(raw.number(std::string("SELECT count(*) FROM audit_log WHERE address = '") + address +
                     "'") == 1);
  }
}
