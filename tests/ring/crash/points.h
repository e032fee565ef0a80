// What happens at a named point of the protocol: the process dies there, or stops until it is told
// to go on.
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

// From now on this process dies by SIGKILL when its threads come to the point for the nth time.
void kill_at(TestPoint point, std::uint64_t nth = 1);

// A place where a child waits for its parent. Made before the fork.
class Gate {
 public:
  Gate();
  ~Gate();
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  // The child's: says that it has come, and waits to be let through.
  void pass();
  // The parent's. False when the child has not come within a minute.
  bool reached();
  void open();

 private:
  int to_parent_[2];
  int to_child_[2];
};

// From now on the first thread of this process that comes to the point passes the gate there; those
// after it don't.
void stop_at(TestPoint point, Gate& gate);

// A child that dies with its parent, so that no failed test leaves one behind at a gate. Result as
// spawn()'s.
pid_t spawn_victim(const std::function<int()>& body, bool at_exit = false);
inline Ended run_victim(const std::function<int()>& body, bool at_exit = false) {
  return wait_for(spawn_victim(body, at_exit));
}

}  // namespace ringside::test
