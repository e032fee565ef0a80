// Runs scenarios: the same ticks for every policy.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "daemon/config/config.h"
#include "tools/simulate/policy.h"
#include "tools/simulate/scenario.h"
#include "tools/simulate/score.h"

namespace ringside::simulate {

// What simulating cost, in seconds of processor time.
struct Cost {
  std::uint64_t ticks = 0;
  std::uint64_t requests = 0;
  double simulated_s = 0;
  double world_s = 0;     // clients, server and the machine
  double snapshot_s = 0;  // the daemon's metrics
  std::uint64_t looks = 0;  // for emergencies, between ticks
  double look_s = 0;
  std::vector<double> policy_s;
  double total_s() const;
};

// What the daemon holds.
struct Held {
  std::uint64_t metrics_bytes = 0;  // in memory
  std::uint64_t state_bytes = 0;    // metrics and alerts, as they are saved
  std::uint64_t heap_bytes = 0;     // of the whole process, with the simulated world
};

struct Run {
  std::vector<std::vector<Line>> lines;  // of each policy, in the order of time
  std::vector<Held> days;                // at the end of each day
  Cost cost;
};
using Told = std::function<void(std::size_t policy, const Line&)>;
using DayEnds = std::function<void(const Held&)>;

// How often it is looked for emergencies, ticks included.
Ns look_interval(const Config& config);

// Runs one scenario. `told` hears of each line as it comes, `day_ends` of each day; both may be
// empty.
Run run_scenario(const Scenario& scenario, const Config& config, Policies& policies,
                 const Told& told = {}, const DayEnds& day_ends = {});

// Calls work(0) to work(count - 1) on `jobs` threads.
void run_each(std::size_t count, unsigned jobs, const std::function<void(std::size_t)>& work);

struct Corpus {
  std::vector<std::string> only;  // kinds; empty: all
  std::uint64_t seed = 1;
  std::uint64_t seeds = 3;
  double days = 1;  // of each calm scenario
  // Even seeds are for tuning. Odd ones are held back: nobody looks at them until the end.
  bool held_back = false;
};
// The seed of the corpus's n-th run, from 0.
std::uint64_t scenario_seed(const Corpus& corpus, std::uint64_t n);
std::vector<Scenario> scenarios_of(const Corpus& corpus);

struct Growth {
  std::string kind;
  std::uint64_t seed = 0;
  std::vector<Held> days;
};

struct CorpusReport {
  std::vector<std::string> policies;
  std::vector<Score> scores;  // of each policy
  std::uint64_t scenarios = 0;
  std::vector<Growth> growths;  // of scenarios of two days and more
  std::uint64_t kinds = 0;      // of trouble
  Cost cost;
};

// Runs all of them on `jobs` threads. The report does not depend on their number, except for its
// costs.
CorpusReport run_corpus(const Corpus& corpus, const Config& config, unsigned jobs);

}  // namespace ringside::simulate
