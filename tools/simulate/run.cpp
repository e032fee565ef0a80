#include "tools/simulate/run.h"

#include <malloc.h>

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

// 0 where the allocator is not glibc's, as under a sanitizer.
std::uint64_t heap_in_use() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
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
  to.looks += from.looks;
  to.look_s += from.look_s;
  to.policy_s.resize(std::max(to.policy_s.size(), from.policy_s.size()));
  for (std::size_t i = 0; i < from.policy_s.size(); ++i) to.policy_s[i] += from.policy_s[i];
}

}  // namespace

double Cost::total_s() const {
  double total = world_s + snapshot_s + look_s;
  for (const double seconds : policy_s) total += seconds;
  return total;
}

namespace {

// One scenario under way.
class Course {
 public:
  Course(const Scenario& scenario, const Config& config, Policies& policies, const Told& told,
         const DayEnds& day_ends)
      : world_(scenario, config.thresholds), policies_(policies), told_(told), day_ends_(day_ends) {
    run_.lines.resize(policies.size());
    run_.cost.policy_s.resize(policies.size());
  }

  void advance(Ns at) {
    world_.advance(at);
    laps_.add_to(run_.cost.world_s);
  }
  bool daemon_there() const { return world_.daemon_there(); }

  void tick() {
    const Snapshot snapshot = world_.tick();
    ++run_.cost.ticks;
    laps_.add_to(run_.cost.snapshot_s);
    metrics_bytes_ = snapshot.daemon.metrics_bytes;
    restart_policies();
    for (std::size_t i = 0; i < policies_.size(); ++i) show(i, snapshot);
  }

  // Between two ticks. A policy that sees an emergency gets a tick at once.
  void look() {
    restart_policies();
    const Pulse pulse = world_.pulse();
    ++run_.cost.looks;
    laps_.add_to(run_.cost.snapshot_s);
    for (std::size_t i = 0; i < policies_.size(); ++i) {
      const bool urgent = policies_[i]->urgent(pulse, world_.now());
      laps_.add_to(run_.cost.look_s);
      if (urgent) show(i, world_.tick());
    }
  }

  void end_day() {
    Held held{metrics_bytes_, world_.state_bytes()};
    for (const auto& policy : policies_) held.state_bytes += policy->state_bytes();
    held.heap_bytes = heap_in_use();
    run_.days.push_back(held);
    if (day_ends_) day_ends_(held);
    laps_.restart();
  }

  Run end(const Scenario& scenario) {
    run_.cost.simulated_s = seconds_of(scenario.length);
    run_.cost.requests = world_.requests();
    return std::move(run_);
  }

 private:
  void restart_policies() {
    if (std::exchange(restarts_, world_.daemon_restarts()) == world_.daemon_restarts()) return;
    for (const auto& policy : policies_) policy->restart();
  }
  void show(std::size_t i, const Snapshot& snapshot) {
    for (Line& line : policies_[i]->tick({snapshot, world_.now(), world_.wall()})) {
      if (told_) told_(i, line);
      run_.lines[i].push_back(std::move(line));
    }
    laps_.add_to(run_.cost.policy_s[i]);
  }

  World world_;
  Policies& policies_;
  const Told& told_;
  const DayEnds& day_ends_;
  Run run_;
  Laps laps_;
  std::uint64_t restarts_ = 0;
  std::uint64_t metrics_bytes_ = 0;
};

}  // namespace

Ns look_interval(const Config& config) {
  return std::min(config.tick_ns, config.alerts.emergency_tick_ns);
}

Run run_scenario(const Scenario& scenario, const Config& config, Policies& policies,
                 const Told& told, const DayEnds& day_ends) {
  Course course(scenario, config, policies, told, day_ends);
  const Ns step = look_interval(config);
  for (Ns at = step; at <= scenario.length; at += step) {
    const bool tick = at / config.tick_ns != (at - step) / config.tick_ns;
    course.advance(at);
    if (!course.daemon_there()) continue;
    if (tick) {
      course.tick();
    } else {
      course.look();
    }
    if (at / kDayNs != (at - step) / kDayNs) course.end_day();
  }
  return course.end(scenario);
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

void run_each(std::size_t count, unsigned jobs, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::exception_ptr failed;
  const auto take = [&] {
    try {
      for (std::size_t i = next++; i < count; i = next++) work(i);
    } catch (...) {
      const std::lock_guard lock(mutex);
      failed = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 1; i < jobs; ++i) threads.emplace_back(take);
    take();
  }
  if (failed) std::rethrow_exception(failed);
}

CorpusReport run_corpus(const Corpus& corpus, const Config& config, unsigned jobs) {
  const std::vector<Scenario> scenarios = scenarios_of(corpus);
  const Policies named = make_policies(config);
  std::vector<Run> runs(scenarios.size());
  run_each(scenarios.size(), jobs, [&](std::size_t i) {
    Policies policies = make_policies(config);
    runs[i] = run_scenario(scenarios[i], config, policies);
  });

  CorpusReport report;
  report.scores.resize(named.size());
  for (const auto& policy : named) report.policies.emplace_back(policy->name());
  std::set<std::string> kinds;
  for (std::size_t i = 0; i < scenarios.size(); ++i) {
    for (std::size_t p = 0; p < named.size(); ++p)
      add_score(report.scores[p], scenarios[i], runs[i].lines[p], look_interval(config));
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
