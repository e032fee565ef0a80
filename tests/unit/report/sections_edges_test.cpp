// The sections at their edges: nothing, one, just enough. Each gets an analysis made by hand, and
// all that it writes is compared.
#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "tests/unit/report/given.h"

using namespace ringside;
using namespace sample;

TEST_CASE("Edges: the verdict's last line says what so few operations can prove") {
  Given given;
  given.analysis.verdict = Verdict::degraded;
  given.analysis.reasons = {{Verdict::degraded, "It is slow."}, {Verdict::healthy, "But it runs."}};
  const std::string reasons =
      "heading | VERDICT: DEGRADED\n"
      "bullet | It is slow.\n"
      "bullet | But it runs.\n";
  CHECK(written_by(given, detail::write_verdict) == reasons);
  WindowStats& minute = given.all(Window::minute);
  minute = spans_of(1, 1000);
  minute.seconds = 10;
  CHECK(written_by(given, detail::write_verdict) ==
        reasons + "bullet | In the last minute (10.0 s so far): 1 operation, 0.10/s.\n");
  minute = spans_of(19, 1000);
  minute.seconds = 60;
  minute.errors = 1;
  CHECK(written_by(given, detail::write_verdict) ==
        reasons + "bullet | In the last minute: 19 operations, 0.32/s, p50 1.00 µs.\n");
  minute = spans_of(20, 1000);
  minute.seconds = 60;
  minute.errors = 1;
  CHECK(written_by(given, detail::write_verdict) ==
        reasons + "bullet | In the last minute: 20 operations, 0.33/s, 5 % failed, p50 1.00 µs.\n");
}

TEST_CASE("Edges: a ring of which nothing is known, and one whose figures are all one") {
  Given given;
  RingView ring;
  ring.name = "a";
  ring.path = "/a";
  given.snapshot.rings = {ring};
  ring.state = RingState::crashed;  // not live, so whether it is enabled says nothing
  ring.program = "server";
  ring.pid = 1;
  ring.created_wall_ns = 1;
  ring.segment_bytes = 1;
  ring.clock = "tsc";
  ring.ticks_per_second = 1;
  ring.instances_seen = 1;
  ring.crashes_seen = 1;
  ring.problem = "gone";
  given.snapshot.rings.push_back(ring);
  ring.state = RingState::live;
  ring.created_wall_ns = given.snapshot.wall_ns - 1;
  ring.ticks_per_second = 0;
  ring.problem.clear();
  given.snapshot.rings.push_back(ring);
  ring.enabled = true;
  ring.build_id = "1.2";
  given.snapshot.rings.push_back(ring);
  ring.build_id.clear();
  ring.configuration_digest = "9\n";
  given.snapshot.rings.push_back(ring);
  const std::string text = written_by(given, detail::write_overview);
  CHECK(
      text.substr(0, text.find("field | server")) ==
      "heading | OVERVIEW AND DATA QUALITY\n"
      "field | ring a | waiting · no server yet\n"
      "field |  | /a\n"
      "field | ring a | crashed · server (pid 1) · opened 1970-01-01T00:00:00.000Z, "
      "20,050 d 10 h ago\n"
      "field |  | /a · 1 B · clock tsc at 1e-06 MHz · 1 server start followed, 1 crash\n"
      "field |  | problem: gone\n"
      "field | ring a | live · server (pid 1) · opened 2024-11-23T10:15:55.123Z, 0 ns ago · "
      "tracing is switched off\n"
      "field |  | /a · 1 B · clock tsc · 1 server start followed, 1 crash\n"
      "field | ring a | live · server (pid 1) · build 1.2 · opened 2024-11-23T10:15:55.123Z, 0 ns "
      "ago\n"
      "field |  | /a · 1 B · clock tsc · 1 server start followed, 1 crash\n"
      "field | ring a | live · server (pid 1) · configuration 9\\n · opened "
      "2024-11-23T10:15:55.123Z, 0 ns ago\n"
      "field |  | /a · 1 B · clock tsc · 1 server start followed, 1 crash\n");
}

