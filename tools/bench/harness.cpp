#include "tools/bench/harness.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

namespace ringside::bench {

void Results::add(Figure figure) {
  std::printf("  %-52s %10.3g %-12s", figure.name.c_str(), figure.median, figure.unit.c_str());
  if (figure.rounds > 1) std::printf(" [%.3g .. %.3g]", figure.low, figure.high);
  if (!figure.limit.empty()) std::printf("  limit: %s", figure.limit.c_str());
  if (!figure.note.empty()) std::printf("  (%s)", figure.note.c_str());
  std::printf("\n");
  std::fflush(stdout);
  forward(nlohmann::json({{"figure", figure.name}, {"unit", figure.unit}, {"median", figure.median},
                          {"low", figure.low}, {"high", figure.high}, {"rounds", figure.rounds},
                          {"limit", figure.limit}, {"note", figure.note}}).dump());
  figures_.push_back(std::move(figure));
}

void Results::add(Work work) {
  std::printf("  work: %s: %llu records, checksum %016llx\n", work.name.c_str(),
              static_cast<unsigned long long>(work.count),
              static_cast<unsigned long long>(work.checksum));
  std::fflush(stdout);
  forward(nlohmann::json({{"work", work.name}, {"count", work.count}, {"checksum", work.checksum}})
              .dump());
  work_.push_back(std::move(work));
}

void Results::remark(const std::string& text) {
  std::printf("  %s\n", text.c_str());
  std::fflush(stdout);
  forward(nlohmann::json({{"remark", text}}).dump());
  remarks_.push_back(text);
}

void Results::forward(const std::string& line) const {
  if (forward_ < 0) return;
  const std::string whole = line + '\n';
  // The pipe is blocking, so one write() takes the whole line. If the write fails, the figure is
  // missing in the parent's results.
  [[maybe_unused]] const auto written = write(forward_, whole.data(), whole.size());
}

bool Results::take(const std::string& line) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object()) return false;
  if (json.contains("figure")) {
    Figure figure;
    figure.name = json.value("figure", "");
    figure.unit = json.value("unit", "");
    // JSON has no NaN, so a figure that is no number arrives as null.
    const auto number = [&json](const char* key) {
      return json[key].is_number() ? json[key].get<double>() : std::nan("");
    };
    figure.median = number("median");
    figure.low = number("low");
    figure.high = number("high");
    figure.rounds = json.value("rounds", std::size_t{0});
    figure.limit = json.value("limit", "");
    figure.note = json.value("note", "");
    figures_.push_back(std::move(figure));
  } else if (json.contains("work")) {
    work_.push_back({json.value("work", ""), json.value("count", std::uint64_t{0}),
                     json.value("checksum", std::uint64_t{0})});
  } else if (json.contains("remark")) {
    remarks_.push_back(json.value("remark", ""));
  } else {
    return false;
  }
  return true;
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

Figure figure(std::string name, std::string unit, std::vector<double> rounds, std::string limit,
              std::string note) {
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

std::string pinned_words(bool pinned, int cpu) {
  return pinned ? "pinned to processor " + std::to_string(cpu) : "not pinned";
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
