// The corpus of regressions: months without a change, and days with one, as minutes of history
// (minutes.h). Scores ours and two rivals on the same minutes.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tools/simulate/change_point_trials.h"
#include "tools/simulate/run.h"

namespace ringside::simulate {

inline constexpr std::size_t kRegressionPolicies = 3;

// A kind of change over all seeds, for one policy.
struct RegressionScore {
  std::uint64_t changes = 0;
  std::uint64_t found = 0;
  std::uint64_t named = 0;        // right: operation, stage, that it ended, that it is a mix
  std::vector<double> minutes;    // from the change until it was found
  std::uint64_t false_words = 0;  // "slower" of what did not become slower
  double operation_months = 0;    // of 30 days, over which these were counted
  double false_per_month() const {
    return operation_months > 0 ? static_cast<double>(false_words) / operation_months : 0;
  }
};
struct RegressionRow {
  std::string kind;
  std::string goal;         // in words; empty: none
  double goal_minutes = 0;  // all must be found within
  bool must_name = false;   // all must be named right
  double goal_false = -1;   // at most so many a month and operation
  std::array<RegressionScore, kRegressionPolicies> scores;
};
struct RegressionReport {
  std::array<std::string, kRegressionPolicies> policies;
  std::vector<RegressionRow> rows;
  std::vector<ChangePointRow> change_points;
  double simulated_days = 0;
  double seconds = 0;  // of processor time
};

// What corpus.only may hold, for the rows of the table.
std::vector<std::string> regression_words();
// corpus.days: of each month without a change.
RegressionReport run_regressions(const Corpus& corpus, unsigned jobs);

// The table, and what was missed of the goals.
struct RegressionTable {
  std::string text;
  bool good = true;
};
RegressionTable regression_table(const Corpus& corpus, const RegressionReport& report);

}  // namespace ringside::simulate