TEST_CASE("Edges: processor time with and without what it is compared with") {
  const auto cost = [](double tick, std::optional<double> percent, std::optional<double> used,
                       std::optional<double> up) {
    Given given;
    given.snapshot.tick_seconds = tick;
    ProcessView process;
    process.ring = "chat";
    process.pid = 7;
    process.cpu_percent = percent;
    process.cpu_seconds = used;
    process.uptime_seconds = up;
    given.snapshot.processes = {process};
    const std::string text = written_by(given, detail::write_overview);
    const std::size_t from = text.find(" · up ") + std::string(" · up ").size();
    return text.substr(from, text.find(" · unknown resident") - from);
  };
  CHECK(cost(5, 0.5, 3, 60) == "60.0 s · 5 % of a core since it began, 0.50 % over the last tick");
  CHECK(cost(5, 250, 3, 0.5) ==
        "500 ms · 600 % of a core since it began, 250 % over the last tick");
  CHECK(cost(5, 50, {}, 60) == "60.0 s · 50 % of a core over the last tick");
  CHECK(cost(5, 50, 3, {}) == "unknown · 50 % of a core over the last tick");
  CHECK(cost(5, 50, 3, 0) == "0 ns · 50 % of a core over the last tick");
  CHECK(cost(5, {}, 3, 60) == "60.0 s · 5 % of a core since it began, unknown over the last tick");
  CHECK(cost(0.5, 0, {}, {}) == "unknown · <2 % of a core over the last tick");
  CHECK(cost(0, 0, {}, {}) == "unknown · <0.10 % of a core over the last tick");
}

TEST_CASE("Edges: a host and a daemon of which little is known") {
  Given given;
  given.snapshot.host.load_5m = 0.5;
  given.snapshot.host.cpus = 1;
  given.snapshot.gauges = {{"chat", "connections", -1, 1}};
  given.snapshot.daemon.started_wall_ns = 1;
  given.snapshot.daemon.state_since_wall_ns = 1;
  given.snapshot.daemon.version = "1";
  given.snapshot.daemon.restarts = 1;
  given.snapshot.daemon.uptime_seconds = 0.5;
  CHECK(written_by(given, detail::write_overview) ==
        "heading | OVERVIEW AND DATA QUALITY\n"
        "field | server | no live server process to measure\n"
        "field | gauges | connections -1, at most 1\n"
        "field | host | load unknown 0.50 unknown on 1 core · unknown busy over the last tick · "
        "unknown of unknown memory available\n"
        "field | daemon | ringsided 1 · pid 0 · up 500 ms · figures since "
        "1970-01-01T00:00:00.000Z (1 restart)\n"
        "field | its cost | unknown of a core over the last tick · unknown resident, 0 B of it "
        "metrics · 0 passes over the rings\n"
        "subheading | Data quality\n"
        "field | books | written 0 = read 0 + lost 0\n"
        "field |  | rejected 0 (of the read) · torn 0 (not of the written) · late 0 (counted all "
        "the same)\n"
        "field | lanes | none has been claimed\n");
  given.snapshot.host = {};
  given.snapshot.host.load_1m = 0.25;
  CHECK(has(written_by(given, detail::write_overview), "load 0.25 unknown unknown on an unknown"));
  given.snapshot.host = {};
  given.snapshot.host.load_15m = 0.75;
  CHECK(has(written_by(given, detail::write_overview), "load unknown unknown 0.75 on an unknown"));
  given.snapshot.daemon.started_wall_ns = 0;
  CHECK_FALSE(has(written_by(given, detail::write_overview), "ringsided"));
  // What the kernel does not say is left out.
  given.snapshot.host.io_pressure = Pressure{13, 3};
  CHECK(has(written_by(given, detail::write_overview),
            "memory available · waiting over the last 10 s: disk 13 %\n"));
  given.snapshot.host.cpu_pressure = Pressure{1, 0};
  given.snapshot.host.memory_pressure = Pressure{0, 0};
  CHECK(has(written_by(given, detail::write_overview),
            "memory available · waiting over the last 10 s: CPU 1 %, memory 0 %, disk 13 %\n"));
  given.snapshot.processes.resize(1);
  given.snapshot.processes[0].open_files = 1000;
  given.snapshot.processes[0].open_files_limit = 1024;
  CHECK(has(written_by(given, detail::write_overview), " · open files 1,000 of 1,024 · threads "));
}

