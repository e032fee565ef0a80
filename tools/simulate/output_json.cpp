#include <nlohmann/json.hpp>

#include "tools/simulate/output.h"

namespace ringside::simulate {
namespace {

nlohmann::ordered_json to_json(const IncidentScore& incident) {
  nlohmann::ordered_json out = {{"kind", incident.kind},
                                {"seed", incident.seed},
                                {"hard", incident.hard},
                                {"found", incident.found},
                                {"lines", incident.lines}};
  if (!incident.found) return out;
  out["detect_s"] = incident.detect_s;
  out["after_tick_s"] = incident.after_tick_s;
  if (incident.reset_s) {
    out["reset_s"] = *incident.reset_s;
  } else {
    out["reset_s"] = nullptr;
  }
  out["level"] = ringside::name_of(incident.level);
  out["level_right"] = incident.level_right;
  out["named"] = ringside::name_of(incident.named);
  out["operation"] = incident.named_operation;
  out["cause_right"] = incident.cause_right;
  return out;
}

}  // namespace

std::string to_json(const Corpus& corpus, const CorpusReport& report) {
  nlohmann::ordered_json out = {{"held_back", corpus.held_back},
                                {"first_seed", scenario_seed(corpus, 0)},
                                {"seeds", corpus.seeds},
                                {"days", corpus.days},
                                {"scenarios", report.scenarios},
                                {"kinds", report.kinds},
                                {"policies", nlohmann::ordered_json::array()}};
  for (std::size_t p = 0; p < report.policies.size(); ++p) {
    const Score& score = report.scores[p];
    nlohmann::ordered_json policy = {
        {"name", report.policies[p]},          {"recall", score.recall()},
        {"precision", score.precision()},      {"cause_right", score.cause_right()},
        {"level_right", score.level_right()},  {"calm_days", score.calm_days},
        {"calm_alarms", score.calm_alarms},    {"calm_lines", score.calm_lines},
        {"false_alarms", score.false_by_name}, {"incidents", nlohmann::ordered_json::array()}};
    for (const IncidentScore& incident : score.incidents)
      policy["incidents"].push_back(to_json(incident));
    out["policies"].push_back(std::move(policy));
  }
  out["held"] = nlohmann::ordered_json::array();
  for (const Growth& one : report.growths) {
    nlohmann::ordered_json days = nlohmann::ordered_json::array();
    for (const Held& day : one.days)
      days.push_back({{"metrics_bytes", day.metrics_bytes}, {"state_bytes", day.state_bytes}});
    out["held"].push_back({{"kind", one.kind}, {"seed", one.seed}, {"days", std::move(days)}});
  }
  const Cost& cost = report.cost;
  out["cost"] = {
      {"ticks", cost.ticks},     {"requests", cost.requests}, {"simulated_s", cost.simulated_s},
      {"cpu_s", cost.total_s()}, {"world_s", cost.world_s},   {"snapshot_s", cost.snapshot_s}};
  return out.dump(2) + "\n";
}

}  // namespace ringside::simulate
