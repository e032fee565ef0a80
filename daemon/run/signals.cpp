#include "daemon/run/signals.h"

#include <signal.h>

#include <initializer_list>

namespace ringside {
namespace {

sigset_t ours() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGHUP, SIGUSR1, SIGTERM, SIGINT}) sigaddset(&set, signal);
  return set;
}

}  // namespace

void block_signals() {
  const sigset_t set = ours();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  // Whoever reads our standard error may leave; that is no reason to die.
  signal(SIGPIPE, SIG_IGN);
}

Signal next_signal() {
  const sigset_t set = ours();
  for (;;) {
    int signal = 0;
    if (sigwait(&set, &signal) != 0) continue;
    if (signal == SIGHUP) return Signal::reload;
    if (signal == SIGUSR1) return Signal::report;
    return Signal::stop;
  }
}

}  // namespace ringside
