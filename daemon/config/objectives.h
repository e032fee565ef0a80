// Objectives: which share of calls must be good, and when it is burnt too fast.
//
// A budget is the share of calls that may be bad (0.1 % with a target of 99.9 %), of all calls of
// 30 days. A burn of 1 uses it up in just these 30 days. An alert is raised when the burn of a long
// window and of a short one are both over a factor: the long one proves that it matters, the short
// one that it goes on. (Google, The Site Reliability Workbook, 2018, chapter 5, 'Alerting on SLOs',
// method 6.)
//
//   factor  long  short   budget used by then   level
//   14.4    1 h   5 min    2 %                  critical
//   6       6 h   30 min   5 %                  critical
//   3       1 d   2 h     10 %                  warning
//   1       3 d   6 h     10 %                  warning
//
// No burn is greater than 1 / (1 - target): with a target of 90 %, calls that all fail are a burn
// of 10. So beside the burn there is an absolute limit, `failing_percent` of all calls over
// `failing_for`. It raises a critical alert whatever the target is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "daemon/config/units.h"
#include "report/model/alerts.h"

namespace ringside {

enum class ObjectiveKind : std::uint8_t { errors, latency };

// A table [[objectives]].
struct ObjectiveConfig {
  std::string name;
  std::string kind;                     // "errors" or "latency"
  double target_percent = 0;            // of the calls that are good
  std::int64_t response_ns = 0;         // latency: a call that takes longer is bad
  std::string ring;                     // empty: all rings together
  std::vector<std::string> operations;  // patterns; empty: all that don't wait for their client
  double failing_percent = 50;          // 0: no absolute limit
  std::int64_t failing_for_ns = 10 * kMinute;
  std::uint64_t least_bad = 10;

  ObjectiveKind kind_of() const {
    return kind == "latency" ? ObjectiveKind::latency : ObjectiveKind::errors;
  }
  // The share of calls that may be bad.
  double allowed() const { return 1 - target_percent / 100; }
  // What is counted. Counts of another definition are of no use.
  std::string definition() const;
  friend bool operator==(const ObjectiveConfig&, const ObjectiveConfig&) = default;
};
inline constexpr std::size_t kMostObjectives = 16;

// Good and bad calls are counted in slots of this length.
inline constexpr std::int64_t kSloSlotNs = 5 * kMinute;
inline constexpr std::size_t kSloSlots = 8640;  // 30 days
// No limit lies above this share. Confidence in a share is never full, so a higher limit could not
// be passed.
inline constexpr double kMostSloLimit = 0.95;

// One limit, over two windows at once.
struct BurnRule {
  double factor = 0;  // of the budget; the absolute limit's follows from the target
  std::size_t long_slots = 0, short_slots = 0;
  AlertLevel level = AlertLevel::warning;
  bool absolute = false;

  // The share of bad calls that it begins at.
  double limit(const ObjectiveConfig& objective) const { return factor * objective.allowed(); }
};
inline constexpr BurnRule kBurnRules[] = {{14.4, 12, 1, AlertLevel::critical},
                                          {6, 72, 6, AlertLevel::critical},
                                          {3, 288, 24, AlertLevel::warning},
                                          {1, 864, 72, AlertLevel::warning}};

// Whether calls that nearly all are bad pass the limit.
bool can_fire(const BurnRule& rule, const ObjectiveConfig& objective);
// Those of an objective that can fire, the absolute one last.
std::vector<BurnRule> burn_rules(const ObjectiveConfig& objective);
// Why an objective can't be as it is configured: what is wrong, the key, and what to do. Empty
// `what`: it can.
struct ObjectiveFault {
  std::string key, what, next;
};
ObjectiveFault fault_of(const ObjectiveConfig& objective);

}  // namespace ringside
