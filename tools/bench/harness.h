// Paired measurements: the things that are compared run in turn, round after round, so that a
// machine which slows down slows all of them down. Medians are quoted, and differences are medians
// of differences within a round.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace ringside::bench {

struct Settings {
  bool smoke =
      false;  // sizes that take seconds and prove that everything runs; figures mean little
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

// What was done, as opposed to how fast: the same in every run of the same size on every machine.
// Two runs whose work differs have not measured the same thing.
struct Work {
  std::string name;
  std::uint64_t count = 0;      // records
  std::uint64_t checksum = 0;   // a sum over them that their order does not change
};

class Results {
 public:
  void add(Figure figure);
  void add(Work work);
  // Something said about the measurement: what was not built, what dropped how much.
  void remark(const std::string& text);

  const std::vector<Figure>& all() const { return figures_; }
  const std::vector<Work>& work() const { return work_; }
  const std::vector<std::string>& remarks() const { return remarks_; }

  // Everything is also written there, a line of JSON each: a part runs in a process of its own.
  void forward_to(int descriptor) { forward_ = descriptor; }
  int forwards_to() const { return forward_; }
  // Takes in a line that another process wrote and printed. False when it is none.
  bool take(const std::string& line);

 private:
  void forward(const std::string& line) const;

  std::vector<Figure> figures_;
  std::vector<Work> work_;
  std::vector<std::string> remarks_;
  int forward_ = -1;
};

double median(std::vector<double> values);
Figure figure(std::string name, std::string unit, std::vector<double> rounds,
              std::string limit = {}, std::string note = {});

// Pins the calling thread; false when the kernel did not do it.
bool pin_to(int cpu);
double monotonic_seconds();

// The parts of the benchmark.
void measure_record_cost(const Settings& settings, Results& results);   // L1, L2, L3
void measure_scale(const Settings& settings,
                   Results& results);  // 1 to 64 threads, 19 and 256 operations
void measure_overflow(const Settings& settings, Results& results);      // threads beyond the lanes
void measure_tails(const Settings& settings, Results& results);         // the single call
void measure_cold(const Settings& settings,
                  Results& results);  // what it costs after the caches were lost
void measure_instructions(const Settings& settings, Results& results);  // by callgrind
void measure_rivals(const Settings& settings, Results& results);  // what Debian ships beside us
// Around measure_rivals(), in the process that starts the parts. `whole`: the part ran to its end.
void prepare_rivals(const Settings& settings, Results& results);
void clean_up_rivals(Results& results, bool whole);
void measure_drain(const Settings& settings, Results& results);         // L4
void measure_daemon(const Settings& settings, Results& results);        // L5, L6
void measure_server(const Settings& settings,
                    Results& results);  // requests a second, traced against not

}  // namespace ringside::bench
