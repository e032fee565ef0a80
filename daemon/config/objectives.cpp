#include "daemon/config/objectives.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ringside {
namespace {

// "93.1", rounded up to what the limit allows.
std::string least_target(double factor) {
  return write_number(std::ceil((1 - kMostSloLimit / factor) * 1000) / 10);
}

std::string percent(double share) { return write_number(std::round(share * 1000) / 10) + " %"; }

}  // namespace

std::string ObjectiveConfig::definition() const {
  std::string out = kind + '\n' + ring + '\n' + write_duration(response_ns);
  for (const std::string& pattern : operations) out += '\n' + pattern;
  return out;
}

bool can_fire(const BurnRule& rule, const ObjectiveConfig& objective) {
  return rule.limit(objective) <= kMostSloLimit;
}

std::vector<BurnRule> burn_rules(const ObjectiveConfig& objective) {
  std::vector<BurnRule> rules;
  for (const BurnRule& rule : kBurnRules) {
    if (can_fire(rule, objective)) rules.push_back(rule);
  }
  if (objective.failing_percent > 0) {
    const auto slots =
        static_cast<std::size_t>((objective.failing_for_ns + kSloSlotNs - 1) / kSloSlotNs);
    rules.push_back({objective.failing_percent / 100 / objective.allowed(), slots, 1,
                     AlertLevel::critical, true});
  }
  return rules;
}

ObjectiveFault fault_of(const ObjectiveConfig& objective) {
  const bool latency = objective.kind_of() == ObjectiveKind::latency;
  if (latency && objective.response_ns == 0) {
    return {"response_time", "found none, needed with kind = \"latency\"",
            "for instance response_time = \"500ms\": a call that takes longer is bad"};
  }
  if (!latency && objective.response_ns != 0) {
    return {"response_time",
            "found it with kind = \"errors\", allowed: only with kind = \"latency\"",
            "remove it, or change the kind"};
  }
  const double allowed = objective.allowed();
  if (objective.failing_percent > 0) {
    if (objective.failing_percent / 100 > allowed) return {};
    return {
        "failing_percent",
        fmt::format("found {} with target_percent = {}: the target itself lets {} of the calls "
                    "be bad, allowed: more than {}, or 0",
                    write_number(objective.failing_percent), write_number(objective.target_percent),
                    percent(allowed), write_number(std::round(allowed * 1000) / 10)),
        "raise failing_percent, or the target"};
  }
  for (const BurnRule& rule : kBurnRules) {
    if (can_fire(rule, objective)) continue;
    return {
        "target_percent",
        fmt::format(
            "found {} with failing_percent = 0: {} times the allowed {} is {} of the calls, so "
            "the alert on a burn of {} could never fire, allowed: {} or more",
            write_number(objective.target_percent), write_number(rule.factor), percent(allowed),
            percent(rule.limit(objective)), write_number(rule.factor), least_target(rule.factor)),
        "raise the target, or set failing_percent: it stands in for the burn that can't be"};
  }
  return {};
}

}  // namespace ringside
