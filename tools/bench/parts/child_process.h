// Runs a part of the benchmark in a process of its own: a process is traced once in its life, a
// part that crashes costs only itself, and whoever is interrupted leaves nothing behind.
#pragma once

#include "tools/bench/harness.h"

namespace ringside::bench {

// Takes SIGINT, SIGTERM and SIGHUP over. Call it while there is one thread.
void watch_for_interrupts();

// Runs `part` in a child process, prints what it prints and takes its results in. False when the
// child failed. When the benchmark is interrupted meanwhile: ends the child, removes its rings, and
// sets interrupted().
bool run_in_child(void (*part)(const Settings&, Results&), const Settings& settings,
                  Results& results);

// The signal that interrupted the benchmark; 0 for none.
int interrupted();
// Ends this process as that signal would have, after everything is cleaned up.
[[noreturn]] void end_by(int signal);

}  // namespace ringside::bench
