// What the rules read from a snapshot: whole lists of readings, compared with lists written by
// hand.
#include "tests/unit/daemon/alerts/reading_lines.h"

namespace ringside {
namespace {

ProcessView process_of(const std::string& ring, std::uint32_t pid, std::optional<double> cpu,
                       std::optional<std::uint64_t> resident) {
  ProcessView view;
  view.ring = ring;
  view.pid = pid;
  view.cpu_percent = cpu;
  view.resident_bytes = resident;
  return view;
}

ErrorStats error_of(const std::string& ring, const std::string& name, std::uint64_t count) {
  ErrorStats stats;
  stats.ring = ring;
  stats.name = name;
  stats.count = {1000, count, 1000, 1000};  // only the minute counts
  return stats;
}

// Everything is known, and each figure has a value of its own.
World full_world() {
  World world;
  Snapshot& s = world.snapshot;
  world.operation("SEND_MESSAGE", 1500, 9, 20);
  s.processes = {process_of("chat", 1, 30, 200 * kMiB), process_of("chat", 2, 50, 300 * kMiB),
                 process_of("chat", 3, std::nullopt, std::nullopt),
                 process_of("other", 4, 99, 900 * kMiB)};
  s.host.cpus = 4;
  s.host.cpu_percent = 12;
  s.host.load_1m = 6;
  s.host.memory_total_bytes = 800 * kMiB;
  s.host.memory_available_bytes = 200 * kMiB;
  s.gauges = {
      {"chat", "rooms", 3, 3}, {"other", "connections", 4, 4}, {"chat", "connections", 1234, 2000}};
  world.event("BREAKER", 1, 0, 1);
  world.event("DB_TRANSACTION", 1200, 300);
  world.event("SLOW_QUERY", 3);
  world.event("LOGIN_FAILED", 1);
  s.events.back().last[0].subject = {PartyKind::address, 0x7f000002};
  s.events.back().last[0].actor = {PartyKind::user, 41};
  world.event("TOKEN_REJECTED", 1002);
  s.events.back().last[0].subject = {PartyKind::session, 5};
  s.events.back().last[0].actor = {PartyKind::user, 42};
  world.event("IP_BLOCK", 2);
  world.event("THREAT_PATTERN", 4);
  s.events.back().last.clear();
  s.errors = {error_of("chat", "DATABASE_BUSY", 20), error_of("chat", "DATABASE_GONE", 10),
              error_of("other", "DATABASE_BUSY", 400), error_of("chat", "ROOM_NOT_FOUND", 400)};
  s.rings[0].books.lost = 2008;
  s.rings[0].books.rejected = 7;
  s.rings[0].books.torn = 3;
  s.rings[0].untraced_records = 15;
  return world;
}

TEST_CASE("Readings: everything that is known of a ring, of the host and of losses, in order") {
  const World world = full_world();
  RuleMemory memory{{{"chat", {0, 11, 5, 0, 7, 0}}}};
  check_lines(
      readings_of(world, memory),
      {"high_latency|p95|chat|SEND_MESSAGE 20 ms warning 200/160 critical 400/320 emergency "
       "2000/1000: p95 20.0 ms over 1,500 calls in the last 5 s, slowest 20.0 ms",
       "high_error_rate|errors|chat|SEND_MESSAGE 0.6 percent warning 5/3 critical 15/10 emergency "
       "50/25: 9 of its 1,500 calls failed in the last 5 s (0.60 %)",
       "high_error_rate|errors|chat| 0.6 percent warning 5/3 critical 15/10 emergency 50/25: "
       "9 of 1,500 calls failed in the last 5 s (0.60 %)",
       "high_memory|resident|chat| 3.14573e+08 bytes warning 1.07374e+09/9.66368e+08 critical "
       "1.61061e+09/1.39586e+09: process 2 has 300 MiB resident",
       "system_overload|server_cpu|chat| 20 percent warning 85/75 critical 95/85: "
       "the server uses 20 % of the host's 4 CPUs",
       "high_memory|growth|chat| 0 per_hour warning 1/0.5 critical 6/4: "
       "nothing grows so that its limit would be reached soon",
       "high_connections|connections|chat| 1234 connections warning 1000/900 critical 1500/1300: "
       "1,234 connections are open",
       "database_issue|breaker|chat| 1 open certain critical 1/0.5: "
       "the circuit breaker is open since 10:15:55.000",
       "database_issue|rollbacks|chat| 25 percent warning 20/10 critical 50/30: "
       "300 of 1,200 transactions were rolled back in the last 5 s (25 %)",
       "database_issue|errors|chat| 2 percent warning 1/0.5 critical 10/5: "
       "30 of 1,500 calls failed with a DATABASE_ error in the last minute (2 %)",
       "database_issue|slow_queries|chat| 3 per_minute certain warning 10/5 critical 100/50: "
       "3 slow queries in the last minute",
       "database_issue|lock_waits|chat| 0 per_minute certain warning 3/2 critical 30/15: "
       "0 attempts waited for a lock in vain in the last minute",
       "database_issue|transaction_time|chat| 1 ms warning 500/400 critical 2000/1600: "
       "p95 1.00 ms over 1,200 transactions in the last 5 s, slowest 1.00 ms",
       "security_threat|failed_logins|chat| 1 per_minute certain warning 20/10 critical 200/100: "
       "1 failed login in the last minute, latest: address 127.0.0.2",
       "security_threat|rejected_tokens|chat| 1002 per_minute certain warning 20/10 critical "
       "200/100: 1,002 rejected tokens in the last minute, latest: user 42",
       "security_threat|ip_blocks|chat| 2 per_minute certain warning 1/1 critical 10/5: "
       "2 blocked addresses in the last minute",
       "security_threat|threats|chat| 4 per_minute certain warning 1/1 critical 20/10: "
       "4 threat patterns in the last minute",
       "server_down|crashed|chat| 0 crashed certain critical 1/1: chatd (pid 4242) runs",
       "server_down|stopped|chat| 0 stopped warning 1/1: chatd (pid 4242) runs",
       "server_down|stuck|chat| 0 stuck certain critical 1/1: calls complete, or none is expected",
       "server_down|in_flight|chat| 0 ms certain warning 15000/10000 critical 60000/30000: "
       "no operation hangs",
       "telemetry_loss|refused|chat| 0 refused certain critical 1/1: the ring can be read",
       "telemetry_loss|lost|chat| 2003 records certain warning 1/1 critical 10000/1000: "
       "2,003 records were overwritten before they were read since the last tick, 2,008 in all",
       "telemetry_loss|rejected|chat| 0 records certain warning 1/1 critical 10000/1000: "
       "0 records were read but could not be believed since the last tick, 7 in all",
       "telemetry_loss|torn|chat| 3 records certain warning 1/1 critical 10000/1000: "
       "3 records were half-written when their thread died since the last tick, 3 in all",
       "telemetry_loss|untraced|chat| 4 records certain warning 1/1 critical 10000/1000: "
       "4 records of threads without a lane were not written since the last tick, 15 in all",
       "system_overload|host_cpu|| 12 percent warning 85/75 critical 95/85: "
       "the host's 4 CPUs are 12 % busy",
       "system_overload|host_load|| 1.5 per_cpu warning 2/1.5 critical 4/3: "
       "the host's load is 6 on 4 CPUs",
       "system_overload|host_memory|| 75 percent warning 90/80 critical 98/90: "
       "75 % of the host's memory is used, 200 MiB of 800 MiB are available"});
  CHECK(memory.rings ==
        std::map<std::string, RuleMemory::Ring>{{"chat", {0, 15, 2008, 3, 7, 0, 2000}}});
}

TEST_CASE(
    "Readings: what is not known has no value and says why, and a first tick knows no losses") {
  World world;
  world.operation("SEND_MESSAGE", 19, 1, 20);
  RuleMemory memory;
  check_lines(
      readings_of(world, memory),
      {"high_latency|p95|chat|SEND_MESSAGE 20 ms warning 200/160 critical 400/320 emergency "
       "2000/1000: p95 20.0 ms over 19 calls in the last 5 minutes, slowest 20.0 ms",
       "high_error_rate|errors|chat|SEND_MESSAGE 5.26316 percent warning 5/3 critical 15/10 "
       "emergency 50/25: 1 of its 19 calls failed in the last 5 minutes (5.3 %)",
       "high_error_rate|errors|chat| 5.26316 percent warning 5/3 critical 15/10 emergency 50/25: "
       "1 of 19 calls failed in the last 5 minutes (5.3 %)",
       "high_memory|resident|chat| unknown bytes warning 1.07374e+09/9.66368e+08 critical "
       "1.61061e+09/1.39586e+09: the server's process could not be sampled",
       "system_overload|server_cpu|chat| unknown percent warning 85/75 critical 95/85: "
       "the server's process could not be sampled",
       "high_connections|connections|chat| unknown connections warning 1000/900 critical "
       "1500/1300: the server does not say how many connections it has",
       "database_issue|breaker|chat| 0 open certain critical 1/0.5: "
       "the circuit breaker has not moved",
       "database_issue|rollbacks|chat| unknown percent warning 20/10 critical 50/30: "
       "no transaction in the last 5 minutes",
       "database_issue|errors|chat| 0 percent warning 1/0.5 critical 10/5: "
       "0 of 19 calls failed with a DATABASE_ error in the last minute (0 %)",
       "database_issue|slow_queries|chat| 0 per_minute certain warning 10/5 critical 100/50: "
       "0 slow queries in the last minute",
       "database_issue|lock_waits|chat| 0 per_minute certain warning 3/2 critical 30/15: "
       "0 attempts waited for a lock in vain in the last minute",
       "security_threat|failed_logins|chat| 0 per_minute certain warning 20/10 critical 200/100: "
       "0 failed logins in the last minute",
       "security_threat|rejected_tokens|chat| 0 per_minute certain warning 20/10 critical 200/100: "
       "0 rejected tokens in the last minute",
       "security_threat|ip_blocks|chat| 0 per_minute certain warning 1/1 critical 10/5: "
       "0 blocked addresses in the last minute",
       "security_threat|threats|chat| 0 per_minute certain warning 1/1 critical 20/10: "
       "0 threat patterns in the last minute",
       "server_down|crashed|chat| 0 crashed certain critical 1/1: chatd (pid 4242) runs",
       "server_down|stopped|chat| 0 stopped warning 1/1: chatd (pid 4242) runs",
       "server_down|stuck|chat| 0 stuck certain critical 1/1: calls complete, or none is expected",
       "server_down|in_flight|chat| 0 ms certain warning 15000/10000 critical 60000/30000: "
       "no operation hangs",
       "telemetry_loss|refused|chat| 0 refused certain critical 1/1: the ring can be read",
       "system_overload|host_cpu|| unknown percent warning 85/75 critical 95/85: "
       "the host could not be sampled",
       "system_overload|host_load|| unknown per_cpu warning 2/1.5 critical 4/3: "
       "the host could not be sampled",
       "system_overload|host_memory|| unknown percent warning 90/80 critical 98/90: "
       "the host could not be sampled"});
  CHECK(memory.rings == std::map<std::string, RuleMemory::Ring>{{"chat", {}}});
}

TEST_CASE("Readings: a ring that is not live says nothing about connections, breaker and events") {
  World world = full_world();
  world.snapshot.rings[0].state = RingState::closed;
  std::size_t unknown = 0;
  for (const char* key :
       {"high_connections|", "database_issue|breaker|", "database_issue|slow_queries|",
        "database_issue|lock_waits|", "security_threat|", "server_down|in_flight|"}) {
    for (const std::string& line : readings_of(world, key)) {
      CAPTURE(line);
      ++unknown;
      CHECK(line.find("| unknown ") != std::string::npos);
      CHECK(line.ends_with(line.starts_with("high_connections")
                               ? ": the server does not say how many connections it has"
                               : ": the ring is not live"));
    }
  }
  CHECK(unknown == 9);
}

TEST_CASE("Readings: half of what a figure needs is not enough") {
  World world;
  HostView& host = world.snapshot.host;
  world.snapshot.processes = {process_of("chat", 1, 30, 1)};
  host.cpu_percent = 12;
  host.load_1m = 6;
  host.memory_available_bytes = 250;
  const auto all_unknown = [&] {
    const Lines lines = readings_of(world, "system_overload|");
    CHECK(lines.size() == 4);
    for (const std::string& line : lines) {
      CAPTURE(line);
      CHECK(line.find(" unknown ") != std::string::npos);
      CHECK(line.ends_with(" could not be sampled"));
    }
  };
  all_unknown();
  host.memory_total_bytes = 0;
  all_unknown();
  host = {};
  world.snapshot.processes = {process_of("other", 1, 30, 1)};
  host.cpus = 4;
  host.memory_total_bytes = 250;
  all_unknown();
}

TEST_CASE("Readings: memory of the host, at its ends") {
  World world;
  HostView& host = world.snapshot.host;
  const auto memory = [&](std::uint64_t available, std::uint64_t total) {
    host.memory_available_bytes = available;
    host.memory_total_bytes = total;
    return readings_of(world, "system_overload|host_memory").at(0);
  };
  const std::string levels = " percent warning 90/80 critical 98/90: ";
  CHECK(memory(0, 1) == "system_overload|host_memory|| 100" + levels +
                            "100 % of the host's memory is used, 0 B of 1 B are available");
  // More available than there is: two lines of /proc that were not read at one instant.
  CHECK(memory(5000, 1000) == "system_overload|host_memory|| 0" + levels +
                                  "0 % of the host's memory is used, 1000 B of 1000 B are "
                                  "available");
}

}  // namespace
}  // namespace ringside
