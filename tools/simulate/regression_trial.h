// One trial of the corpus of regressions: what changes when, and what is right to say of it.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "tools/simulate/minutes.h"
#include "tools/simulate/regression_policy.h"
#include "tools/simulate/regressions.h"

namespace ringside::simulate {

inline constexpr std::int64_t kPastS = 8 * kDayS;  // before anything is scored

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
// All of them. A kind's place is part of what its trials are drawn from.
const std::vector<ChangeKind>& change_kinds();

struct RegressionTrial {
  std::vector<MinuteOperation> operations;
  std::vector<MinuteChange> changes;
  std::int64_t from = 0;
  std::int64_t until = 0;  // of the change
  std::int64_t end = 0;
  std::string operation;  // that becomes slower; empty: none does
  std::string stage;
  std::string mixed;              // whose calls are another mix; empty: those of the ring
  std::set<std::string> touched;  // by the change
  // While a goal runs there is no burst of traffic: a ring under one is not compared, by design.
  MinuteHabits habits;
};
// `number` is the kind's place in change_kinds(), `days` the length of a trial without a change.
RegressionTrial plan_trial(std::size_t number, std::uint64_t seed, double days);

// The mean time of a call over all operations at their peaks, in nanoseconds.
double mean_over_all(const std::vector<MinuteOperation>& operations);

// Judges what one policy said of one trial.
class RegressionJudge {
 public:
  RegressionJudge(Right right, const RegressionTrial& trial) : right_(right), trial_(trial) {}
  void hear(const RegressionWord& word);
  // Adds this trial.
  void score(RegressionScore& score) const;

 private:
  bool within(const RegressionWord& word) const;
  bool named() const;

  Right right_;
  const RegressionTrial& trial_;
  std::int64_t found_ = 0;
  std::int64_t over_ = 0;
  std::int64_t mix_ = 0;
  std::uint64_t false_words_ = 0;
  bool again_ = false;
  bool wrong_ = false;
};

}  // namespace ringside::simulate
