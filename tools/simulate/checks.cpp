#include "tools/simulate/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "report/model/format.h"

namespace ringside::simulate {
namespace {

Policies only_ours(const Config& config) {
  Policies policies;
  policies.push_back(make_ours(config));
  return policies;
}

std::uint64_t most(const std::vector<std::uint64_t>& values, std::size_t from, std::size_t to) {
  return *std::max_element(values.begin() + static_cast<std::ptrdiff_t>(from),
                           values.begin() + static_cast<std::ptrdiff_t>(to));
}

}  // namespace

Check check_calm(const Corpus& corpus, const Config& config, unsigned jobs) {
  std::vector<Scenario> scenarios;
  for (Scenario& scenario : scenarios_of(corpus)) {
    if (scenario.calm()) scenarios.push_back(std::move(scenario));
  }
  std::vector<Score> scores(scenarios.size());
  run_each(scenarios.size(), jobs, [&](std::size_t i) {
    Policies policies = only_ours(config);
    const Run run = run_scenario(scenarios[i], config, policies);
    add_score(scores[i], scenarios[i], run.lines[0], look_interval(config));
  });

  struct Sum {
    double days = 0;
    std::uint64_t alarms = 0;
  };
  std::map<std::uint64_t, Sum> by_seed;
  Score all;
  for (std::size_t i = 0; i < scenarios.size(); ++i) {
    Sum& sum = by_seed[scenarios[i].seed];
    sum.days += scores[i].calm_days;
    sum.alarms += scores[i].calm_alarms;
    merge(all, scores[i]);
  }
  Check check;
  check.text = "  seed  calm days  false alarms\n";
  for (const auto& [seed, sum] : by_seed)
    check.text += fmt::format("{:>6}  {:>9.1f}  {:>12}\n", seed, sum.days, sum.alarms);
  check.text += fmt::format("   all  {:>9.1f}  {:>12}\n", all.calm_days, all.calm_alarms);
  for (const auto& [name, count] : all.false_by_name)
    check.text += fmt::format("  {}: {}\n", name, count);
  check.good = all.calm_alarms == 0 && all.calm_days > 0;
  return check;
}

bool grows(const std::vector<std::uint64_t>& days) {
  const std::size_t quarter = days.size() / 4;
  if (quarter == 0) return false;
  const std::uint64_t before = most(days, quarter, 2 * quarter);
  const std::uint64_t after = most(days, days.size() - quarter, days.size());
  return after > before + before / 10 && after > before + 64 * 1024;
}

Check check_month(const Corpus& corpus, const Config& config,
                  const std::function<void(const std::string&)>& told) {
  const Scenario scenario = scenario_kind("eventful")->make(scenario_seed(corpus, 0), corpus.days);
  std::vector<std::uint64_t> heap, metrics, state;
  told("   day       heap    metrics      state   lines\n");
  std::uint64_t lines = 0;
  Policies policies = only_ours(config);
  const Run run = run_scenario(
      scenario, config, policies, [&](std::size_t, const Line&) { ++lines; },
      [&](const Held& held) {
        heap.push_back(held.heap_bytes);
        metrics.push_back(held.metrics_bytes);
        state.push_back(held.state_bytes);
        told(fmt::format("{:>6} {:>10} {:>10} {:>10} {:>7}\n", heap.size(),
                         format_bytes(held.heap_bytes), format_bytes(held.metrics_bytes),
                         format_bytes(held.state_bytes), lines));
      });
  Check check;
  const std::pair<const char*, const std::vector<std::uint64_t>*> all[] = {
      {"the heap", &heap}, {"the metrics", &metrics}, {"the state", &state}};
  check.good = heap.size() >= 4;
  for (const auto& [name, days] : all) {
    const bool grown = grows(*days);
    check.text += fmt::format("  {} {}\n", name, grown ? "grows" : "is flat");
    if (grown) check.good = false;
  }
  check.text += fmt::format("  {} incidents, {} evaluations, {:.0f} s of processor time\n",
                            scenario.incidents.size(), run.cost.ticks, run.cost.total_s());
  return check;
}

}  // namespace ringside::simulate
