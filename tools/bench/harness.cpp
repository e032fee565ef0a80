#include "tools/bench/harness.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace ringside::bench {

void Results::add(Figure figure) {
  std::printf("  %-52s %10.3g %-12s", figure.name.c_str(), figure.median, figure.unit.c_str());
  if (figure.rounds > 1) std::printf(" [%.3g .. %.3g]", figure.low, figure.high);
  if (!figure.limit.empty()) std::printf("  limit: %s", figure.limit.c_str());
  if (!figure.note.empty()) std::printf("  (%s)", figure.note.c_str());
  std::printf("\n");
  std::fflush(stdout);
  figures_.push_back(std::move(figure));
}

namespace {
double at(const std::vector<double>& sorted, double q) {
  return sorted[static_cast<std::size_t>(q * static_cast<double>(sorted.size() - 1))];
}
}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return std::nan("");
  std::sort(values.begin(), values.end());
  return at(values, 0.5);
}

Figure figure(std::string name, std::string unit, std::vector<double> rounds, std::string limit, std::string note) {
  std::sort(rounds.begin(), rounds.end());
  Figure out;
  out.name = std::move(name);
  out.unit = std::move(unit);
  out.limit = std::move(limit);
  out.note = std::move(note);
  out.rounds = rounds.size();
  if (rounds.empty()) return out;
  out.median = at(rounds, 0.5);
  out.low = at(rounds, 0.1);
  out.high = at(rounds, 0.9);
  return out;
}

bool pin_to(int cpu) {
  if (cpu < 0) return false;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(cpu), &set);
  return sched_setaffinity(0, sizeof set, &set) == 0 && sched_getcpu() == cpu;
}

double monotonic_seconds() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

}  // namespace ringside::bench
