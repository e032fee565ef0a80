// The table of regressions, as the command prints it.
#include "tools/simulate/regressions.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/support/program.h"

using namespace ringside::simulate;
using ringside::test::ProgramEnd;
using ringside::test::run_program;

namespace {

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
