// Paired measurements. The things that are compared run in turn, round after round, so that a
// machine that slows down slows all of them down. Results are medians. A difference is the median
// of the differences within each round.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace ringside::bench {

struct Settings {
  bool smoke = false;        // sizes that take seconds: they prove that everything runs, not more
  int producer_cpu = -1;     // where the writer runs; -1 when there is only one processor
  int daemon_cpu = 0;
  std::string programs;      // the folder of ringsided, ringside-chatd and ringside-chatload
};

struct Figure {
  std::string name;
  std::string unit;
  double median = 0;
  double low = 0;            // 10th percentile of the rounds
  double high = 0;           // 90th percentile
  std::size_t rounds = 0;
  std::string limit;         // the limit for this figure, as text; empty for none
  std::string note;
};

// What was done, as opposed to how fast. The work is the same in every run of the same size on
// every machine. Two runs with different work have not measured the same thing.
struct Work {
  std::string name;
  std::uint64_t count = 0;      // records
  std::uint64_t checksum = 0;   // a sum over the records that does not depend on their order
};

class Results {
 public:
  void add(Figure figure);
  void add(Work work);
  // A remark about the measurement: what was not built, or what dropped how many records.
  void remark(const std::string& text);

  const std::vector<Figure>& all() const { return figures_; }
  const std::vector<Work>& work() const { return work_; }
  const std::vector<std::string>& remarks() const { return remarks_; }

  // From now on every figure, work and remark is also written there as a line of JSON. A part of
  // the benchmark runs in a process of its own, and its parent reads these lines.
  void forward_to(int descriptor) { forward_ = descriptor; }
  int forwards_to() const { return forward_; }
  // Adds a line that another process forwarded. That process has printed it already. Returns false
  // when the text is no such line.
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

// Pins the calling thread. Returns false when the thread does not run on `cpu` afterwards.
bool pin_to(int cpu);
// "pinned to processor 1" or "not pinned".
std::string pinned_words(bool pinned, int cpu);
double monotonic_seconds();

// The parts of the benchmark. L1 to L6 are the limits beside the figures.
// One operation on its thread: L1, L2, L3.
void measure_record_cost(const Settings& settings, Results& results);
// The same by who had the lines last, and at a server's pace.
void measure_lines(const Settings& settings, Results& results);
// 1 to 64 threads, 19 and 256 operations.
void measure_scale(const Settings& settings, Results& results);
// More threads than lanes.
void measure_overflow(const Settings& settings, Results& results);
// One operation while the debug tool looks at the ring.
void measure_attached(const Settings& settings, Results& results);
// Quantiles of a single call.
void measure_tails(const Settings& settings, Results& results);
// The same of a thread that has no lane.
void measure_laneless(const Settings& settings, Results& results);
// A single operation after the caches were lost.
void measure_cold(const Settings& settings, Results& results);
// Instructions, counted by callgrind.
void measure_instructions(const Settings& settings, Results& results);
// Libraries that Debian ships, beside Ringside.
void measure_rivals(const Settings& settings, Results& results);
// Run before and after measure_rivals(), in the process that starts the parts. `whole`: the part
// ran to its end.
void prepare_rivals(const Settings& settings, Results& results);
void clean_up_rivals(Results& results, bool whole);
// Ring to metrics: L4, and L5 for the size of the metrics.
void measure_drain(const Settings& settings, Results& results);
// One evaluation of all alerts, for 256 operations.
void measure_alerts(const Settings& settings, Results& results);
// What the history costs: CPU and bytes on the disk.
void measure_history(const Settings& settings, Results& results);
// What the daemon and the ring cost: L5, L6.
void measure_daemon(const Settings& settings, Results& results);
// Records into a file, in each format of `ringside export`.
void measure_export(const Settings& settings, Results& results);
// Answers of the API, and what they cost the drain.
void measure_api(const Settings& settings, Results& results);
// Requests a second of the chat server, traced against untraced.
void measure_server(const Settings& settings, Results& results);

}  // namespace ringside::bench
