#include "report/analysis/analysis.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "report/model/names.h"
#include "tests/unit/report/sample.h"

using namespace ringside;

namespace {

// A live ring with `count` calls of one operation in the last minute. `errors` of them failed.
Snapshot live(std::uint64_t count, std::uint64_t errors) {
  Snapshot snapshot;
  snapshot.wall_ns = sample::kNow;
  RingView ring;
  ring.name = "chat";
  ring.state = RingState::live;
  ring.enabled = true;
  snapshot.rings.push_back(ring);
  SeriesView calls;
  calls.name = "LIST_ROOMS";
  calls.ring = "chat";
  calls.server_count = count;
  for (WindowStats& stats : calls.windows) {
    stats.seconds = 60;
    stats.recorded = count;
    stats.errors = errors;
  }
  snapshot.operations.push_back(calls);
  snapshot.all = calls;
  snapshot.all.name = "all";
  snapshot.all.ring.clear();
  snapshot.books = {count, count, 0, 0, 0};
  return snapshot;
}

// Empties the last minute. The longer windows keep the calls.
void let_a_minute_pass(Snapshot& snapshot) {
  constexpr auto kMinute = static_cast<std::size_t>(Window::minute);
  snapshot.all.windows[kMinute] = {};
  for (SeriesView& series : snapshot.operations) series.windows[kMinute] = {};
}

bool says(const Analysis& analysis, std::string_view part) {
  return std::any_of(analysis.reasons.begin(), analysis.reasons.end(), [&](const Reason& reason) {
    return reason.text.find(part) != std::string::npos;
  });
}

AlertView firing(AlertLevel level) {
  AlertView alert;
  alert.last.alert = AlertType::high_memory;
  alert.last.level = level;
  alert.last.state = AlertState::firing;
  return alert;
}

}  // namespace

TEST_CASE("Verdict: healthy when nothing speaks against it, and says so when that is little") {
  CHECK(analyse(live(1000, 0)).verdict == Verdict::healthy);
  CHECK(analyse(live(1000, 49)).verdict == Verdict::healthy);
  const Analysis few = analyse(live(7, 0));
  CHECK(few.verdict == Verdict::healthy);
  CHECK(says(few, "7 operations in the last hour are too few"));
}

TEST_CASE("Verdict: small samples never claim") {
  CHECK(analyse(live(19, 19)).verdict == Verdict::healthy);
  CHECK(analyse(live(20, 20)).verdict == Verdict::failing);
}

TEST_CASE("Verdict: the error rate degrades at its threshold and fails at four times it") {
  CHECK(analyse(live(1000, 50)).verdict == Verdict::degraded);
  CHECK(analyse(live(1000, 199)).verdict == Verdict::degraded);
  CHECK(analyse(live(1000, 200)).verdict == Verdict::failing);
  Snapshot lenient = live(1000, 200);
  lenient.thresholds.error_percent = 30;
  CHECK(analyse(lenient).verdict == Verdict::healthy);
}

TEST_CASE("Verdict: alerts weigh by their level, and only while they fire") {
  const std::pair<AlertLevel, Verdict> levels[] = {{AlertLevel::info, Verdict::healthy},
                                                   {AlertLevel::warning, Verdict::degraded},
                                                   {AlertLevel::critical, Verdict::failing},
                                                   {AlertLevel::emergency, Verdict::failing}};
  for (const auto& [fires, verdict] : levels) {
    const AlertLevel level = fires;
    Snapshot snapshot = live(1000, 0);
    snapshot.alerts.push_back(firing(level));
    CAPTURE(level);
    CHECK(analyse(snapshot).verdict == verdict);
    snapshot.alerts.back().last.state = AlertState::pending;
    CHECK(analyse(snapshot).verdict == Verdict::healthy);
  }
}

TEST_CASE("Verdict: blind when nothing can be seen, or what is seen does not add up") {
  CHECK(analyse(Snapshot{}).verdict == Verdict::blind);
  Snapshot waiting = live(0, 0);
  waiting.rings[0].state = RingState::waiting;
  CHECK(analyse(waiting).verdict == Verdict::blind);
  Snapshot off = live(1000, 0);
  off.rings[0].enabled = false;
  CHECK(analyse(off).verdict == Verdict::blind);
  Snapshot books = live(1000, 0);
  books.books.lost = 1;
  CHECK(analyse(books).verdict == Verdict::blind);
}

TEST_CASE("Verdict: a crash is failing, an end in good order is not") {
  Snapshot crashed = live(1000, 0);
  crashed.rings[0].state = RingState::crashed;
  CHECK(analyse(crashed).verdict == Verdict::failing);
  Snapshot closed = live(1000, 0);
  closed.rings[0].state = RingState::closed;
  CHECK(analyse(closed).verdict == Verdict::healthy);
  CHECK(says(analyse(closed), "ended in good order"));
}

