// What a thread sleeps on that others must be able to wake, and that files may wake as well.
#pragma once

#include <cstdint>

#include "shm/file_descriptor.h"

namespace ringside {

class Doorbell {
 public:
  Doorbell();   // throws std::system_error when the process may have no more descriptors

  // From any thread. Rung before the sleep begins, it ends the sleep at once.
  void ring();
  // Sleeps for `pause_ns`, but not after a ring(), nor once there is something to read from `fd`
  // (-1: nothing to wait for). May end early. One thread sleeps.
  void sleep(std::int64_t pause_ns, int fd);

 private:
  FileDescriptor event_;
};

}  // namespace ringside
