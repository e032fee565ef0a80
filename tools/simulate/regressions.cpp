#include "tools/simulate/regressions.h"

#include <algorithm>
#include <ctime>
#include <memory>
#include <mutex>

#include "tools/simulate/minutes.h"
#include "tools/simulate/regression_policy.h"

namespace ringside::simulate {
namespace {

using What = RegressionWord::What;

constexpr const char* kChangePoints = "change_points";
constexpr std::int64_t kHourS = 3'600;
constexpr std::int64_t kPastS = 8 * kDayS;    // before anything is scored
constexpr std::int64_t kAfterS = 6 * kHourS;  // how long a change may take to be found

// How a kind is scored.
enum class Right : std::uint8_t { calm, slower, stage, ended, mix };
struct ChangeKind {
  const char* word;  // on the command line
  const char* name;
  Right right = Right::slower;
  const char* goal = "";
  double goal_minutes = 0;
  double goal_false = -1;
};
constexpr ChangeKind kChangeKinds[] = {
    {"calm", "no change", Right::calm, "1 false a month", 0, 1},
    {"slower", "p50 20 % slower", Right::slower, "in 15 min", 15},
    {"twice", "2x slower", Right::slower, "in 3 min", 3},
    {"stage", "stage 30 %, operation 2 %", Right::stage, "in 60 min", 60},
    {"middling", "20 % slower, middling traffic", Right::slower},
    {"few", "2x slower, few calls", Right::slower},
    {"ended", "30 % slower, then over", Right::ended, "named", 30},
    {"mix_of_calls", "mix of calls", Right::mix, "named"},
    {"mix_of_operations", "mix of operations", Right::mix, "named"},
};

struct Trial {
  std::vector<MinuteOperation> operations;
  std::vector<MinuteChange> changes;
  std::int64_t from = 0;
  std::int64_t until = 0;  // of the change
  std::int64_t end = 0;
  std::string operation;  // that becomes slower; empty: none does
  std::string stage;
};

Trial plan(const ChangeKind& kind, std::size_t number, std::uint64_t seed, double days) {
  Trial trial;
  trial.operations = draw_operations(seed);
  Random random(seed * 31 + number * 1'000'003);
  trial.from = kMondayS + kPastS + static_cast<std::int64_t>(random.between(0, kDayS));
  trial.until = trial.end = trial.from + kAfterS;
  if (kind.right == Right::calm) {
    trial.from = trial.until = kMondayS + kPastS;
    trial.end = trial.from + static_cast<std::int64_t>(days * kDayS);
    return trial;
  }
  MinuteChange change;
  change.from = trial.from;
  change.until = trial.until;
  change.operation = random.below(4);
  const std::string word = kind.word;
  if (word == "slower") change.factor = 1.2;
  if (word == "twice") change.factor = 2;
  if (word == "stage") {
    change.factor = 1.3;
    change.stage = 0;
    trial.stage = trial.operations[change.operation].stages[0].name;
  }
  if (word == "middling") {
    change.factor = 1.2;
    change.operation = 4 + random.below(4);
  }
  if (word == "few") {
    change.factor = 2;
    change.operation = 9 + random.below(3);
  }
  if (kind.right == Right::ended) {
    change.factor = 1.3;
    change.until = trial.until =
        trial.from + static_cast<std::int64_t>(random.between(1, 3) * kHourS);
  }
  if (word == "mix_of_calls") {
    change.operation = 8;
    change.slow_share = trial.operations[8].slow_share + random.between(0.25, 0.4);
  }
  if (word == "mix_of_operations") {
    // From the fastest to the slowest of the busy ones.
    std::size_t fast = 0;
    std::size_t slow = 0;
    for (std::size_t i = 1; i < 4; ++i) {
      if (trial.operations[i].median_ns < trial.operations[fast].median_ns) fast = i;
      if (trial.operations[i].median_ns > trial.operations[slow].median_ns) slow = i;
    }
    MinuteOperation& slower = trial.operations[slow];
    slower.median_ns = std::max(slower.median_ns, 5 * trial.operations[fast].median_ns);
    MinuteChange other = change;
    const double moved = 0.7 * trial.operations[fast].calls_per_minute;
    other.operation = fast;
    other.traffic_factor = 0.3;
    change.operation = slow;
    change.traffic_factor = 1 + moved / trial.operations[slow].calls_per_minute;
    trial.changes.push_back(other);
  }
  if (kind.right != Right::mix) trial.operation = trial.operations[change.operation].name;
  trial.changes.push_back(change);
  return trial;
}

// Judges what one policy said of one trial.
class Judge {
 public:
  Judge(const ChangeKind& kind, const Trial& trial) : kind_(kind), trial_(trial) {}

  void hear(const RegressionWord& word) {
    if (word.wall_s <= kMondayS + kPastS) return;
    const bool ours = kind_.right != Right::calm && word.operation == trial_.operation &&
                      !trial_.operation.empty() && word.wall_s > trial_.from &&
                      word.wall_s <= trial_.until + kHourS;
    if (word.what == What::slower) {
      if (!ours || (kind_.right == Right::stage && word.stage != trial_.stage)) {
        ++false_words_;
      } else if (found_ == 0) {
        found_ = word.wall_s;
      } else if (over_ != 0) {
        again_ = true;
      }
    }
    if (word.what == What::over && ours && found_ != 0) over_ = word.wall_s;
    if (word.what == What::mix && kind_.right == Right::mix && word.wall_s > trial_.from &&
        mix_ == 0)
      mix_ = word.wall_s;
  }

  void score(RegressionScore& score) const {
    score.false_words += false_words_;
    score.operation_months += static_cast<double>(trial_.operations.size()) *
                              static_cast<double>(trial_.end - kMondayS - kPastS) / (30 * kDayS);
    if (kind_.right == Right::calm) return;
    ++score.changes;
    const std::int64_t found = kind_.right == Right::mix ? mix_ : found_;
    if (found != 0) {
      ++score.found;
      score.minutes.push_back(static_cast<double>(found - trial_.from) / 60);
    }
    score.named += std::uint64_t{named()};
  }

 private:
  bool named() const {
    switch (kind_.right) {
      case Right::calm: return true;
      // Over, while it lasts, is wrong.
      case Right::slower:
      case Right::stage: return found_ != 0 && over_ == 0;
      case Right::ended: return found_ != 0 && over_ > trial_.until && !again_;
      case Right::mix: return mix_ != 0 && false_words_ == 0;
    }
    return false;
  }
  const ChangeKind& kind_;
  const Trial& trial_;
  std::int64_t found_ = 0;
  std::int64_t over_ = 0;
  std::int64_t mix_ = 0;
  std::uint64_t false_words_ = 0;
  bool again_ = false;
};

std::array<std::unique_ptr<RegressionPolicy>, kRegressionPolicies> make_all() {
  return {make_regression_ours(), make_regression_means(), make_regression_t_test()};
}

}  // namespace

std::vector<std::string> regression_words() {
  std::vector<std::string> words;
  for (const ChangeKind& kind : kChangeKinds) words.emplace_back(kind.word);
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
  for (std::size_t number = 0; number < std::size(kChangeKinds); ++number) {
    const ChangeKind& kind = kChangeKinds[number];
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
    const ChangeKind& kind = kChangeKinds[number];
    const std::uint64_t seed = scenario_seed(corpus, run % corpus.seeds);
    const Trial trial = plan(kind, number, seed, corpus.days);
    Minutes minutes(seed * 131 + number, trial.operations, trial.changes);
    auto policies = make_all();
    std::vector<Judge> judges(kRegressionPolicies, Judge(kind, trial));
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
