// One thing in a loop and nothing beside it, for tools that count instructions.
#pragma once

#include <string>
#include <vector>

namespace ringside::bench {

// What there is, in the order in which the benchmark shows it: the name, and what one turn of its
// loop is.
struct OneThing {
  const char* name;
  const char* what;
};
extern const std::vector<OneThing> kOneThings;

// How often the loop of a thing turns in its first and in its second run: the difference between
// the two is free of whatever a run costs besides its turns.
inline constexpr int kShortLoop = 10'000;
inline constexpr int kLongLoop = 30'000;

// Runs each of the things twice; every run is two calls of a function whose name has `counted_loop`
// in it, the first of which does nothing. Exit code.
int run_things(const std::vector<std::string>& names);

}  // namespace ringside::bench
