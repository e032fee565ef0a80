// Runs a part of the benchmark in its own process, for three reasons. A process can be traced only
// once in its life. A part that crashes costs only itself. An interrupted part leaves nothing
// behind.
#pragma once

#include "tools/bench/harness.h"

namespace ringside::bench {

// Takes over SIGINT, SIGTERM and SIGHUP: run_in_child() turns them into interrupted(). Call it
// while there is one thread.
void watch_for_interrupts();

// Runs `part` in a child process, which prints to our stdout, and adds its results. Returns false
// when the child failed. An interrupt ends the child, removes its rings and sets interrupted().
bool run_in_child(void (*part)(const Settings&, Results&), const Settings& settings,
                  Results& results);

// The signal that interrupted the benchmark. 0 for none.
int interrupted();
// Ends this process as `signal` does by default. Call it when everything is cleaned up.
[[noreturn]] void end_by(int signal);

}  // namespace ringside::bench
