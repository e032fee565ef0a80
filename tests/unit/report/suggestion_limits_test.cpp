// Suggestions at the limits from which they are made, and with figures of a few nanoseconds, where
// a single one more or less shows.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "report/analysis/analysis.h"
#include "report/model/names.h"
#include "tests/unit/report/sample.h"
#include "tests/unit/report/server.h"

using namespace ringside;
using sample::kHour;
using sample::mentions;
using sample::Server;
using sample::suggestion;

namespace {

constexpr auto kLately = static_cast<std::size_t>(Window::five_minutes);

// Stages that take most of the time, each too little of it for a suggestion.
constexpr std::initializer_list<std::pair<const char*, double>> kEven = {
    {"a", 0.25}, {"b", 0.25}, {"c", 0.25}};

void set_sum(Server& server, std::size_t operation, std::size_t window, std::uint64_t sum_ns,
             std::initializer_list<std::uint64_t> stages_ns) {
  WindowStats& stats = server.snapshot.operations[operation].windows[window];
  stats.sum_ns = sum_ns;
  std::size_t s = 0;
  for (const std::uint64_t ns : stages_ns) stats.stages[s++].sum_ns = ns;
}

// Where the spans of a tail lie: half of them at `fast`, p90 too, and the slow ones above. The
// bounds are chosen so that the least and the greatest value, not the middles of their buckets,
// are the quantiles.
constexpr std::uint64_t kFast = 1'014'000;
constexpr std::uint64_t kTenTimes = 10 * kFast;

SeriesView& add_tail(Server& server, std::uint64_t fast, std::uint64_t slow,
                     std::uint64_t slowest) {
  SeriesView& series = server.operation("SEND", fast + slow, 1, kEven);
  WindowStats& stats = series.windows[kHour];
  stats.min_ns = kFast;
  stats.max_ns = slowest;
  stats.latency.buckets = {{Server::bucket(1.014), fast}, {Server::bucket(10.14), slow}};
  return series;
}

}  // namespace

TEST_CASE("SuggestionLimits: a stage counts from a hundred operations and three tenths on") {
  for (const auto& [count, share, made] :
       {std::tuple(100, 0.5, true), std::tuple(99, 0.5, false), std::tuple(100, 0.3, true),
        std::tuple(100, 0.29, false)}) {
    Server server;
    server.operation("SEND", static_cast<std::uint64_t>(count), 1, {{"database", share}});
    CAPTURE(count);
    CAPTURE(share);
    CHECK((suggestion(server.analysed(), "database stage") != nullptr) == made);
  }
}

TEST_CASE("SuggestionLimits: a stage's evidence and gain are exact to the nanosecond") {
  Server server;
  server.operation("FIRST", 1000, 1, {{"other", 0.1}, {"database", 0.1}});
  server.operation("SECOND", 1000, 1, {{"database", 0.1}, {"other", 0.1}});
  server.operation("THIRD", 1000, 1);
  set_sum(server, 0, kHour, 3, {1, 1});
  set_sum(server, 1, kHour, 2, {1, 0});
  set_sum(server, 2, kHour, 0, {});
  // SECOND has as much of it as FIRST, which takes more time in all and so comes first.
  Analysis analysis = server.analysed();
  const Suggestion* found = suggestion(analysis, "database stage");
  REQUIRE(found != nullptr);
  CHECK(found->evidence ==
        "database takes 40 % of the time of all operations (n = 2,000); 50 % of that in FIRST.");
  CHECK(found->gain == "Half of it gone would take 20 % off the time of all operations.");
  CHECK(found->gain_share == 0.2);

  // A stage that one operation alone has, in its only nanosecond.
  set_sum(server, 0, kHour, 2, {1, 0});
  set_sum(server, 1, kHour, 1, {1, 0});
  server.snapshot.operations[0].windows[kHour].stages[1].count = 0;
  analysis = server.analysed();
  found = suggestion(analysis, "database stage");
  REQUIRE(found != nullptr);
  CHECK(mentions(found->evidence, "(n = 1,000); 100 % of that in SECOND."));
}

