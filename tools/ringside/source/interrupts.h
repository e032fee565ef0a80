// Ends a command between two steps: Ctrl-C, SIGTERM, and SIGHUP of a terminal that goes wait until
// it pauses.
#pragma once

#include <signal.h>

#include <cstdint>
#include <ctime>

namespace ringside::tool {

class Interrupts {
 public:
  // From here on the signals are blocked, in this thread and in those that it starts.
  Interrupts() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals_, nullptr);
  }
  // Waits so long. True as soon as one of them came, and from then on at once. 0 ns only asks.
  bool pause(std::int64_t ns) {
    const timespec span{ns / 1'000'000'000, ns % 1'000'000'000};
    came_ = came_ || sigtimedwait(&signals_, nullptr, &span) > 0;
    return came_;
  }

 private:
  sigset_t signals_{};
  bool came_ = false;
};

}  // namespace ringside::tool