TEST_CASE("Verdict: too slow by the p95 of min_samples calls, not of one fewer") {
  for (const std::uint64_t n : {19U, 20U}) {
    Snapshot snapshot = live(1000, 0);
    SeriesView& series = snapshot.operations[0];
    series.name = "SEND_MESSAGE";
    WindowStats& stats = series.windows[static_cast<std::size_t>(Window::minute)];
    stats.timed = n;
    stats.min_ns = stats.max_ns = 300'000'000;
    const int bucket = bucket_of(static_cast<LatencyUnits>(3e8 * kUnitsPerNs));
    stats.latency.buckets.push_back({static_cast<std::int16_t>(bucket), n});
    CAPTURE(n);
    CHECK(analyse(snapshot).verdict == (n == 20 ? Verdict::degraded : Verdict::healthy));
    if (n == 20) {
      CHECK(says(analyse(snapshot),
                 "Too slow by the p95: SEND_MESSAGE 300 ms (threshold 200 ms, n = 20) in "
                 "the last minute."));
    }
    series.name = "MESSAGE_SEARCH";  // its threshold is 1000 ms
    CHECK(analyse(snapshot).verdict == Verdict::healthy);
  }
}

TEST_CASE("Verdict: an operation's own error-rate threshold goes before the common one") {
  Snapshot snapshot = live(1000, 0);
  SeriesView search = snapshot.operations[0];
  search.name = "MESSAGE_SEARCH";
  for (WindowStats& stats : search.windows) {
    stats.recorded = 100;
    stats.errors = 8;
  }
  snapshot.operations.push_back(search);
  CHECK(analyse(snapshot).verdict == Verdict::degraded);
  CHECK(says(analyse(snapshot),
             "Failed too often (threshold 5 %): MESSAGE_SEARCH 8 % (8 of 100) in the last "
             "minute."));
  snapshot.thresholds.operations["MESSAGE_SEARCH"].error_percent = 10;
  CHECK(analyse(snapshot).verdict == Verdict::healthy);
  snapshot.thresholds.operations["MESSAGE_SEARCH"].error_percent = 7;
  CHECK(says(analyse(snapshot),
             "Failed too often (threshold 5 % where no other is set): MESSAGE_SEARCH"));
}

TEST_CASE(
    "Verdict: now means now: losses of the last minute blind it, those of an earlier hour do not") {
  Snapshot snapshot = live(1000, 0);
  snapshot.books = {100'000, 1000, 99'000, 0, 0};
  snapshot.rings[0].losses.while_observed = {0, 0, 0, 0};
  snapshot.rings[0].losses.before_attach = 99'000;
  CHECK(analyse(snapshot).verdict == Verdict::healthy);
  snapshot.rings[0].losses.while_observed = {9000, 0, 0, 9000};
  CHECK(analyse(snapshot).verdict == Verdict::healthy);
  snapshot.rings[0].losses.while_observed = {9000, 1000, 1000, 9000};
  const Analysis blind = analyse(snapshot);
  CHECK(blind.verdict == Verdict::blind);
  CHECK(says(
      blind,
      "Ring chat: 50 % of the records of the last minute (1,000 of 2,000) were overwritten before "
      "they were read."));
  snapshot.rings[0].losses.while_observed[1] = 999;
  CHECK(analyse(snapshot).verdict == Verdict::degraded);
  snapshot.rings[0].losses.while_observed[1] = 9;
  CHECK(analyse(snapshot).verdict == Verdict::healthy);
  snapshot.rings[0].losses.while_observed[1] = 11;
  CHECK(analyse(snapshot).verdict == Verdict::degraded);
}

TEST_CASE("Verdict: what failed minutes ago is past once the last minute can be judged") {
  Snapshot snapshot = live(1000, 1000);
  CHECK(analyse(snapshot).verdict == Verdict::failing);
  constexpr auto kMinute = static_cast<std::size_t>(Window::minute);
  snapshot.operations[0].windows[kMinute].errors = 0;
  CHECK(analyse(snapshot).verdict == Verdict::healthy);
  // A quiet minute can't be judged, so the next longer window is.
  let_a_minute_pass(snapshot);
  const Analysis quiet = analyse(snapshot);
  CHECK(quiet.verdict == Verdict::failing);
  CHECK(says(quiet, "100 % (1,000 of 1,000) failed in the last 5 min"));
}

TEST_CASE("Verdict: an alert on one ring says nothing of the same operation on another") {
  Snapshot snapshot = live(1000, 100);
  snapshot.rings.push_back(snapshot.rings[0]);
  snapshot.rings[1].name = "other";
  AlertView alert = firing(AlertLevel::warning);
  alert.last.alert = AlertType::high_error_rate;
  alert.last.operation = "LIST_ROOMS";
  alert.last.ring = "other";
  snapshot.alerts.push_back(alert);
  CHECK(says(analyse(snapshot), "LIST_ROOMS (chat) 10 % (100 of 1,000)"));
  CHECK(says(analyse(snapshot), "high_error_rate (warning) is firing on LIST_ROOMS (other)"));
  snapshot.alerts[0].last.ring = "chat";
  CHECK_FALSE(says(analyse(snapshot), "LIST_ROOMS (chat) 10 %"));
  // The alert on the operation says nothing about the ring as a whole.
  CHECK(says(analyse(snapshot),
             "All operations (chat): 10 % (100 of 1,000) failed in the last minute"));
  snapshot.alerts[0].last.operation.clear();
  CHECK_FALSE(says(analyse(snapshot), "All operations"));
  CHECK(says(analyse(snapshot), "is firing on ring chat since"));
}