TEST_CASE("SuggestionLimits: the last minutes confirm a stage within ten points") {
  Server server;
  server.operation("SEND", 1000, 1, {{"rest", 0.1}, {"database", 0.31}});
  set_sum(server, 0, kHour, 100, {10, 31});
  const auto lately = [&](std::uint64_t sum_ns, std::uint64_t stage_ns) {
    set_sum(server, 0, kLately, sum_ns, {sum_ns - stage_ns, stage_ns});
    const Analysis analysis = server.analysed();
    const Suggestion* found = suggestion(analysis, "database stage");
    REQUIRE(found != nullptr);
    return std::string(confidence_name(found->confidence)) + ": " + found->why;
  };
  CHECK(lately(100, 21) == "high: the last 5 min say the same (21 %)");  // 0.31 - 0.21 is 0.1
  CHECK(lately(100, 20) == "medium: the last 5 min say 20 %");
  CHECK(lately(10, 5) == "medium: the last 5 min say 50 %");
  CHECK(lately(10, 4) == "high: the last 5 min say the same (40 %)");
  CHECK(lately(4, 1) == "high: the last 5 min say the same (25 %)");
  server.snapshot.all.windows[kLately].timed = 100;
  CHECK(lately(10, 5) == "medium: the last 5 min say 50 %");
  CHECK(lately(10, 3) == "high: the last 5 min say the same (30 %)");
  server.snapshot.all.windows[kLately].timed = 99;
  CHECK(lately(10, 5) == "medium: the last 5 min hold too few operations to confirm it");
  CHECK(lately(10, 3) == "medium: the last 5 min hold too few operations to confirm it");
  // Two operations, of which the second has it in another place.
  server.snapshot.all.windows[kLately].timed = 1000;
  server.operation("READ", 1000, 1, {{"database", 0.1}});
  set_sum(server, 1, kHour, 100, {31});
  set_sum(server, 1, kLately, 10, {6});
  CHECK(lately(10, 2) == "high: the last 5 min say the same (40 %)");
}

TEST_CASE(
    "SuggestionLimits: where to begin takes two fifths of the time and half that of the calls") {
  const auto begins = [](std::uint64_t count, double mean, std::uint64_t others,
                         double others_mean) {
    Server server;
    server.operation("SEARCH", count, mean, kEven);
    // Two operations beside it, so that it stays the longest.
    server.operation("READ", others / 2, others_mean, kEven);
    server.operation("SEND", others - others / 2, others_mean, kEven);
    return suggestion(server.analysed(), "Begin with SEARCH") != nullptr;
  };
  CHECK(begins(100, 8, 400, 3));         // 40 % of the time with 20 % of the calls
  CHECK_FALSE(begins(100, 8, 399, 3));   // a little more than 20 %
  CHECK_FALSE(begins(99, 8, 1188, 1));   // too few
  CHECK_FALSE(begins(100, 8, 1201, 1));  // 39.98 % of the time
  CHECK(begins(100, 8, 1200, 1));
}

TEST_CASE(
    "SuggestionLimits: half of its time in the security stage makes an operation dear on purpose") {
  const auto begins = [](const char* stage, double share) {
    Server server;
    server.operation("LOGIN", 1000, 10, {{"a", 0.125}, {stage, share}});
    server.operation("SEND", 9000, 1, kEven);
    return suggestion(server.analysed(), "Begin with LOGIN") != nullptr;
  };
  CHECK_FALSE(begins("security", 0.5));
  CHECK_FALSE(begins("security", 0.75));
  CHECK(begins("security", 0.49));
  CHECK(begins("database", 0.75));
}

TEST_CASE("SuggestionLimits: a tail is one from ten times the median on, and for 2 % of the time") {
  Server server;
  add_tail(server, 4940, 60, kTenTimes);
  WindowStats& stats = server.snapshot.operations[0].windows[kHour];
  // 60 calls are over by nine times kFast. Of 50 times that, they are exactly 2 %.
  stats.sum_ns = 60 * 9 * kFast * 50;
  Analysis analysis = server.analysed();
  const Suggestion* found = suggestion(analysis, "slowest tenth of SEND");
  REQUIRE(found != nullptr);
  CHECK(found->gain_share == 0.02);
  CHECK(found->gain ==
        "2 % of the time of all operations, if that tenth were no slower than the p90.");
  CHECK(found->evidence ==
        "p50 1.01 ms, p90 1.01 ms, p99 10.1 ms, 10 times the median (n = 5,000).");
  CHECK(found->confidence == Confidence::high);
  CHECK(found->why == "p99 rests on 50 operations beyond it");
  stats.sum_ns += 100;
  CHECK(suggestion(server.analysed(), "slowest tenth") == nullptr);
  stats.sum_ns -= 200;
  CHECK(suggestion(server.analysed(), "slowest tenth") != nullptr);
  stats.max_ns = kTenTimes - 1;
  CHECK(suggestion(server.analysed(), "slowest tenth") == nullptr);
  stats.max_ns = kTenTimes;
  stats.timed = 4999;
  analysis = server.analysed();
  found = suggestion(analysis, "slowest tenth");
  REQUIRE(found != nullptr);
  CHECK(found->confidence == Confidence::medium);
  CHECK(found->why == "p99 rests on 49 operations beyond it");
  stats.timed = 499;
  CHECK(suggestion(server.analysed(), "slowest tenth") == nullptr);
}

