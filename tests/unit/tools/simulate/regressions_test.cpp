// The table of regressions, as the command prints it.
#include "tools/simulate/regressions.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/support/program.h"
#include "tools/simulate/regression_trial.h"

using namespace ringside::simulate;
using ringside::test::ProgramEnd;
using ringside::test::run_program;

namespace {

using What = RegressionWord::What;

std::size_t number_of(const std::string& word) {
  std::size_t number = 0;
  while (word != change_kinds().at(number).word) ++number;
  return number;
}

RegressionScore score_of(const RegressionTrial& trial, const std::vector<RegressionWord>& words) {
  RegressionJudge judge(Right::mix, trial);
  for (const RegressionWord& word : words) judge.hear(word);
  RegressionScore score;
  judge.score(score);
  return score;
}

// Without its first line, which says what it cost.
std::string body(const std::string& text) { return text.substr(text.find('\n')); }

}  // namespace

TEST_CASE("SimulateRegressions: the command prints the table, the same for any number of threads") {
  Corpus corpus;
  corpus.seeds = 1;
  corpus.days = 0.5;
  corpus.only = {"calm", "twice"};
  const RegressionReport report = run_regressions(corpus, 1);
  REQUIRE(report.rows.size() == 2);
  for (const RegressionScore& score : report.rows[1].scores) CHECK(score.changes == 1);
  CHECK(report.rows[1].scores[0].found == 1);
  CHECK(report.change_points.empty());
  CHECK(report.rows[0].scores[0].operation_months == doctest::Approx(0.5 * 12 / 30));
  const RegressionTable table = regression_table(corpus, report);
  const ProgramEnd ended =
      run_program(RINGSIDE_SIMULATE,
                  "--regressions --only calm --only twice --seeds 1 --days 0.5 "
                  "--jobs 2");
  INFO(ended.output);
  CHECK(body(ended.output) == body(table.text));
  CHECK(ended.code == (table.good ? 0 : 1));
}

TEST_CASE("SimulateRegressions: traffic that moves makes the mean over all longer by a fifth") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    INFO("seed ", seed);
    const RegressionTrial trial = plan_trial(number_of("mix_of_operations"), seed, 1);
    std::vector<MinuteOperation> after = trial.operations;
    for (const MinuteChange& change : trial.changes)
      after[change.operation].calls_per_minute *= change.traffic_factor;
    CHECK(mean_over_all(after) >= 1.2 * mean_over_all(trial.operations));
    CHECK(trial.touched.size() == 2);
  }
}

TEST_CASE("SimulateRegressions: while a goal runs there is no burst") {
  const RegressionTrial twice = plan_trial(number_of("twice"), 4, 1);
  CHECK(twice.habits.calm.from == twice.from - 180);
  CHECK(twice.habits.calm.until == twice.from + 3 * 60);
  CHECK(plan_trial(number_of("few"), 4, 1).habits.calm.until == 0);
}

TEST_CASE("SimulateRegressions: a mix is named right by what is said of what it touched") {
  const RegressionTrial moved = plan_trial(number_of("mix_of_operations"), 2, 1);
  const RegressionTrial calls = plan_trial(number_of("mix_of_calls"), 2, 1);
  const std::int64_t at = moved.from + 600;
  const RegressionWord mix{at, What::mix, "", ""};
  CHECK(score_of(moved, {mix}).named == 1);
  CHECK(score_of(moved, {}).named == 0);
  // Of another operation, or before: a false regression, which that column counts.
  const RegressionScore other = score_of(moved, {mix, {at, What::slower, "rare_0", ""}});
  CHECK(other.named == 1);
  CHECK(other.false_words == 1);
  const std::string touched = *moved.touched.begin();
  CHECK(score_of(moved, {{moved.from - 60, What::slower, touched, ""}, mix}).named == 1);
  // Of what only got other calls, while it lasts: the wrong name.
  CHECK(score_of(moved, {mix, {at + 60, What::slower, touched, ""}}).named == 0);
  // A mix of something else is not this one.
  CHECK(score_of(moved, {{at, What::mix, "busy_0", ""}}).found == 0);
  const std::int64_t then = calls.from + 600;
  CHECK(score_of(calls, {{then, What::mix, "", ""}}).found == 0);
  CHECK(score_of(calls, {{then, What::mix, "two_kinds_0", ""}}).named == 1);
}

TEST_CASE("SimulateRegressions: change points are found as well as they can be") {
  Corpus corpus;
  corpus.seeds = 3;
  const auto rows = run_change_points(corpus, 1);
  REQUIRE(rows.size() == 5);
  for (const ChangePointRow& row : rows) {
    INFO(row.kind);
    CHECK(row.found == row.changes);
    CHECK(row.within_one + 3 >= row.best_within_one);
    CHECK(row.false_points * 1'000 <= row.points);
  }
}

TEST_CASE("SimulateRegressions: a missed goal is said, and fails") {
  RegressionReport report;
  RegressionRow calm;
  calm.kind = "no change";
  calm.goal_false = 1;
  calm.scores[0].operation_months = 2;
  calm.scores[0].false_words = 2;
  RegressionRow slow;
  slow.kind = "2x slower";
  slow.goal_minutes = 3;
  slow.must_name = true;
  slow.scores[0].changes = slow.scores[0].found = slow.scores[0].named = 2;
  slow.scores[0].minutes = {1.5, 3};
  report.rows = {calm, slow};
  const RegressionTable good = regression_table({}, report);
  CHECK(good.good);
  CHECK(good.text.find("all goals met") != std::string::npos);
  report.rows[0].scores[0].false_words = 3;
  report.rows[1].scores[0].minutes = {1.5, 3.1};
  report.rows[1].scores[0].named = 1;
  const RegressionTable bad = regression_table({}, report);
  CHECK_FALSE(bad.good);
  CHECK(
      bad.text.find("missed: no change: 1.50 false regressions per operation and month, goal 1") !=
      std::string::npos);
  CHECK(bad.text.find("missed: 2x slower: 1 of 2 found within 3 min") != std::string::npos);
  CHECK(bad.text.find("missed: 2x slower: 1 of 2 named right") != std::string::npos);
}

TEST_CASE("SimulateRegressions: change points have their goal, too") {
  RegressionReport report;
  ChangePointRow row;
  row.kind = "daily";
  row.changes = 200;
  row.within_one = 90;
  row.best_within_one = 100;
  row.false_points = 2;
  row.points = 2000;
  report.change_points = {row};
  CHECK(regression_table({}, report).good);
  report.change_points[0].within_one = 89;
  CHECK(regression_table({}, report).text.find("missed: daily: 89 of 200 within one slot") !=
        std::string::npos);
  report.change_points[0].within_one = 90;
  report.change_points[0].false_points = 3;
  CHECK(regression_table({}, report).text.find("missed: daily: 3 false change points of 2000") !=
        std::string::npos);
}