TEST_CASE("Verdict: of many operations over a limit the four worst are named, the others counted") {
  Snapshot snapshot = live(100'000, 0);
  for (std::uint64_t i = 1; i <= 6; ++i) {
    SeriesView series = snapshot.operations[0];
    series.name = "OP_" + std::to_string(i);
    for (WindowStats& stats : series.windows) {
      stats.recorded = 100;
      stats.errors = 10 + i;
    }
    snapshot.operations.push_back(series);
  }
  CHECK(says(analyse(snapshot),
             "(threshold 5 %): OP_6 16 % (16 of 100) in the last minute, OP_5 15 % (15 of 100) "
             "in the last minute, OP_4 14 % (14 of 100) in the last minute, OP_3 13 % (13 of "
             "100) in the last minute, and 2 more."));
  for (WindowStats& stats : snapshot.operations[1].windows) stats.errors = 50;
  CHECK(says(analyse(snapshot), "Half or more failed: OP_1 50 % (50 of 100) in the last minute."));
}

TEST_CASE("Verdict: each ring that cannot be seen is a reason, and weighs less beside a live one") {
  const std::pair<RingState, const char*> states[] = {
      {RingState::refused, "Ring gone was refused: it is of another version."},
      {RingState::waiting, "Ring gone is not there: it is of another version."}};
  for (const auto& [state, text] : states) {
    Snapshot snapshot = live(1000, 0);
    snapshot.rings.push_back({});
    snapshot.rings[1].name = "gone";
    snapshot.rings[1].state = state;
    snapshot.rings[1].problem = "it is of another version";
    CHECK(analyse(snapshot).verdict == Verdict::degraded);
    CHECK(says(analyse(snapshot), text));
    snapshot.rings[0].state = RingState::closed;
    CHECK(analyse(snapshot).verdict == Verdict::blind);
  }
  Snapshot alone = live(0, 0);
  alone.rings[0].state = RingState::closed;
  CHECK(analyse(alone).verdict == Verdict::blind);
  CHECK(says(analyse(alone), "it left no operation"));
  Snapshot untraced = live(1000, 0);
  untraced.rings[0].untraced_threads = 2;
  untraced.rings[0].untraced_records = 77;
  CHECK(analyse(untraced).verdict == Verdict::degraded);
  CHECK(says(analyse(untraced),
             "Ring chat: 2 threads found no memory for a lane; 77 of their records are missing."));
}

TEST_CASE("Verdict: the reasons come heaviest first") {
  Snapshot snapshot = live(1000, 100);
  snapshot.rings[0].state = RingState::crashed;
  snapshot.rings[0].pid = 71;
  snapshot.books.lost = 5;
  const Analysis analysis = analyse(snapshot);
  REQUIRE(analysis.reasons.size() == 4);
  CHECK(analysis.reasons[0].text == "Ring chat: its server (pid 71) died without closing it.");
  CHECK(analysis.reasons[1].weight == Verdict::blind);
  CHECK(analysis.reasons[2].weight == Verdict::degraded);
  CHECK(analysis.reasons[3].weight == Verdict::degraded);
  CHECK(analysis.verdict == Verdict::failing);
}

TEST_CASE("Verdict: memory, connections and an open breaker degrade") {
  Snapshot memory = live(1000, 0);
  memory.processes.push_back({"chat", 1, 0, (std::uint64_t{1} << 30) + 1, 0, 0, 0, {}});
  CHECK(analyse(memory).verdict == Verdict::degraded);
  CHECK(says(analyse(memory),
             "Server of ring chat (pid 1) has 1.00 GiB resident, threshold 1.00 GiB."));
  Snapshot connections = live(1000, 0);
  connections.gauges.push_back({"chat", "connections", 1001, 1001});
  CHECK(analyse(connections).verdict == Verdict::degraded);
  CHECK(says(analyse(connections), "Ring chat: 1,001 connections are open, threshold 1,000."));
  connections.gauges[0].value = 999;
  CHECK(analyse(connections).verdict == Verdict::healthy);
  connections.gauges[0].value = -1;
  CHECK(analyse(connections).verdict == Verdict::healthy);
  Snapshot breaker = live(1000, 0);
  SeriesView event;
  event.name = names::kBreaker;
  event.ring = "chat";
  event.last.emplace_back().value = 1;
  breaker.events.push_back(event);
  CHECK(analyse(breaker).verdict == Verdict::degraded);
  breaker.events[0].last[0].value = 2;
  CHECK(analyse(breaker).verdict == Verdict::healthy);
}

TEST_CASE("Samples: what a quantile needs") {
  CHECK(samples_needed(0.5) == 10);
  CHECK(samples_needed(0.9) == 50);
  CHECK(samples_needed(0.95) == 100);
  CHECK(samples_needed(0.99) == 500);
  CHECK(samples_needed(0.999) == 5000);
}