TEST_CASE("SuggestionLimits: a tail's gain adds up all that is slower, to the nanosecond") {
  Server server;
  server.operation("SEND", 1000, 1, kEven);
  WindowStats& stats = server.snapshot.operations[0].windows[kHour];
  // Spans of 1 ns, and slow ones of two kinds. Every calculation is in a few hundred nanoseconds.
  stats.min_ns = 1;
  stats.max_ns = 40;
  stats.latency.buckets = {
      {Server::bucket(1e-6), 950}, {Server::bucket(20e-6), 25}, {Server::bucket(40e-6), 25}};
  stats.sum_ns = 2450;
  std::vector<RecordView>& last = server.snapshot.operations[0].last;
  last.resize(5);
  for (RecordView& record : last) {
    record.duration_ns = 2;
    record.stages_ns = {0, 1, 0, 0};
  }
  const Analysis analysis = server.analysed();
  const Suggestion* found = suggestion(analysis, "slowest tenth of SEND");
  REQUIRE(found != nullptr);
  const auto middle = [](double ms) {
    return std::min(bucket_middle_seconds(Server::bucket(ms)) * 1e9, 40.0);
  };
  const double p90 = stats.quantile_ns(0.9);
  CHECK(found->gain_share ==
        doctest::Approx((25 * (middle(20e-6) - p90) + 25 * (middle(40e-6) - p90)) / 2450));
  CHECK(mentions(found->evidence, "In the 5 slow ones among the last 5, b takes 50 %."));
  // Calls without a span have no tail.
  stats.min_ns = stats.max_ns = 0;
  stats.latency.buckets = {{kMinBucket, 1000}};
  stats.sum_ns = 1;
  CHECK(suggestion(server.analysed(), "slowest tenth") == nullptr);
}

