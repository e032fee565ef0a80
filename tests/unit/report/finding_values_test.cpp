// What a finding says before its part of the analysis has filled it in, and what an analysis of
// nothing says.
#include <doctest/doctest.h>

#include <initializer_list>
#include <numeric>

#include "report/analysis/analysis.h"
#include "report/analysis/judgement.h"
#include "report/analysis/shares.h"

using namespace ringside;

namespace {

// Their sum, which is 0 only when each is 0: no figure of a finding is negative.
template <typename... Figures>
double added(Figures... figures) {
  return (0.0 + ... + static_cast<double>(figures));
}

}  // namespace

TEST_CASE("Findings: one that is not filled in claims nothing") {
  const ErrorFinding error;
  CHECK(added(error.count, error.operations, error.share) == 0);
  CHECK_FALSE(error.failure);
  const ErrorKind kind;
  CHECK(added(kind.code, kind.last_wall_ns, kind.operations, kind.top_count) == 0);
  CHECK_FALSE(kind.failure);
  CHECK_FALSE(kind.rising);
  const StageTime stage;
  CHECK(added(stage.count, stage.sum_ns, stage.max_ns, stage.share) == 0);
  const TimeShare time;
  CHECK(added(time.timed, time.sum_ns, time.share_of_all, time.share_of_calls, time.unmarked) == 0);
  CHECK_FALSE(time.enough);
  const SlowOperation slow;
  CHECK(added(slow.timed, slow.threshold_ns, slow.over, slow.max_ns) == 0);
  const EventFinding event;
  CHECK(added(event.count, event.since_start, event.sum_ns, event.last_wall_ns) == 0);
  const DatabaseSummary database;
  CHECK(added(database.transactions, database.rollbacks, database.rollback_share, database.busy,
              database.slow_queries, database.slow_query_ns, database.stage_ns,
              database.transaction_ns) == 0);
  const BreakerSummary breaker;
  CHECK(added(breaker.since_wall_ns, breaker.moves) == 0);
  CHECK(breaker.time_in_ns == std::array<std::uint64_t, kBreakerStates>{});
  const Suggestion suggestion;
  CHECK(suggestion.gain_share == 0);
  CHECK(suggestion.confidence == Confidence::low);
  const Judgement judgement;
  CHECK(added(judgement.samples, judgement.value, judgement.threshold) == 0);
  CHECK_FALSE(judgement.enough);
}

TEST_CASE("Analysis: of nothing it finds nothing, and says that it is blind") {
  const Snapshot nothing;
  const Analysis analysis = analyse(nothing);
  CHECK(analysis.window == Window::since_start);
  CHECK(analysis.verdict == Verdict::blind);
  CHECK(analysis.errors.size() + analysis.error_kinds.size() + analysis.operations.size() +
            analysis.slow.size() + analysis.databases.size() + analysis.suggestions.size() ==
        0);
  CHECK(analysis.all.operation == "all");
  CHECK(added(analysis.all.timed, analysis.all.sum_ns, analysis.all.share_of_all,
              analysis.all.share_of_calls, analysis.all.unmarked) == 0);
  CHECK(added(analysis.security.rate_allowed, analysis.security.rate_limited,
              analysis.security.audit_ns, analysis.security.stage.count) == 0);
}

TEST_CASE("Shares: parts of wholes, and 0 of nothing") {
  CHECK(share_of(std::uint64_t{3}, std::uint64_t{4}) == 0.75);
  CHECK(share_of(std::uint64_t{1}, std::uint64_t{1}) == 1);
  CHECK(share_of(std::uint64_t{3}, std::uint64_t{0}) == 0);
  CHECK(share_of(0.25, 0.5) == 0.5);
  CHECK(share_of(1.0, 0.0) == 0);
  CHECK(share_of(1.0, -2.0) == 0);
}

TEST_CASE(
    "Samples: a quantile takes exactly as many as it needs, and the greatest a billion times") {
  WindowStats stats;
  stats.latency.buckets.push_back({0, 600});
  stats.min_ns = stats.max_ns = 1000;
  for (const auto& [q, needed] :
       {std::pair(0.0, 5U), std::pair(0.5, 10U), std::pair(0.75, 20U), std::pair(0.99, 500U)}) {
    CAPTURE(q);
    CHECK(samples_needed(q) == needed);
    stats.timed = needed - 1;
    CHECK_FALSE(quantile_ns(stats, q).has_value());
    stats.timed = needed;
    CHECK(quantile_ns(stats, q) == 1000);
  }
  CHECK(samples_needed(1) == 5'000'000'000);
}

TEST_CASE("Judgement: a value is over when it is known, above nothing and at its threshold") {
  CHECK(Judgement{1, true, 5, 5}.over());
  CHECK(Judgement{1, true, 0.5, 0.25}.over());
  CHECK_FALSE(Judgement{1, true, 0.25, 0.5}.over());
  CHECK_FALSE(Judgement{1, true, 0, 0}.over());
  CHECK_FALSE(Judgement{1, true, -1, -2}.over());
  CHECK_FALSE(Judgement{1, false, 5, 4}.over());
  CHECK_FALSE(Judgement{1, false, 0, 0}.over());
}

TEST_CASE("Judgement: memory and connections are one figure each, and unknown memory is none") {
  const Thresholds thresholds;
  ProcessView process;
  const Judgement unknown = judge_memory(process, thresholds);
  CHECK(unknown.samples == 1);
  CHECK(unknown.value == 0);
  CHECK_FALSE(unknown.enough);
  process.resident_bytes = 12;
  CHECK(judge_memory(process, thresholds).enough);
  CHECK(judge_memory(process, thresholds).value == 12);
  GaugeView gauge;
  gauge.value = 7;
  const Judgement connections = judge_connections(gauge, thresholds);
  CHECK(connections.samples == 1);
  CHECK(connections.enough);
  CHECK(connections.value == 7);
  CHECK(connections.threshold == 1000);
}

TEST_CASE("Judgement: of processes of the same size the first stands for the ring") {
  Snapshot snapshot;
  for (const std::uint64_t bytes : {5U, 9U, 9U, 8U}) {
    ProcessView& process = snapshot.processes.emplace_back();
    process.ring = "chat";
    process.resident_bytes = bytes;
  }
  snapshot.processes[3].ring = "other";
  CHECK(largest_process(snapshot, "chat") == &snapshot.processes[1]);
  CHECK(largest_process(snapshot, "other") == &snapshot.processes[3]);
}

TEST_CASE("Analysis: a single operation in the last hour is enough to show that hour") {
  SeriesView all;
  CHECK(shown_window(all) == Window::since_start);
  all.windows[3].recorded = 1;
  CHECK(shown_window(all) == Window::hour);
}

TEST_CASE("Analysis: a series is found by its ring and its name together") {
  std::vector<SeriesView> list(3);
  list[0].name = "SEND";
  list[0].ring = "east";
  list[1].name = "READ";
  list[1].ring = "west";
  list[2].name = "SEND";
  list[2].ring = "west";
  CHECK(find_series(list, "east", "SEND") == &list[0]);
  CHECK(find_series(list, "west", "SEND") == &list[2]);
  CHECK(find_series(list, "west", "READ") == &list[1]);
  CHECK(find_series(list, "east", "READ") == nullptr);
  CHECK(find_series(list, "", "SEND") == nullptr);
}
