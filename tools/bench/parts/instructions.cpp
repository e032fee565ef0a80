// Instructions, counted by callgrind. This is the one figure that no neighbour disturbs.
//
// valgrind runs this program with --loop and ends a profile wherever counted_loop() returns. A
// loop's figure is the difference between its long and its short run, divided by the difference in
// turns.

#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "tools/bench/harness.h"
#include "tools/bench/parts/counted_loops.h"
#include "tools/bench/program.h"

namespace ringside::bench {

namespace {

// The instructions of each profile, in order.
std::vector<double> totals_in(const std::string& path) {
  std::vector<double> totals;
  // callgrind numbers its profiles. The last one has no number: it is that of the program's end and
  // is not read.
  for (int number = 1;; ++number) {
    std::istringstream lines(read_text(path + "." + std::to_string(number)));
    std::string line;
    bool any = false;
    while (std::getline(lines, line)) {
      if (line.rfind("totals: ", 0) != 0) continue;
      totals.push_back(std::strtod(line.c_str() + 8, nullptr));
      any = true;
    }
    if (!any) return totals;
  }
}

}  // namespace

void measure_instructions(const Settings& settings, Results& results) {
  std::printf("\nInstructions by callgrind (loops of %d and %d turns, the difference a turn)\n",
              kShortLoop, kLongLoop);
  const std::string valgrind = program_in_path("valgrind");
  if (valgrind.empty()) {
    results.remark("not measured: valgrind is missing; next: install the package valgrind");
    return;
  }
  std::vector<CountedLoop> loops = kCountedLoops;
  if (settings.smoke) loops = {kCountedLoops[0], kCountedLoops[1], kCountedLoops.back()};
  Scratch scratch;
  const std::string out = scratch.file("callgrind");
  std::vector<std::string> command = {valgrind,
                                      "--tool=callgrind",
                                      "--dump-after=*counted_loop*",
                                      "--callgrind-out-file=" + out,
                                      settings.programs + "/ringside-bench",
                                      "--loop"};
  for (const CountedLoop& loop : loops) command.push_back(loop.name);
  Program program(command, scratch.file("log"));
  if (program.wait(300) != 0) {
    results.remark("not measured: valgrind failed; next: look at what it says:\n" +
                   read_text(scratch.file("log")));
    return;
  }
  const std::vector<double> totals = totals_in(out);
  if (totals.size() != 4 * loops.size()) {
    results.remark("not measured: callgrind wrote " + std::to_string(totals.size()) +
                   " profiles, expected " + std::to_string(4 * loops.size()) +
                   "; next: run ringside-bench --loop by hand under valgrind");
    return;
  }
  for (std::size_t i = 0; i < loops.size(); ++i) {
    // Each loop has four profiles: before the short run, the short run, before the long run, the
    // long run.
    const double turn = (totals[4 * i + 3] - totals[4 * i + 1]) / (kLongLoop - kShortLoop);
    results.add(figure(std::string(loops[i].turn) + ", whole", "instructions", {turn}));
  }
}

}  // namespace ringside::bench