TEST_CASE("Edges: one lost, one untraced, one negative, and a lane without a thread") {
  Given given;
  Snapshot& snapshot = given.snapshot;
  snapshot.books = {2, 1, 1, 0, 0};
  snapshot.unattributed_lost = 1;
  snapshot.operations = {counted("A", 0)};
  snapshot.operations[0].windows[0].negative = 1;
  snapshot.operations[0].windows[3].negative = 5;
  const auto ring = [&](std::uint64_t now, std::uint64_t before) -> RingView& {
    RingView& made = snapshot.rings.emplace_back();
    made.name = "r" + std::to_string(snapshot.rings.size());
    made.losses.while_observed[0] = now;
    made.losses.before_attach = before;
    return made;
  };
  ring(1, 0).untraced_threads = 1;
  ring(0, 1).untraced_records = 1;
  ring(1, 1).names_refused = 1;
  ring(0, 0);
  LaneView lane;
  lane.ring = "r1";
  lane.tid = 1;
  lane.thread = "main";
  lane.state = LaneView::State::owned;
  lane.pending = 9;
  snapshot.lanes = {lane};
  lane.tid = 0;
  lane.lane = 1;
  lane.overflow = true;
  snapshot.lanes.push_back(lane);
  CHECK(written_by(given, detail::write_data_quality) ==
        "subheading | Data quality\n"
        "field | books | written 2 = read 1 + lost 1\n"
        "field |  | rejected 0 (of the read) · torn 0 (not of the written) · late 0 (counted all "
        "the same)\n"
        "field |  | 1 of the lost are not yet known by operation\n"
        "field |  | 1 negative span: the clock went back, or the end was read before the start; "
        "counted as 0 ns\n"
        "field | lost (r1) | overwritten before they were read: 0 in the last minute, 0 in 5 min, "
        "0 in the hour, 1 since start\n"
        "field | lost (r2) | 1 were overwritten while no daemon watched\n"
        "field | lost (r3) | overwritten before they were read: 0 in the last minute, 0 in 5 min, "
        "0 in the hour, 1 since start\n"
        "field |  | 1 were overwritten while no daemon watched\n"
        "field | untraced | ring r1: 1 thread without a lane, 0 records missing · 0 names refused\n"
        "field | untraced | ring r2: 0 threads without a lane, 1 record missing · 0 names refused\n"
        "field | untraced | ring r3: 0 threads without a lane, 0 records missing · 1 name refused\n"
        "table | ring | lane | state | thread | tid | written | read | lost | torn | rejected | "
        "pending | r1 | 0 | owned | main | 1 | 0 | 0 | 0 | 0 | 0 | – | r1 | over | owned | "
        "(shared) | – | 0 | 0 | 0 | 0 | 0 | 9\n");
}

TEST_CASE("Edges: where the time went, of one operation, of few and of just enough") {
  Given given;
  given.all(Window::hour).seconds = 3600;
  given.analysis.window = Window::hour;
  const auto bottlenecks = [&] {
    const std::string text = written_by(given, detail::write_bottlenecks);
    return text.substr(0, text.find("subheading | Database"));
  };
  CHECK(bottlenecks() ==
        "heading | BOTTLENECKS\n"
        "sentence | No timed operation was seen.\n");
  TimeShare& all = given.analysis.all;
  all.operation = "all";
  all.timed = 1;
  all.sum_ns = 500;
  all.share_of_all = 1;
  const std::string top =
      "heading | BOTTLENECKS\n"
      "sentence | Where the time of operations went in the last hour: the share that each "
      "operation took of all, and of its own time the share of each stage.\n"
      "table | operation | n | mean | of time | of its own time";
  const std::string last_row = " | all | 1 | 500 ns | 100 % | –\n";
  const std::string none_over =
      "subheading | Against their thresholds, the last hour\n"
      "sentence | No operation went over its response-time threshold.\n";
  const std::string none_over_load =
      "subheading | With the load\n"
      "sentence | There is no history of it, so what rises with the load is not known.\n" +
      none_over;
  CHECK(bottlenecks() == top + last_row + none_over_load);
  TimeShare one;
  one.operation = "ONE";
  one.timed = 2;
  one.sum_ns = 500;
  one.share_of_all = 0.5;
  one.unmarked = 1;
  one.enough = true;
  given.analysis.operations = {one};
  CHECK(bottlenecks() ==
        top + " | ONE | 2 | 250 ns | 50 % | no stage 100 %" + last_row + none_over_load);
  given.analysis.operations[0].stages = {{"a", 1, 1, 1, 0.75}, {"b", 1, 1, 1, 0.25}};
  given.analysis.operations[0].unmarked = 0;
  one.enough = false;
  given.analysis.operations.push_back(one);
  CHECK(bottlenecks() ==
        top + " | ONE | 2 | 250 ns | 50 % | a 75 % · b 25 %" + last_row +
            "sentence | Not listed: 1 operation with fewer than 20 timed calls.\n" +
            none_over_load);
  given.analysis.operations.push_back(one);
  SlowOperation slow;
  slow.operation = "SLOW";
  slow.timed = 19;
  slow.threshold_ns = 2e6;
  slow.over = 1;
  slow.max_ns = 3'000'000;
  given.analysis.slow = {slow};
  slow.timed = 20;
  slow.p95_ns = 1.5e6;
  given.analysis.slow.push_back(slow);
  CHECK(bottlenecks() ==
        top + " | ONE | 2 | 250 ns | 50 % | a 75 % · b 25 %" + last_row +
            "sentence | Not listed: 2 operations with fewer than 20 timed calls.\n"
            "subheading | With the load\n"
            "sentence | There is no history of it, so what rises with the load is not known.\n"
            "subheading | Against their thresholds, the last hour\n"
            "table | operation | threshold | over it | of | share | p95 | max | "
            "SLOW | 2.00 ms | 1 | 19 | – | – | 3.00 ms | "
            "SLOW | 2.00 ms | 1 | 20 | 5 % | 1.50 ms | 3.00 ms\n");
}

