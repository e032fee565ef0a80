// Holds the lines of a policy against what is known of a scenario.
//
// Lines of one group are one alarm: it begins with its first line that is `raised`. An alarm that
// begins between an incident's beginning and 15 s after its aftermath belongs to the incident. Any
// other alarm is a false one: also one that begins when all is over.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tools/simulate/policy.h"
#include "tools/simulate/scenario.h"

namespace ringside::simulate {

inline constexpr Ns kLate = 15 * kSecondNs;

struct IncidentScore {
  std::string kind;
  std::uint64_t seed = 0;
  bool hard = false;
  bool found = false;
  double detect_s = 0;            // from its beginning; if found
  double after_tick_s = 0;        // the same, from the first tick after its beginning
  std::optional<double> reset_s;  // from its end until its last alarm is resolved; may be < 0
  std::uint64_t lines = 0;        // until all of it is resolved
  AlertLevel level{};             // the highest reached
  bool level_right = false;       // at least what it should
  bool cause_right = false;
  AlertType named{};  // the cause that an operator would read
  std::string named_operation;
};

struct Score {
  std::vector<IncidentScore> incidents;
  std::uint64_t alarms = 0;        // in scenarios with incidents
  std::uint64_t false_alarms = 0;  // of these
  std::uint64_t calm_alarms = 0;   // in calm scenarios, all of them false
  std::uint64_t calm_lines = 0;
  double calm_days = 0;
  // False alarms by alert and operation, for who tunes.
  std::map<std::string, std::uint64_t> false_by_name;

  double recall() const;
  double precision() const;
  double cause_right() const;  // of those found
  double level_right() const;
  double false_per_calm_day() const;
};

// Adds one scenario's lines, which are in the order of time. It is looked for trouble each `tick`
// from its beginning on.
void add_score(Score& score, const Scenario& scenario, const std::vector<Line>& lines, Ns tick);
void merge(Score& to, const Score& from);

// The nearest-rank quantile, 0 when there is none.
double quantile(std::vector<double> values, double q);

}  // namespace ringside::simulate
