// Runs a function in a child process and says how the child ended.
#pragma once

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <functional>

namespace ringside::test {

struct Ended {
  int status = 0;
  bool exited(int code) const { return WIFEXITED(status) && WEXITSTATUS(status) == code; }
  bool killed_by(int signal) const { return WIFSIGNALED(status) && WTERMSIG(status) == signal; }
};

// The function's result is the exit code. `at_exit`: whether the child runs its exit handlers.
inline pid_t spawn(const std::function<int()>& body, bool at_exit = false) {
  std::fflush(nullptr);   // the parent prints its own buffer, not the child
  const pid_t pid = fork();
  if (pid != 0) return pid;
  const int code = body();
  if (at_exit) std::exit(code);
  _exit(code);
}

inline Ended wait_for(pid_t pid) {
  Ended ended;
  waitpid(pid, &ended.status, 0);
  return ended;
}

inline Ended run(const std::function<int()>& body, bool at_exit = false) {
  return wait_for(spawn(body, at_exit));
}

}  // namespace ringside::test
