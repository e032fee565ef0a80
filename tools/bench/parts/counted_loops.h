// Loops for tools that count instructions. Each loop has one kind of call and nothing else.
#pragma once

#include <string>
#include <vector>

namespace ringside::bench {

// The loops, in the order in which the benchmark shows them: the name, and what one turn does.
struct CountedLoop {
  const char* name;
  const char* turn;
};
extern const std::vector<CountedLoop> kCountedLoops;

// The turns of a loop in its first and in its second run. The difference between the two runs is
// free of anything that a run costs besides its turns.
inline constexpr int kShortLoop = 10'000;
inline constexpr int kLongLoop = 30'000;

// Runs each of the named loops twice. Every run is two calls of a function whose name contains
// `counted_loop`. The first of the two calls does nothing. Returns the exit code.
int count_loops(const std::vector<std::string>& names);

}  // namespace ringside::bench