TEST_CASE("SuggestionLimits: the stage of the slow ones is told from five on, whatever its place") {
  Server server;
  SeriesView& series = add_tail(server, 9000, 1000, kTenTimes);
  series.stage_names = {"first", "second", "third", ""};
  const auto keep = [&](std::initializer_list<std::pair<std::int64_t, std::uint64_t>> records,
                        std::size_t stage) {
    std::vector<RecordView>& last = server.snapshot.operations[0].last;
    last.clear();
    for (const auto& [span_ns, stage_ns] : records) {
      last.emplace_back().duration_ns = span_ns;
      last.back().stages_ns[stage] = stage_ns;
    }
    const Analysis analysis = server.analysed();
    const Suggestion* found = suggestion(analysis, "slowest tenth");
    REQUIRE(found != nullptr);
    const std::size_t at = found->evidence.find(" In the");
    return at == std::string::npos ? std::string() : found->evidence.substr(at + 1);
  };
  const std::int64_t slow = kFast + 1;
  // As slow as the p90 is not slower.
  CHECK(keep({{slow, 1}, {slow, 1}, {slow, 1}, {slow, 1}, {kFast, 1}}, 0).empty());
  CHECK(keep({{slow, 507'001},
              {slow, 507'001},
              {slow, 507'000},
              {slow, 507'000},
              {slow, 507'000},
              {kFast, 900'000}},
             0) == "In the 5 slow ones among the last 6, first takes 50 %.");
  CHECK(keep({{slow, 0}, {slow, 0}, {slow, 0}, {slow, 0}, {slow, 1}}, 2) ==
        "In the 5 slow ones among the last 5, third takes <0.01 %.");
  CHECK(keep({{slow, 9 * slow}, {slow, 0}, {slow, 0}, {slow, 0}, {slow, 0}}, 3) ==
        "In the 5 slow ones among the last 5, stage 4 takes 100 %.");
  CHECK(keep({{slow, 0}, {slow, 0}, {slow, 0}, {slow, 0}, {slow, 0}}, 1).empty());
}

TEST_CASE(
    "SuggestionLimits: rollbacks count from a hundred transactions on, and are sure from a "
    "thousand") {
  const auto made = [](std::uint64_t count, std::uint64_t errors) -> std::string {
    Server server;
    server.operation("SEND", 1000, 1, kEven);
    server.event(names::kDbTransaction, count, errors, 0);
    const Analysis analysis = server.analysed();
    const Suggestion* found = suggestion(analysis, "roll back");
    return found == nullptr ? "none" : confidence_name(found->confidence);
  };
  CHECK(made(99, 50) == "none");
  CHECK(made(100, 5) == "medium");
  CHECK(made(100, 4) == "none");
  CHECK(made(999, 500) == "medium");
  CHECK(made(1000, 50) == "high");
}

TEST_CASE(
    "SuggestionLimits: slow queries from 2 % of the time on, and retries of their ring alone") {
  Server server;
  server.operation("SEND", 10'000, 1, kEven);  // 10 s
  server.event(names::kSlowQuery, 20, 0, 200);
  Analysis analysis = server.analysed();
  const Suggestion* plans = suggestion(analysis, "plans");
  REQUIRE(plans != nullptr);
  CHECK(plans->evidence ==
        "20 slow queries took 200 ms together, an unknown share of the database stage.");
  CHECK(plans->gain == "At most 2 % of the time of all operations.");
  CHECK(plans->gain_share == 0.02);
  CHECK(plans->confidence == Confidence::medium);
  CHECK(mentions(plans->why, "not for want of an index"));
  server.snapshot.events[0].windows[kHour].sum_ns -= 1;
  CHECK(suggestion(server.analysed(), "plans") == nullptr);
  server.snapshot.events[0].windows[kHour].sum_ns = 1'000'000'000;
  server.snapshot.operations[0].stage_names[3] = "database";
  server.snapshot.operations[0].windows[kHour].stages[3] = {1, 1, 1};
  CHECK_FALSE(mentions(suggestion(server.analysed(), "plans")->evidence, "unknown"));

  // Other events of the ring, and another ring's retries, say nothing about waiting.
  server.event(names::kRecovery, 5000, 0, 800);
  server.event(names::kRetry, 5000, 0, 800).ring = "other";
  analysis = server.analysed();
  CHECK(suggestion(analysis, "plans")->gain_share == 0.1);
  CHECK(suggestion(analysis, "plans")->confidence == Confidence::medium);
  const Suggestion* retries = suggestion(analysis, "cause of the retries");
  REQUIRE(retries != nullptr);
  CHECK(retries->gain == "At most 8 % of the time of all operations.");
  server.snapshot.events.pop_back();
  CHECK(suggestion(server.analysed(), "cause of the retries") == nullptr);

  WindowStats& own = server.event(names::kRetry, 19, 0, 100).windows[kHour];
  CHECK(suggestion(server.analysed(), "plans")->gain_share == 0.09);
  CHECK(suggestion(server.analysed(), "plans")->confidence == Confidence::medium);
  own.sum_ns += 1;  // more than a tenth
  CHECK(suggestion(server.analysed(), "plans")->confidence == Confidence::low);
  own.sum_ns = 3'000'000'000;  // more than the queries themselves
  CHECK(suggestion(server.analysed(), "plans") == nullptr);
}

TEST_CASE("SuggestionLimits: retries count from twenty and 2 % on, and are sure from a hundred") {
  const auto made = [](std::uint64_t count, double sum_ms) {
    Server server;
    server.operation("SEND", 10'000, 1, kEven);
    server.event(names::kRetry, count, 0, sum_ms);
    const Analysis analysis = server.analysed();
    const Suggestion* found = suggestion(analysis, "cause of the retries");
    if (found == nullptr) return std::string("none");
    return std::string(confidence_name(found->confidence)) + ": " + found->gain;
  };
  CHECK(made(19, 2000) == "none");
  CHECK(made(20, 200) == "medium: At most 2 % of the time of all operations.");
  CHECK(made(20, 199) == "none");
  CHECK(made(99, 200) == "medium: At most 2 % of the time of all operations.");
  CHECK(made(100, 200) == "high: At most 2 % of the time of all operations.");
  CHECK(made(100, 50'000) == "high: At most 100 % of the time of all operations.");
}

TEST_CASE("SuggestionLimits: clients count from a hundred calls on, and take no time") {
  Server server;
  server.operation("SEND", 100, 1, kEven);
  server.snapshot.all.windows[kHour].refused = 10;
  Analysis analysis = server.analysed();
  REQUIRE(suggestion(analysis, "Mend the clients") != nullptr);
  CHECK(suggestion(analysis, "Mend the clients")->gain_share == 0);
  CHECK(suggestion(analysis, "Mend the clients")->confidence == Confidence::medium);
  server.snapshot.all.windows[kHour].refused = 9;
  CHECK(suggestion(server.analysed(), "Mend the clients") == nullptr);
  Server few;
  few.operation("SEND", 99, 1, kEven);
  few.snapshot.all.windows[kHour].refused = 99;
  CHECK(suggestion(few.analysed(), "Mend the clients") == nullptr);
  // A failure is nothing that a client can mend, even if it is all there is.
  server.snapshot.all.windows[kHour].refused = 50;
  server.snapshot.errors.emplace_back().count = {50, 50, 50, 50};
  CHECK(suggestion(server.analysed(), "Mend the clients")->evidence ==
        "50 % of 100 operations were refused.");
}
