// A process that becomes another program by exec, and lives on as that one.
#pragma once

#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <functional>
#include <thread>

#include "tests/support/process.h"

namespace ringside::test {

enum class CallsExec { first_thread, another_thread };

class Replaced {
 public:
  // The other program runs when this returns; `body` has run in the thread that called exec.
  Replaced(CallsExec caller, const std::function<void()>& body) {
    int up[2];
    REQUIRE(pipe(up) == 0);
    pid_ = spawn([&] {
      const auto replace = [&] {
        body();
        dup2(up[1], 1);
        close(up[0]);
        close(up[1]);
        execl("/bin/sh", "sh", "-c", "echo up; exec sleep 600", nullptr);
      };
      if (caller == CallsExec::first_thread) {
        replace();
      } else {
        std::thread(replace).join();
      }
      return 1;
    });
    close(up[1]);
    char c = 0;
    const bool runs = read(up[0], &c, 1) == 1;
    close(up[0]);
    REQUIRE(runs);
  }
  ~Replaced() {
    kill(pid_, SIGKILL);
    wait_for(pid_);
  }
  Replaced(const Replaced&) = delete;
  Replaced& operator=(const Replaced&) = delete;

 private:
  pid_t pid_ = 0;
};

}  // namespace ringside::test
