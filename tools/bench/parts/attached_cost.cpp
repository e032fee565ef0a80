// What an operation costs its thread while the debug tool looks at the ring: `ringside tail`,
// `record` and `top`, and a `tail` that is stopped. Each is held against nobody in the same round.
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "producer/ringside.hpp"
#include "tools/bench/harness.h"
#include "tools/bench/own_ring.h"
#include "tools/bench/program.h"

namespace ringside::bench {

namespace {

constexpr int kBatch = 2000;  // half a lane
constexpr int kBatches =
    40;  // of a measurement, with 5 ms between two: 400,000 operations a second

// In ticks for one operation: the median of the batches.
double ticks_of_one() {
  std::vector<double> batches;
  for (int i = 0; i < kBatches; ++i) {
    for (int warm = 0; warm < 100; ++warm) operation_with_parties(warm);
    const std::uint64_t begin = detail::now_ticks();
    for (int j = 0; j < kBatch; ++j) operation_with_parties(j);
    batches.push_back(static_cast<double>(detail::now_ticks() - begin) / kBatch);
    poll(nullptr, 0, 5);
  }
  return median(std::move(batches));
}

// Whether a process other than this one has mapped the ring.
bool attached(const std::string& ring) {
  const std::string path = "/dev/shm/ringside." + ring;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const std::string pid = entry.path().filename();
    if (pid.find_first_not_of("0123456789") != std::string::npos || pid == std::to_string(getpid()))
      continue;
    std::ifstream maps(entry.path() / "maps");
    for (std::string line; std::getline(maps, line);) {
      if (line.ends_with(path)) return true;
    }
  }
  return false;
}

struct Onlooker {
  const char* name;
  std::vector<std::string> command;  // empty: nobody
  bool stopped = false;
};

// Ticks of an operation beside the onlooker; nothing where it did not come.
std::optional<double> measure(const Settings& settings, const std::string& ring,
                              const Onlooker& onlooker) {
  if (onlooker.command.empty()) return ticks_of_one();
  const Scratch scratch;
  std::vector<std::string> command = onlooker.command;
  for (std::string& word : command) {
    if (word == "FILE") word = scratch.file("recording");
  }
  Program program(command, "/dev/null", {{"TERM", "xterm"}}, settings.daemon_cpu);
  const double deadline = monotonic_seconds() + 20;
  while (!attached(ring)) {
    if (monotonic_seconds() > deadline) {
      std::fprintf(stderr, "ringside-bench: %s did not open the ring\n", onlooker.name);
      return std::nullopt;
    }
    poll(nullptr, 0, 5);
  }
  if (onlooker.stopped) program.signal(SIGSTOP);
  const double ticks = ticks_of_one();
  if (onlooker.stopped) program.signal(SIGCONT);
  program.stop();
  return ticks;
}

}  // namespace

void measure_attached(const Settings& settings, Results& results) {
  const OwnRing ring("attached", {});
  if (!ring) return;
  const bool pinned = pin_to(settings.producer_cpu);
  std::printf("\nAn operation while the debug tool looks on (%s)\n",
              pinned_words(pinned, settings.producer_cpu).c_str());
  const std::string tool = settings.programs + "/ringside";
  const std::vector<Onlooker> onlookers = {
      {"nobody", {}, false},
      {"tail", {tool, "tail", ring.name(), "-n", "0"}, false},
      {"tail, stopped", {tool, "tail", ring.name(), "-n", "0"}, true},
      {"record", {tool, "record", ring.name(), "-o", "FILE"}, false},
      // A full screen wants a terminal.
      {"top", {"/usr/bin/script", "-qec", tool + " top " + ring.name(), "/dev/null"}, false},
  };
  const int rounds = settings.smoke ? 1 : 25;
  std::vector<std::vector<double>> ticks(onlookers.size());
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < onlookers.size(); ++i) {
      // They take turns in being first.
      const std::size_t at = (i + static_cast<std::size_t>(round)) % onlookers.size();
      const auto one = measure(settings, ring.name(), onlookers[at]);
      if (!one) return;
      ticks[at].push_back(*one);
    }
  }
  for (std::size_t i = 1; i < onlookers.size(); ++i) {
    std::vector<double> ratios;
    for (std::size_t round = 0; round < ticks[i].size(); ++round)
      ratios.push_back(ticks[i][round] / ticks[0][round]);
    results.add(figure(std::string("operation beside ") + onlookers[i].name + ", to nobody", "",
                       std::move(ratios), "1"));
  }
}

}  // namespace ringside::bench
