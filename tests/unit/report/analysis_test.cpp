#include "report/analysis/analysis.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "report/model/names.h"
#include "tests/unit/report/sample.h"

using namespace ringside;

namespace {

// A live ring and `count` operations in the last five minutes, `errors` of them failed.
Snapshot live(std::uint64_t count, std::uint64_t errors) {
  Snapshot snapshot;
  snapshot.wall_ns = sample::kNow;
  RingView ring;
  ring.name = "chat";
  ring.state = RingState::live;
  ring.enabled = true;
  snapshot.rings.push_back(ring);
  snapshot.all.name = "all";
  snapshot.all.server_count = count;
  for (std::size_t w = 0; w < kWindows; ++w) {
    WindowStats& stats = snapshot.all.windows[w];
    stats.seconds = 300;
    if (w != static_cast<std::size_t>(Window::minute)) {
      stats.recorded = count;
      stats.errors = errors;
    }
  }
  snapshot.books = {count, count, 0, 0, 0};
  return snapshot;
}

bool says(const Analysis& analysis, std::string_view part) {
  return std::any_of(analysis.reasons.begin(), analysis.reasons.end(),
                     [&](const Reason& reason) { return reason.text.find(part) != std::string::npos; });
}

AlertView firing(AlertLevel level) {
  AlertView alert;
  alert.last.alert = AlertType::high_memory;
  alert.last.level = level;
  alert.last.state = AlertState::firing;
  return alert;
}

const Suggestion* suggestion(const Analysis& analysis, std::string_view part) {
  for (const Suggestion& one : analysis.suggestions) {
    if (one.what.find(part) != std::string::npos) return &one;
  }
  return nullptr;
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
  for (const auto& [level, verdict] : levels) {
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
  Snapshot lost = live(1000, 0);
  lost.books = {1000, 400, 600, 0, 0};
  CHECK(analyse(lost).verdict == Verdict::blind);
  lost.books = {1000, 980, 20, 0, 0};
  CHECK(analyse(lost).verdict == Verdict::degraded);
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

TEST_CASE("Verdict: too slow by the p95 of a hundred, not of ninety-nine") {
  for (const std::uint64_t n : {99U, 100U}) {
    Snapshot snapshot = live(1000, 0);
    SeriesView series;
    series.name = "SEND_MESSAGE";
    WindowStats& stats = series.windows[static_cast<std::size_t>(Window::five_minutes)];
    stats.recorded = stats.timed = n;
    stats.min_ns = stats.max_ns = 300'000'000;
    stats.latency.buckets.push_back({static_cast<std::int16_t>(bucket_of(static_cast<LatencyUnits>(3e8 * kUnitsPerNs))), n});
    snapshot.operations.push_back(series);
    CAPTURE(n);
    CHECK(analyse(snapshot).verdict == (n == 100 ? Verdict::degraded : Verdict::healthy));
    snapshot.operations[0].name = "MESSAGE_SEARCH";   // its threshold is 1000 ms
    CHECK(analyse(snapshot).verdict == Verdict::healthy);
  }
}

TEST_CASE("Verdict: an operation's own error-rate threshold goes before the common one") {
  Snapshot snapshot = live(1000, 0);
  SeriesView series;
  series.name = "MESSAGE_SEARCH";
  WindowStats& stats = series.windows[static_cast<std::size_t>(Window::five_minutes)];
  stats.recorded = 100;
  stats.errors = 8;
  snapshot.operations.push_back(series);
  CHECK(analyse(snapshot).verdict == Verdict::degraded);
  snapshot.thresholds.operations["MESSAGE_SEARCH"].error_percent = 10;
  CHECK(analyse(snapshot).verdict == Verdict::healthy);
}

TEST_CASE("Verdict: memory, connections and an open breaker degrade") {
  Snapshot memory = live(1000, 0);
  memory.processes.push_back({"chat", 1, 0, (std::uint64_t{1} << 30) + 1, 0, 0, 0});
  CHECK(analyse(memory).verdict == Verdict::degraded);
  Snapshot connections = live(1000, 0);
  connections.gauges.push_back({"chat", "connections", 1001, 1001});
  CHECK(analyse(connections).verdict == Verdict::degraded);
  Snapshot breaker = live(1000, 0);
  SeriesView event;
  event.name = names::kBreaker;
  event.last.emplace_back().value = 1;
  breaker.events.push_back(event);
  CHECK(analyse(breaker).verdict == Verdict::degraded);
}

TEST_CASE("Analysis: shares of time add up, and stages to their operation") {
  const Snapshot snapshot = sample::busy();
  const Analysis analysis = analyse(snapshot);
  double shares = 0;
  for (const TimeShare& time : analysis.operations) {
    shares += time.share_of_all;
    double stages = time.unmarked;
    for (const StageTime& stage : time.stages) stages += stage.share;
    CHECK(stages == doctest::Approx(1).epsilon(1e-6));
  }
  CHECK(shares == doctest::Approx(1).epsilon(1e-9));
  CHECK(analysis.all.sum_ns == snapshot.all.window(Window::hour).sum_ns);
}

TEST_CASE("Analysis: what is slower than its threshold is counted as the records say") {
  const Snapshot snapshot = sample::busy();
  const Analysis analysis = analyse(snapshot);
  REQUIRE_FALSE(analysis.slow.empty());
  // DATABASE_BUSY takes 760 ms and more, everything else of SEND_MESSAGE less than 20 ms.
  std::uint64_t busy = 0;
  for (const ErrorStats& error : snapshot.errors) {
    if (error.operation == "SEND_MESSAGE" && error.code == 5001) busy = error.count[3];
  }
  const auto slow = std::find_if(analysis.slow.begin(), analysis.slow.end(),
                                 [](const SlowOperation& one) { return one.operation == "SEND_MESSAGE"; });
  REQUIRE(slow != analysis.slow.end());
  CHECK(slow->over == busy);
}

TEST_CASE("Analysis: errors are gathered by kind, failures first, and a rise is told from a level") {
  Snapshot snapshot = sample::busy();
  const Analysis analysis = analyse(snapshot);
  REQUIRE(analysis.error_kinds.size() == 5);
  CHECK(analysis.error_kinds[0].name == "BREAKER_OPEN");
  CHECK(analysis.error_kinds[1].name == "DATABASE_BUSY");
  CHECK_FALSE(analysis.error_kinds[2].failure);
  for (const ErrorKind& kind : analysis.error_kinds) CHECK_FALSE(kind.rising);
  snapshot.errors[0].count = {400, 300, 350, 400};
  CHECK(analyse(snapshot).error_kinds[0].rising);
}

TEST_CASE("Analysis: database, breaker and blocks are read from the events") {
  const Snapshot snapshot = sample::busy();
  const Analysis analysis = analyse(snapshot);
  REQUIRE(analysis.database.has_value());
  const SeriesView* transactions = find_series(snapshot.events, names::kDbTransaction);
  CHECK(analysis.database->transactions == transactions->window(Window::hour).count());
  CHECK(analysis.database->rollbacks == transactions->window(Window::hour).errors);
  CHECK(analysis.database->at_once_max == 4);
  CHECK(analysis.resilience.breaker_state == BreakerState::closed);
  CHECK(analysis.resilience.time_in_ns[1] == 9 * 1'999'000'000ULL);
  CHECK(analysis.resilience.time_in_ns[2] == 9 * 800'000'000ULL);
  REQUIRE(analysis.security.blocks.size() == 1);
  CHECK(analysis.security.blocks[0].attempts_before == 10);
  CHECK(analysis.security.blocks[0].turned_away == 64);
  CHECK(analysis.security.blocks[0].got_through == 0);
  CHECK(analysis.security.rate_limited == 38);
}

TEST_CASE("Suggestions: each has its evidence, and a gain that follows from the figures") {
  const Analysis analysis = analyse(sample::busy());
  REQUIRE_FALSE(analysis.suggestions.empty());
  for (const Suggestion& one : analysis.suggestions) {
    CHECK_FALSE(one.evidence.empty());
    CHECK_FALSE(one.gain.empty());
    CHECK_FALSE(one.why.empty());
    CHECK(one.gain_share >= 0);
    CHECK(one.gain_share <= 1);
  }
  const Suggestion* database = suggestion(analysis, "database stage");
  REQUIRE(database != nullptr);
  const auto stage = std::find_if(analysis.all.stages.begin(), analysis.all.stages.end(),
                                  [](const StageTime& one) { return one.name == "database"; });
  CHECK(database->gain_share == doctest::Approx(stage->share / 2));
  // A retry's span is the failed attempt and the pause after it, so their sum is what would go.
  const Suggestion* retries = suggestion(analysis, "cause of the retries");
  REQUIRE(retries != nullptr);
  const auto retry = std::find_if(analysis.resilience.events.begin(), analysis.resilience.events.end(),
                                  [](const EventFinding& one) { return one.name == names::kRetry; });
  REQUIRE(retry != analysis.resilience.events.end());
  CHECK(retries->gain_share == doctest::Approx(static_cast<double>(retry->sum_ns) /
                                               static_cast<double>(analysis.all.sum_ns)));
  CHECK(retries->evidence.find("attempts and the pauses after them") != std::string::npos);
  CHECK(suggestion(analysis, "MESSAGE_SEARCH") != nullptr);
  CHECK(std::is_sorted(analysis.suggestions.begin(), analysis.suggestions.end(),
                       [](const Suggestion& a, const Suggestion& b) { return a.gain_share > b.gain_share; }));
}

TEST_CASE("Suggestions: none without evidence, and lost records and a full set of lanes have one each") {
  CHECK(analyse(live(1000, 0)).suggestions.empty());
  Snapshot lost = live(100'000, 0);
  lost.books = {100'000, 99'000, 1000, 0, 0};
  CHECK(suggestion(analyse(lost), "capacity") != nullptr);
  Snapshot overflow = live(1000, 0);
  LaneView lane;
  lane.overflow = true;
  lane.books = {500, 500, 0, 0, 0};
  overflow.lanes.push_back(lane);
  CHECK(suggestion(analyse(overflow), "more lanes") != nullptr);
}

TEST_CASE("Samples: what a quantile needs") {
  CHECK(samples_needed(0.5) == 10);
  CHECK(samples_needed(0.9) == 50);
  CHECK(samples_needed(0.95) == 100);
  CHECK(samples_needed(0.99) == 500);
  CHECK(samples_needed(0.999) == 5000);
}
