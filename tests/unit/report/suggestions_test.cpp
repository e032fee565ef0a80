#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "report/analysis/analysis.h"
#include "report/model/format.h"
#include "report/model/names.h"
#include "report/render/text.h"
#include "tests/unit/report/sample.h"
#include "tests/unit/report/server.h"

using namespace ringside;
using sample::kHour;
using sample::mentions;
using sample::Server;
using sample::suggestion;

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
  CHECK(suggestion(analysis, "retries") != nullptr);
  CHECK(suggestion(analysis, "MESSAGE_SEARCH") != nullptr);
  CHECK(std::is_sorted(
      analysis.suggestions.begin(), analysis.suggestions.end(),
      [](const Suggestion& a, const Suggestion& b) { return a.gain_share > b.gain_share; }));
}

TEST_CASE("Suggestions: none without evidence") {
  Server server;
  server.operation("SEND", 10'000, 1,
                   {{"database", 0.2}, {"delivery", 0.29}, {"validation", 0.25}});
  server.operation("READ", 10'000, 1,
                   {{"database", 0.2}, {"delivery", 0.29}, {"validation", 0.25}});
  CHECK(server.analysed().suggestions.empty());
}

TEST_CASE("Suggestions: an operation that waits for its client is no bottleneck and gets no advice") {
  for (const bool waits : {false, true}) {
    CAPTURE(waits);
    Server server;
    server.operation("SEND", 1000, 1, {{"database", 0.2}, {"delivery", 0.2}, {"validation", 0.6}});
    SeriesView& poll = server.operation("LONG_POLL", 1000, 20'000, {{"wait", 1}});
    poll.declared.waits_for_client = waits;
    const Analysis analysis = server.analysed();
    CHECK(analysis.waiting == (waits ? 1 : 0));
    CHECK((suggestion(analysis, "Make the stage wait cheaper,") != nullptr) == !waits);
    CHECK((suggestion(analysis, "Make the validation stage cheaper") != nullptr) == waits);
    CHECK(analysis.operations[0].operation == (waits ? "SEND" : "LONG_POLL"));
    CHECK(analysis.operations.size() == (waits ? 1 : 2));
    // 20 s are over the threshold for all, which it does not have.
    CHECK(analysis.slow.size() == (waits ? 0 : 1));
    const std::string text = render_text(Report(server.snapshot), {.limits = {.whole = true}});
    CHECK(mentions(text, "Left out, because they wait for their clients: 1 operation.") == waits);
    poll.declared.response_ns = 10'000'000'000;
    CHECK(server.analysed().slow.size() == 1);
  }
}

TEST_CASE("Suggestions: a stage with three tenths of all time, and what to do about it") {
  struct Case {
    const char* stage;
    const char* remedy;
  };
  for (const Case& one : {Case{"database", "Make the database stage cheaper: batch writes"},
                          Case{"delivery", "Make the delivery stage cheaper: serialise once"},
                          Case{"queue", "Let requests be picked up sooner: add threads"},
                          Case{"security", "Look into the security stage. Password hashing"},
                          Case{"validation", "Make the validation stage cheaper: check sizes"},
                          Case{"parse", "Make the stage parse cheaper, or move it off the path"}}) {
    Server server;
    server.operation("SEND", 1000, 3, {{"other", 0.25}, {one.stage, 0.5}, {"third", 0.2}});
    server.operation("READ", 1000, 1, {{"first", 0.29}, {"second", 0.28}, {one.stage, 0.4}});
    const Analysis analysis = server.analysed();
    CAPTURE(one.stage);
    const Suggestion* found = suggestion(analysis, one.remedy);
    REQUIRE(found != nullptr);
    // 0.5 of 3 s and 0.4 of 1 s, of 4 s: 47.5 %.
    CHECK(found->gain_share == doctest::Approx(0.475 / 2));
    CHECK(found->evidence ==
          std::string(one.stage) +
              " takes 48 % of the time of all operations (n = 2,000); 79 % of that in SEND.");
    CHECK(found->gain == "Half of it gone would take 24 % off the time of all operations.");
    CHECK(found->confidence == Confidence::high);
    CHECK(found->why == "the last 5 min say the same (48 %)");
  }
}

TEST_CASE(
    "Suggestions: a stage's confidence falls with the sample and with what the last minutes say") {
  Server server;
  server.operation("SEND", 999, 1, {{"database", 0.5}, {"rest", 0.25}});
  const Suggestion* few = nullptr;
  Analysis analysis = server.analysed();
  few = suggestion(analysis, "database");
  REQUIRE(few != nullptr);
  CHECK(few->confidence == Confidence::low);
  CHECK(few->why == "only 999 operations mark it");
  server.snapshot.operations[0].windows[kHour].stages[0].count = 1000;
  WindowStats& lately = server.snapshot.operations[0].windows[2];
  lately.stages[0].sum_ns = lately.sum_ns / 100 * 61;
  analysis = server.analysed();
  CHECK(suggestion(analysis, "database")->confidence == Confidence::medium);
  CHECK(suggestion(analysis, "database")->why == "the last 5 min say 61 %");
  lately.stages[0].sum_ns = lately.sum_ns / 100 * 59;
  CHECK(suggestion(server.analysed(), "database")->confidence == Confidence::high);
  server.snapshot.all.windows[2].timed = 99;
  CHECK(suggestion(server.analysed(), "database")->why ==
        "the last 5 min hold too few operations to confirm it");
  Server tiny;
  tiny.operation("SEND", 99, 1, {{"database", 0.9}});
  CHECK(suggestion(tiny.analysed(), "database") == nullptr);
}

TEST_CASE("Suggestions: begin with the operation that costs more than its calls account for") {
  Server server;
  server.operation("SEARCH", 1000, 10, {{"a", 0.28}, {"b", 0.28}, {"c", 0.28}});
  server.operation("SEND", 9000, 1, {{"d", 0.28}, {"e", 0.28}, {"f", 0.28}});
  const Analysis analysis = server.analysed();
  const Suggestion* found = suggestion(analysis, "Begin with SEARCH: it costs more");
  REQUIRE(found != nullptr);
  // SEARCH takes 10 of 19 s with a tenth of the calls. At the others' mean it would take 1 s.
  CHECK(found->gain_share == doctest::Approx(9.0 / 19));
  CHECK(found->evidence ==
        "10 % of the calls, 53 % of the time (n = 1,000); mean 10.0 ms against 1.00 ms for the "
        "others.");
  CHECK(found->gain ==
        "At most 47 % of the time of all operations, if it became as cheap as the others.");
  CHECK(found->confidence == Confidence::medium);

  Server many;  // SEARCH has a third of the calls, so its cost is no surprise
  many.operation("SEARCH", 3000, 3, {{"a", 0.28}, {"b", 0.28}, {"c", 0.28}});
  many.operation("SEND", 6000, 1, {{"d", 0.28}, {"e", 0.28}, {"f", 0.28}});
  CHECK(suggestion(many.analysed(), "Begin with") == nullptr);

  Server dear;  // password hashing is expensive on purpose
  dear.operation("LOGIN", 1000, 10, {{"security", 0.5}, {"b", 0.28}});
  dear.operation("SEND", 9000, 1, {{"d", 0.28}, {"e", 0.28}, {"f", 0.28}});
  CHECK(suggestion(dear.analysed(), "Begin with") == nullptr);

  Server few;
  few.operation("SEARCH", 999, 80);
  few.operation("SEND", 9000, 1);
  CHECK(suggestion(few.analysed(), "Begin with")->confidence == Confidence::low);
  Server alone;
  alone.operation("SEARCH", 1000, 8);
  alone.operation("SEND", 99, 0.01);
  CHECK(suggestion(alone.analysed(), "Begin with") == nullptr);
}

TEST_CASE("Suggestions: a tail's gain is the time beyond the p90") {
  Server server;
  SeriesView& series = server.operation("SEND", 10'000, 1);
  WindowStats& stats = series.windows[kHour];
  stats.latency.buckets = {{Server::bucket(1), 9500}, {Server::bucket(50), 500}};
  stats.max_ns = 60'000'000;
  for (int i = 0; i < 10; ++i) {
    RecordView record;
    record.duration_ns = i < 6 ? 50'000'000 : 900'000;
    record.stages_ns = {1'000'000, i < 6 ? std::uint64_t{40'000'000} : 500'000, 0, 0};
    record.untimed = i == 5;
    series.last.push_back(record);
  }
  series.stage_names = {"parse", "waiting", "", ""};
  const Analysis analysis = server.analysed();
  const Suggestion* found = suggestion(analysis, "slowest tenth of SEND");
  REQUIRE(found != nullptr);
  const double p90 = stats.quantile_ns(0.9);
  const double slow = bucket_middle_seconds(Server::bucket(50)) * 1e9;
  CHECK(found->gain_share ==
        doctest::Approx((slow - p90) * 500 / static_cast<double>(stats.sum_ns)));
  CHECK(mentions(found->evidence,
                 " times the median (n = 10,000). In the 5 slow ones among the last 10, waiting "
                 "takes 80 %."));
  CHECK(found->confidence == Confidence::high);
  CHECK(found->why == "p99 rests on 100 operations beyond it");
  // A stage without a name shows its number. Four slow records are too few for a sentence.
  server.snapshot.operations[0].stage_names[1].clear();
  CHECK(mentions(suggestion(server.analysed(), "slowest tenth")->evidence, "stage 2 takes 80 %."));
  server.snapshot.operations[0].last[4].untimed = true;
  CHECK_FALSE(mentions(suggestion(server.analysed(), "slowest tenth")->evidence, "slow ones"));
  stats.latency.buckets[1].index = Server::bucket(9);
  server.snapshot.operations[0].windows[kHour].latency.buckets[1].index = Server::bucket(9);
  CHECK(suggestion(server.analysed(), "slowest tenth") == nullptr);
}

TEST_CASE("Suggestions: rollbacks, slow queries and retries of the database") {
  Server server;
  // 10 s in total.
  server.operation("SEND", 10'000, 1, {{"database", 0.28}, {"b", 0.28}, {"c", 0.28}});
  server.event(names::kDbTransaction, 1000, 50, 500);
  server.event(names::kSlowQuery, 20, 0, 1000);
  server.event(names::kRetry, 20, 20, 300);
  const Analysis analysis = server.analysed();
  const Suggestion* rollbacks = suggestion(analysis, "transactions roll back");
  REQUIRE(rollbacks != nullptr);
  CHECK(rollbacks->evidence == "5 % of 1,000 transactions were rolled back.");
  CHECK(rollbacks->gain == "5 % fewer transactions for the same work.");
  CHECK(rollbacks->gain_share == 0);
  CHECK(rollbacks->confidence == Confidence::high);
  const Suggestion* plans = suggestion(analysis, "plans of the slow queries");
  REQUIRE(plans != nullptr);
  CHECK(plans->evidence == "20 slow queries took 1.00 s together, 36 % of the database stage.");
  // 1 s less the 0.3 s of the retries, of 10 s.
  CHECK(plans->gain_share == doctest::Approx(0.07));
  CHECK(mentions(plans->gain, "At most 7"));
  CHECK(plans->confidence == Confidence::low);
  CHECK(mentions(plans->why, "attempts that were retried took 300 ms at the same time"));
  const Suggestion* retries = suggestion(analysis, "cause of the retries");
  REQUIRE(retries != nullptr);
  CHECK(retries->evidence ==
        "20 attempts failed and were repeated; these attempts and the pauses after them took 300 "
        "ms.");
  CHECK(retries->gain_share == doctest::Approx(0.03));
  CHECK(retries->confidence == Confidence::medium);

  server.snapshot.events[0].windows[kHour].errors = 49;
  server.snapshot.events[1].windows[kHour].recorded = 19;
  server.snapshot.events[2].windows[kHour].recorded = 19;
  CHECK(server.analysed().suggestions.empty());
  // Retries take little time, so the queries themselves are slow.
  server.snapshot.events[1].windows[kHour].recorded = 20;
  server.snapshot.events[2].windows[kHour].sum_ns = 100'000'000;
  CHECK(suggestion(server.analysed(), "plans")->confidence == Confidence::medium);
  // The gain is at most the whole time.
  server.snapshot.events[1].windows[kHour].sum_ns = 90'000'000'000;
  CHECK(suggestion(server.analysed(), "plans")->gain_share == 1);
}

TEST_CASE("Suggestions: clients whose requests are refused") {
  Server server;
  server.operation("SEND", 1000, 1, {{"a", 0.28}, {"b", 0.28}, {"c", 0.28}});
  server.snapshot.all.windows[kHour].refused = 99;
  CHECK(server.analysed().suggestions.empty());
  server.snapshot.all.windows[kHour].refused = 100;
  ErrorStats error;
  error.code = 7;
  error.name = "TOO_LONG";
  error.outcome = RecordOutcome::rejected;
  error.operation = "SEND";
  error.ring = "chat";
  error.count = {90, 90, 90, 90};
  server.snapshot.errors.push_back(error);
  const Analysis analysis = server.analysed();
  const Suggestion* found = suggestion(analysis, "Mend the clients");
  REQUIRE(found != nullptr);
  CHECK(found->evidence ==
        "10 % of 1,000 operations were refused, most often TOO_LONG on SEND (90).");
  CHECK(found->gain == "10 % of the calls would go.");
  server.snapshot.errors[0].name.clear();
  CHECK(mentions(suggestion(server.analysed(), "Mend")->evidence, "most often code 7 on SEND"));
  server.snapshot.errors.clear();
  CHECK(suggestion(server.analysed(), "Mend")->evidence ==
        "10 % of 1,000 operations were refused.");
}

TEST_CASE("Suggestions: lost records, a full set of lanes and unmarked time have one each") {
  Server server;
  server.operation("SEND", 999'000, 1, {{"a", 0.25}, {"b", 0.25}, {"c", 0.2001}});
  server.snapshot.rings[0].losses.while_observed = {1000, 0, 0, 999};
  CHECK(server.analysed().suggestions.empty());
  server.snapshot.rings[0].losses.while_observed[kHour] = 1000;
  LaneView lane;
  lane.ring = "chat";
  lane.lane = 4;
  lane.books = {100'000, 99'500, 500, 0, 0};
  server.snapshot.lanes.push_back(lane);
  lane.lane = 5;
  lane.books = {101'000, 100'400, 600, 0, 0};
  server.snapshot.lanes.push_back(lane);
  lane.ring = "another";
  lane.books.lost = 7000;
  server.snapshot.lanes.push_back(lane);
  const Analysis analysis = server.analysed();
  const Suggestion* lost = suggestion(analysis, "a greater capacity");
  REQUIRE(lost != nullptr);
  CHECK(lost->evidence ==
        "1,000 of 1,000,000 records of the last hour were overwritten unread; since start most "
        "(600) in lane 5 of chat.");
  CHECK(lost->gain == "0.10 % of the records would be seen again.");

  lane.ring = "chat";
  lane.overflow = true;
  lane.books = {2030, 2030, 0, 0, 0};  // just below a hundredth
  server.snapshot.lanes.push_back(lane);
  CHECK(suggestion(server.analysed(), "more lanes") == nullptr);
  server.snapshot.lanes.back().books.written = 2031;
  CHECK(suggestion(server.analysed(), "more lanes")->evidence ==
        "2,031 of 203,031 records of chat went through the shared overflow lane.");

  server.snapshot.operations[0].windows[kHour].stages[2].count = 0;
  CHECK(suggestion(server.analysed(), "Mark more stages")->evidence ==
        "50 % of the time of all operations lies in no stage.");
}

TEST_CASE("Suggestions: the greatest gain comes first, then the surest") {
  Server server;
  server.operation("SEND", 10'000, 1, {{"database", 0.9}});
  server.event(names::kDbTransaction, 500, 100, 500);
  server.snapshot.all.windows[kHour].refused = 5000;
  server.snapshot.rings[0].losses.while_observed[kHour] = 1000;
  const Analysis analysis = server.analysed();
  REQUIRE(analysis.suggestions.size() == 4);
  CHECK(mentions(analysis.suggestions[0].what, "database stage"));
  CHECK(mentions(analysis.suggestions[1].what, "greater capacity"));
  CHECK(mentions(analysis.suggestions[2].what, "roll back"));
  CHECK(analysis.suggestions[2].confidence == Confidence::medium);
  CHECK(mentions(analysis.suggestions[3].what, "Mend the clients"));
}
