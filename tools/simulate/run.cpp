#include "tools/simulate/run.h"

#include <algorithm>
#include <atomic>
#include <ctime>
#include <exception>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "tools/simulate/world.h"

namespace ringside::simulate {
namespace {

double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// Adds what has passed since the last lap.
class Laps {
 public:
  void restart() { last_ = thread_seconds(); }
  void add_to(double& sum) {
    const double now = thread_seconds();
    sum += now - last_;
    last_ = now;
  }

 private:
  double last_ = thread_seconds();
};

void add_cost(Cost& to, const Cost& from) {
  to.ticks += from.ticks;
  to.requests += from.requests;
  to.simulated_s += from.simulated_s;
  to.world_s += from.world_s;
  to.snapshot_s += from.snapshot_s;
  to.policy_s.resize(std::max(to.policy_s.size(), from.policy_s.size()));
  for (std::size_t i = 0; i < from.policy_s.size(); ++i) to.policy_s[i] += from.policy_s[i];
}

}  // namespace

double Cost::total_s() const {
  double total = world_s + snapshot_s;
  for (const double seconds : policy_s) total += seconds;
  return total;
}

Run run_scenario(const Scenario& scenario, const Config& config, Policies& policies,
                 const Told& told) {
  Run run;
  run.lines.resize(policies.size());
  run.cost.policy_s.resize(policies.size());
  Laps laps;
  World world(scenario, config.thresholds);
  std::uint64_t restarts = 0;
  for (Ns at = config.tick_ns; at <= scenario.length; at += config.tick_ns) {
    world.advance(at);
    laps.add_to(run.cost.world_s);
    if (!world.daemon_there()) continue;
    const Snapshot snapshot = world.tick();
    ++run.cost.ticks;
    laps.add_to(run.cost.snapshot_s);
    if (at / kDayNs != (at - config.tick_ns) / kDayNs) {
      Held held{snapshot.daemon.metrics_bytes, world.state_bytes()};
      for (const auto& policy : policies) held.state_bytes += policy->state_bytes();
      run.days.push_back(held);
      laps.restart();
    }
    const bool restarted = std::exchange(restarts, world.daemon_restarts()) != restarts;
    for (std::size_t i = 0; i < policies.size(); ++i) {
      if (restarted) policies[i]->restart();
      for (Line& line : policies[i]->tick({snapshot, world.now(), world.wall()})) {
        if (told) told(i, line);
        run.lines[i].push_back(std::move(line));
      }
      laps.add_to(run.cost.policy_s[i]);
    }
  }
  run.cost.simulated_s = seconds_of(scenario.length);
  run.cost.requests = world.requests();
  return run;
}

std::uint64_t scenario_seed(const Corpus& corpus, std::uint64_t n) {
  return 2 * (corpus.seed + n) + (corpus.held_back ? 1 : 0);
}

std::vector<Scenario> scenarios_of(const Corpus& corpus) {
  std::vector<Scenario> scenarios;
  for (const ScenarioKind& kind : scenario_kinds()) {
    const bool named =
        std::find(corpus.only.begin(), corpus.only.end(), kind.name) != corpus.only.end();
    const bool wanted = named || (corpus.only.empty() && kind.part != Part::long_run);
    if (!wanted || (kind.part != Part::trouble && corpus.days <= 0)) continue;
    for (std::uint64_t n = 0; n < corpus.seeds; ++n)
      scenarios.push_back(kind.make(scenario_seed(corpus, n), corpus.days));
  }
  return scenarios;
}

CorpusReport run_corpus(const Corpus& corpus, const Config& config, unsigned jobs) {
  const std::vector<Scenario> scenarios = scenarios_of(corpus);
  const Policies named = make_policies(config);
  std::vector<Run> runs(scenarios.size());
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::exception_ptr failed;
  const auto work = [&] {
    try {
      for (std::size_t i = next++; i < scenarios.size(); i = next++) {
        Policies policies = make_policies(config);
        runs[i] = run_scenario(scenarios[i], config, policies);
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      failed = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 1; i < jobs; ++i) threads.emplace_back(work);
    work();
  }
  if (failed) std::rethrow_exception(failed);

  CorpusReport report;
  report.scores.resize(named.size());
  for (const auto& policy : named) report.policies.emplace_back(policy->name());
  std::set<std::string> kinds;
  for (std::size_t i = 0; i < scenarios.size(); ++i) {
    for (std::size_t p = 0; p < named.size(); ++p)
      add_score(report.scores[p], scenarios[i], runs[i].lines[p], config.tick_ns);
    add_cost(report.cost, runs[i].cost);
    for (const Incident& incident : scenarios[i].incidents) kinds.insert(incident.kind);
    if (runs[i].days.size() > 1)
      report.growths.push_back({scenarios[i].kind, scenarios[i].seed, runs[i].days});
  }
  report.scenarios = scenarios.size();
  report.kinds = kinds.size();
  return report;
}

}  // namespace ringside::simulate
