// Whether a mistake of our own ends the program (shm/assert.h).
#pragma once

#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <functional>

#include "tests/support/process.h"

namespace ringside::test {

// Makes the mistake in a child. What does neither end nor fail is ended after a while.
inline bool dies(const std::function<void()>& mistake) {
  return run([&] {
           signal(SIGABRT, SIG_DFL);  // doctest has its own handler
           alarm(30);
           if (std::freopen("/dev/null", "w", stderr) == nullptr) return 1;
           mistake();
           return 0;
         })
      .killed_by(SIGABRT);
}

}  // namespace ringside::test
