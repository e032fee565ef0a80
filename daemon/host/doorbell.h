// A thread sleeps on a doorbell. Other threads can wake it, and so can a file.
#pragma once

#include <cstdint>

#include "shm/file_descriptor.h"

namespace ringside {

class Doorbell {
 public:
  Doorbell();   // throws std::system_error when the process may have no more descriptors

  // Wakes the sleeper. From any thread. If it is rung before the sleep begins, the sleep ends at
  // once.
  void ring();
  // Sleeps for `pause_ns`, or until ring(), or until `fd` is readable (-1: no file). May end early.
  // Only one thread sleeps. Returns whether `fd` is readable.
  bool sleep(std::int64_t pause_ns, int fd);

 private:
  FileDescriptor event_;
};

}  // namespace ringside
