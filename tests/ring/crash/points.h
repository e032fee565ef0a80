// What happens at a named point of the protocol: the process dies there, or it stops until its
// parent lets it go on.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "shm/test_points.h"
#include "tests/support/process.h"

#ifndef RINGSIDE_TEST_POINTS
#error "the crash tests need shm and producer compiled with RINGSIDE_TEST_POINTS"
#endif

namespace ringside::test {

std::string name_of(TestPoint point);

// From now on SIGKILL ends this process when its threads reach the point for the nth time.
void kill_at(TestPoint point, std::uint64_t nth = 1);

// A place where a child waits for its parent. Create it before the fork.
class Gate {
 public:
  Gate();
  ~Gate();
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  // For the child: says that it has arrived, and waits until the parent opens the gate.
  void pass();
  // For the parent. False when the child has not arrived within a minute.
  bool reached();
  void open();

 private:
  int to_parent_[2];
  int to_child_[2];
};

// From now on the first thread of this process that reaches the point waits at the gate. Later
// threads pass.
void stop_at(TestPoint point, Gate& gate);

// Starts a child that dies with its parent, so that a failed test leaves no child at a gate. The
// result is spawn()'s.
pid_t spawn_victim(const std::function<int()>& body, bool at_exit = false);
inline Ended run_victim(const std::function<int()>& body, bool at_exit = false) {
  return wait_for(spawn_victim(body, at_exit));
}

}  // namespace ringside::test