TEST_CASE("Edges: a database without transactions, with one, and with just enough") {
  Given given;
  CHECK(written_by(given, detail::write_database) ==
        "subheading | Database\n"
        "sentence | Neither a database stage nor a transaction was seen.\n");
  given.analysis.window = Window::hour;
  DatabaseSummary database;
  database.ring = "chat";
  database.slow_queries = 1;
  database.slow_query_ns = 5;
  given.analysis.databases = {database};
  const std::string seen_none =
      "subheading | Database\n"
      "sentence | No transaction was seen.\n"
      "field | slow queries | 1, 5 ns in all\n";
  CHECK(written_by(given, detail::write_database) == seen_none);
  given.snapshot.events = {counted("DB_TRANSACTION", 0)};
  CHECK(written_by(given, detail::write_database) == seen_none);
  DatabaseSummary& only = given.analysis.databases[0];
  only.slow_queries = 0;
  only.transactions = 1;
  only.rollbacks = 1;
  only.rollback_share = 1;
  only.busy = 0.5;
  only.transaction_ns = 1;
  only.stage_ns = 1;
  WindowStats& stats = given.snapshot.events[0].windows[3];
  stats = spans_of(1, 2000);
  stats.outcomes[0] = 3;
  stats.outcomes[1] = 4;
  CHECK(written_by(given, detail::write_database) ==
        "subheading | Database\n"
        "field | transactions | 1 · 3 committed, 1 rolled back\n"
        "field | took | mean 2.00 µs, p50 –, p99 –, max 2.00 µs\n"
        "field | at once | 0.50 on average\n"
        "field | of stage | 100 % of the database stage is transactions; the rest is reads and "
        "waiting for a turn or a lock\n"
        "field | slow queries | none\n");
  only.at_once_now = 1;
  only.transaction_ns = 2;
  only.transactions = 19;
  CHECK(written_by(given, detail::write_database) ==
        "subheading | Database\n"
        "field | transactions | 19 · 3 committed, 1 rolled back\n"
        "field | took | mean 2.00 µs, p50 –, p99 –, max 2.00 µs\n"
        "field | at once | 0.50 on average, 1 now\n"
        "field | slow queries | none\n");
  only.at_once_now.reset();
  only.at_once_max = 2;
  only.transaction_ns = 0;
  only.transactions = 20;
  only.rollback_share = 0.05;
  CHECK(written_by(given, detail::write_database) ==
        "subheading | Database\n"
        "field | transactions | 20 · 3 committed, 1 rolled back (5 %)\n"
        "field | took | mean 2.00 µs, p50 –, p99 –, max 2.00 µs\n"
        "field | at once | 0.50 on average, 2 at most at a tick\n"
        "field | slow queries | none\n");
}
