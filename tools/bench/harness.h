// Paired measurements: the things that are compared run in turn, round after round, so that a machine which slows
// down slows all of them down. Medians are quoted, and differences are medians of differences within a round.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace ringside::bench {

struct Settings {
  bool smoke = false;        // sizes that take seconds and prove that everything runs; figures mean little
  int producer_cpu = -1;     // where the writer runs; -1 when there is only one processor
  int daemon_cpu = 0;
  std::string programs;      // folder of ringsided, ringside-chatd, ringside-chatload
};

struct Figure {
  std::string name;
  std::string unit;
  double median = 0;
  double low = 0;            // 10th percentile of the rounds
  double high = 0;           // 90th
  std::size_t rounds = 0;
  std::string limit;         // what it is held against, as text; empty for none
  std::string note;
};

class Results {
 public:
  void add(Figure figure);
  const std::vector<Figure>& all() const { return figures_; }

 private:
  std::vector<Figure> figures_;
};

double median(std::vector<double> values);
Figure figure(std::string name, std::string unit, std::vector<double> rounds, std::string limit = {},
              std::string note = {});

// Pins the calling thread; false when the kernel did not do it.
bool pin_to(int cpu);
double monotonic_seconds();

// The parts of the benchmark.
void measure_record_cost(const Settings& settings, Results& results);   // L1, L2, L3
void measure_drain(const Settings& settings, Results& results);         // L4
void measure_daemon(const Settings& settings, Results& results);        // L5, L6
void measure_server(const Settings& settings, Results& results);        // requests a second, traced against not

}  // namespace ringside::bench
