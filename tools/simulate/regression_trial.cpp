#include "tools/simulate/regression_trial.h"

#include <algorithm>
#include <cmath>

#include "tools/simulate/random.h"

namespace ringside::simulate {
namespace {

constexpr std::int64_t kHourS = 3'600;
constexpr std::int64_t kAfterS = 6 * kHourS;  // how long a change may take to be found
constexpr std::int64_t kQueuesDrainS = 180;
constexpr double kRestlessMood = 0.3;
constexpr double kFewCalls = 0.02;  // of the others' traffic
constexpr double kLeastMixRise = 1.2;

// Most of the calls of the fastest of the busy operations become calls of the slowest. That one has
// so few calls and is so slow that the mean over all rises by a fifth: what rises by less than a
// tenth is no finding.
void move_traffic(RegressionTrial& trial, MinuteChange change) {
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
  slower.calls_per_minute = std::min(slower.calls_per_minute, 2 * moved);
  other.operation = fast;
  other.traffic_factor = 0.3;
  change.operation = slow;
  change.traffic_factor = 1 + moved / slower.calls_per_minute;
  const auto rise = [&] {
    std::vector<MinuteOperation> after = trial.operations;
    after[fast].calls_per_minute *= other.traffic_factor;
    after[slow].calls_per_minute *= change.traffic_factor;
    return mean_over_all(after) / mean_over_all(trial.operations);
  };
  for (int i = 0; i < 20 && rise() < kLeastMixRise; ++i) slower.median_ns *= 1.2;
  trial.changes = {other, change};
}

}  // namespace

const std::vector<ChangeKind>& change_kinds() {
  static const std::vector<ChangeKind> kKinds = {
      {"calm", "no change", Right::calm, "1 false a month", 0, 1},
      {"slower", "p50 20 % slower", Right::slower, "in 15 min", 15},
      {"twice", "2x slower", Right::slower, "in 3 min", 3},
      {"stage", "stage 30 %, operation 2 %", Right::stage, "in 60 min", 60},
      {"middling", "20 % slower, middling traffic", Right::slower},
      {"few", "2x slower, few calls", Right::slower},
      {"ended", "30 % slower, then over", Right::ended, "named", 30},
      {"mix_of_calls", "mix of calls", Right::mix, "named"},
      {"mix_of_operations", "mix of operations", Right::mix, "named"},
      {"restless", "no change, restless server", Right::calm, "1 false a month", 0, 1},
      {"restless_few", "the same, few calls", Right::calm, "1 false a month", 0, 1},
  };
  return kKinds;
}

double mean_over_all(const std::vector<MinuteOperation>& operations) {
  double calls = 0;
  double ns = 0;
  for (const MinuteOperation& one : operations) {
    const double kinds = 1 + one.slow_share * (one.slow_factor - 1);
    calls += one.calls_per_minute;
    ns += one.calls_per_minute * one.median_ns * std::exp(one.sigma * one.sigma / 2) * kinds;
  }
  return ns / calls;
}

RegressionTrial plan_trial(std::size_t number, std::uint64_t seed, double days) {
  const ChangeKind& kind = change_kinds()[number];
  RegressionTrial trial;
  trial.operations = draw_operations(seed);
  Random random(seed * 31 + number * 1'000'003);
  trial.from = kMondayS + kPastS + static_cast<std::int64_t>(random.between(0, kDayS));
  trial.until = trial.end = trial.from + kAfterS;
  if (kind.right == Right::calm) {
    trial.from = trial.until = kMondayS + kPastS;
    trial.end = trial.from + static_cast<std::int64_t>(days * kDayS);
    if (std::string(kind.word).starts_with("restless")) trial.habits.mood = kRestlessMood;
    if (std::string(kind.word) == "restless_few") {
      for (MinuteOperation& one : trial.operations) one.calls_per_minute *= kFewCalls;
    }
    return trial;
  }
  if (kind.goal_minutes > 0)
    trial.habits.calm = {trial.from - kQueuesDrainS,
                         trial.from + static_cast<std::int64_t>(kind.goal_minutes * kMinuteS)};
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
    trial.mixed = trial.operations[8].name;
  }
  if (word == "mix_of_operations") {
    move_traffic(trial, change);
  } else {
    trial.changes.push_back(change);
  }
  if (kind.right != Right::mix) trial.operation = trial.operations[change.operation].name;
  for (const MinuteChange& one : trial.changes)
    trial.touched.insert(trial.operations[one.operation].name);
  return trial;
}

void RegressionJudge::hear(const RegressionWord& word) {
  if (word.wall_s <= kMondayS + kPastS) return;
  const bool ours = right_ != Right::calm && word.operation == trial_.operation &&
                    !trial_.operation.empty() && within(word);
  if (word.what == RegressionWord::What::slower) {
    if (!ours || (right_ == Right::stage && word.stage != trial_.stage)) {
      ++false_words_;
      if (within(word) && trial_.touched.count(word.operation) != 0) wrong_ = true;
    } else if (found_ == 0) {
      found_ = word.wall_s;
    } else if (over_ != 0) {
      again_ = true;
    }
  }
  if (word.what == RegressionWord::What::over && ours && found_ != 0) over_ = word.wall_s;
  if (word.what == RegressionWord::What::mix && right_ == Right::mix && within(word) &&
      word.operation == trial_.mixed && mix_ == 0)
    mix_ = word.wall_s;
}

void RegressionJudge::score(RegressionScore& score) const {
  score.false_words += false_words_;
  score.operation_months += static_cast<double>(trial_.operations.size()) *
                            static_cast<double>(trial_.end - kMondayS - kPastS) / (30 * kDayS);
  if (right_ == Right::calm) return;
  ++score.changes;
  const std::int64_t found = right_ == Right::mix ? mix_ : found_;
  if (found != 0) {
    ++score.found;
    score.minutes.push_back(static_cast<double>(found - trial_.from) / 60);
  }
  score.named += std::uint64_t{named()};
}

bool RegressionJudge::within(const RegressionWord& word) const {
  return word.wall_s > trial_.from && word.wall_s <= trial_.until + kHourS;
}
bool RegressionJudge::named() const {
  switch (right_) {
    case Right::calm: return true;
    // Over, while it lasts, is wrong.
    case Right::slower:
    case Right::stage: return found_ != 0 && over_ == 0;
    case Right::ended: return found_ != 0 && over_ > trial_.until && !again_;
    // "Slower" of what only got other calls is wrong. Of anything else it is a false regression.
    case Right::mix: return mix_ != 0 && !wrong_;
  }
  return false;
}

}  // namespace ringside::simulate
