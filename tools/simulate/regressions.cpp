#include "tools/simulate/regressions.h"

#include <algorithm>
#include <ctime>
#include <memory>
#include <mutex>

#include "tools/simulate/minutes.h"
#include "tools/simulate/regression_policy.h"
#include "tools/simulate/regression_trial.h"

namespace ringside::simulate {
namespace {

constexpr const char* kChangePoints = "change_points";

std::array<std::unique_ptr<RegressionPolicy>, kRegressionPolicies> make_all() {
  return {make_regression_ours(), make_regression_means(), make_regression_t_test()};
}

}  // namespace

std::vector<std::string> regression_words() {
  std::vector<std::string> words;
  for (const ChangeKind& kind : change_kinds()) words.emplace_back(kind.word);
  words.emplace_back(kChangePoints);
  return words;
}

RegressionReport run_regressions(const Corpus& corpus, unsigned jobs) {
  RegressionReport report;
  const auto wanted = [&](const std::string& word) {
    return corpus.only.empty() ||
           std::find(corpus.only.begin(), corpus.only.end(), word) != corpus.only.end();
  };
  std::vector<std::size_t> numbers;
  for (std::size_t number = 0; number < change_kinds().size(); ++number) {
    const ChangeKind& kind = change_kinds()[number];
    if (!wanted(kind.word)) continue;
    numbers.push_back(number);
    RegressionRow row;
    row.kind = kind.name;
    row.goal = kind.goal;
    row.goal_minutes = kind.goal_minutes;
    row.goal_false = kind.goal_false;
    row.must_name = std::string(kind.goal) == "named";
    report.rows.push_back(std::move(row));
  }
  const auto names = make_all();
  for (std::size_t i = 0; i < names.size(); ++i) report.policies[i] = names[i]->name();

  std::mutex mutex;
  const std::clock_t begin = std::clock();
  run_each(numbers.size() * corpus.seeds, jobs, [&](std::size_t run) {
    const std::size_t row = run / corpus.seeds;
    const std::size_t number = numbers[row];
    const ChangeKind& kind = change_kinds()[number];
    const std::uint64_t seed = scenario_seed(corpus, run % corpus.seeds);
    const RegressionTrial trial = plan_trial(number, seed, corpus.days);
    Minutes minutes(seed * 131 + number, trial.operations, trial.changes, trial.habits);
    auto policies = make_all();
    std::vector<RegressionJudge> judges(kRegressionPolicies, RegressionJudge(kind.right, trial));
    std::int64_t simulated = 0;
    while (minutes.wall_s() + kMinuteS < trial.end) {
      const std::vector<HistorySeries>& batch = minutes.next();
      ++simulated;
      for (std::size_t i = 0; i < policies.size(); ++i) {
        for (const RegressionWord& word : policies[i]->minute(minutes.wall_s(), batch))
          judges[i].hear(word);
      }
    }
    const std::lock_guard<std::mutex> lock(mutex);
    report.simulated_days += static_cast<double>(simulated) / 1'440;
    for (std::size_t i = 0; i < policies.size(); ++i) judges[i].score(report.rows[row].scores[i]);
  });
  if (wanted(kChangePoints)) report.change_points = run_change_points(corpus, jobs);
  report.seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  return report;
}

}  // namespace ringside::simulate
