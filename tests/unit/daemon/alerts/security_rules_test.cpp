// Guessing, storms and blocked sources; lock waits and slow transactions.
#include "tests/unit/daemon/alerts/reading_lines.h"

namespace ringside {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;

struct Guessed : World {
  FailedLogins& from(std::vector<FailedLogins>& list, Party party, std::uint64_t hour,
                     std::uint64_t others) {
    FailedLogins one;
    one.ring = "chat";
    one.party = party;
    one.hour = hour;
    one.others = others;
    one.since_wall_ns = wall_ns - 1800 * kSecondNs;
    one.last_wall_ns = wall_ns;
    list.push_back(one);
    return list.back();
  }
};

TEST_CASE("SecurityRules: failures of a source, of an account, and guessing name who it is") {
  Guessed world;
  world.from(world.snapshot.failed_by_address, {PartyKind::address, 0x7f000002}, 70, 25);
  world.from(world.snapshot.failed_by_address, {PartyKind::address, 0x7f000003}, 3, 2);
  world.from(world.snapshot.failed_by_account, {PartyKind::user, 41}, 31, 1);
  world.tick();
  std::string told;
  for (const AlertTransition& t : world.log) {
    CHECK(t.alert == AlertType::security_threat);
    CHECK(t.state == AlertState::firing);
    told += t.message + "\n";
  }
  CHECK(told ==
        "address 127.0.0.2 failed to log in 70 times within an hour, since 30 min 05 s ago, "
        "threshold 60 an hour\n"
        "logins of user 41 failed 31 times within an hour, since 30 min 05 s ago, from about one "
        "address, threshold 30 an hour\n"
        "address 127.0.0.2 tried about 25 accounts in vain within an hour, since 30 min 05 s ago, "
        "threshold 20 an hour\n");
}

TEST_CASE("SecurityRules: slow guessing is over after six of its gaps, and not before") {
  Guessed world;
  // 61 within half an hour: one each 30 s.
  FailedLogins& one = world.from(world.snapshot.failed_by_address, {PartyKind::address, 2}, 61, 1);
  world.tick();
  CHECK(world.story("security_threat") == Story{"firing/warning"});
  for (std::int64_t quiet_s = 10; quiet_s <= 180; quiet_s += 5) world.tick();
  CHECK(world.story("security_threat").empty());
  world.ticks(3);
  CHECK(world.story("security_threat") == Story{"recovering/warning"});
  // It tries again.
  one.last_wall_ns = world.wall_ns;
  ++one.hour;
  world.tick();
  CHECK(world.story("security_threat") == Story{"firing/warning"});
}

TEST_CASE("SecurityRules: what is over does not hide what goes on") {
  Guessed world;
  FailedLogins& past =
      world.from(world.snapshot.failed_by_address, {PartyKind::address, 2}, 500, 1);
  past.last_wall_ns -= 900 * kSecondNs;
  world.snapshot.wall_ns = world.wall_ns;
  check_lines(readings_of(world, "security_threat|failures_of_source"),
              {"security_threat|failures_of_source|chat| 0 per_hour certain warning 60/30 critical "
               "600/300: nobody goes on failing to log in"});
  world.from(world.snapshot.failed_by_address, {PartyKind::address, 3}, 70, 1);
  world.tick();
  REQUIRE(world.log.size() == 1);
  CHECK(world.log[0].value == 70);
}

TEST_CASE("SecurityRules: failed logins by the minute name the top sources") {
  Guessed world;
  world.event("LOGIN_FAILED", 25);
  for (std::uint64_t n = 1; n <= 5; ++n) {
    world.from(world.snapshot.failed_by_address, {PartyKind::address, 0x7f000000 + n}, 9, 1)
        .minute = n == 5 ? 0 : 2 * n;
  }
  check_lines(readings_of(world, "security_threat|failed_logins"),
              {"security_threat|failed_logins|chat| 25 per_minute certain warning 20/10 critical "
               "200/100: 25 failed logins in the last minute, most from address 127.0.0.4 (8), "
               "address 127.0.0.3 (6), address 127.0.0.2 (4) and 1 others"});
}

TEST_CASE("SecurityRules: a storm of refusals for the rate, and not what was let through") {
  World world;
  world.event("RATE_LIMIT", 5000);
  world.ticks(3);
  CHECK(world.log.empty());
  SeriesView& series = world.series(world.snapshot.events, "RATE_LIMIT");
  const auto limited = static_cast<std::size_t>(RecordOutcome::limited);
  for (WindowStats* window : {&series.last_5s, &series.last_15s, &series.windows[1]})
    window->outcomes[limited] = 400;
  series.last[0].subject = {PartyKind::address, 0x7f000002};
  world.tick();
  REQUIRE(world.log.size() == 1);
  CHECK(world.log[0].figure == "rate_limited");
  CHECK(world.log[0].message ==
        "400 calls were refused for their rate in the last minute, latest: address 127.0.0.2, "
        "threshold 300 a minute");
  for (WindowStats* window : {&series.last_5s, &series.last_15s}) window->outcomes[limited] = 0;
  world.tick();
  CHECK(world.story("security_threat") == Story{"firing/warning", "recovering/warning"});
}

TEST_CASE("SecurityRules: blocked sources that keep coming, with the one that comes most") {
  World world;
  world.event("BLOCKED_ATTEMPT", 80);
  BlockView block;
  block.ring = "chat";
  block.address = {PartyKind::address, 0x7f000002};
  block.turned_away = 75;
  block.got_through = 2;
  world.snapshot.blocks = {block};
  world.tick();
  REQUIRE(world.log.size() == 1);
  CHECK(world.log[0].message ==
        "blocked addresses came 80 times in the last minute, most often address 127.0.0.2 (75 "
        "turned away since its block); 2 got through all the same, threshold 60 a minute");
}

TEST_CASE("SecurityRules: transactions that take long, and attempts that wait for a lock in vain") {
  World world;
  world.event("DB_TRANSACTION", 1000);
  world.ticks(3);
  CHECK(world.log.empty());
  World::fill(world.series(world.snapshot.events, "DB_TRANSACTION"), window_of(1000, 0, 700));
  world.ticks(3);
  REQUIRE(world.log.size() == 2);
  CHECK(world.log[1].figure == "transaction_time");
  CHECK(world.log[1].message ==
        "p95 700 ms over 1,000 transactions in the last 5 s, slowest 700 ms, threshold 500 ms");
  world.log.clear();
  world.event("RETRY", 3);
  world.tick();
  REQUIRE(world.log.size() == 1);
  CHECK(world.log[0].message ==
        "3 attempts waited for a lock in vain in the last minute, threshold 3 a minute");
}

}  // namespace
}  // namespace ringside
