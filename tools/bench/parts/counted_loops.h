// Loops for tools that count instructions: one kind of call in each, and nothing beside it.
#pragma once

#include <string>
#include <vector>

namespace ringside::bench {

// What there is, in the order in which the benchmark shows it: the name, and what one turn is.
struct CountedLoop {
  const char* name;
  const char* turn;
};
extern const std::vector<CountedLoop> kCountedLoops;

// How often a loop turns in its first and in its second run. The difference between the two runs is
// free of whatever a run costs besides its turns.
inline constexpr int kShortLoop = 10'000;
inline constexpr int kLongLoop = 30'000;

// Runs each of the loops twice. Every run is two calls of a function whose name has `counted_loop`
// in it, the first of which does nothing. Exit code.
int count_loops(const std::vector<std::string>& names);

}  // namespace ringside::bench
