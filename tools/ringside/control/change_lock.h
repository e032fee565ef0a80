// Two `ringside control` must not contradict each other: one that runs `--for` a while would take
// back to what it found what another has set since. So each holds the words that it sets until they
// stand or are taken back. The locks are the kernel's, on bytes of the ring's file (fcntl,
// F_OFD_SETLK). Servers neither take nor see them, and they go with the process, however it ends.
#pragma once

#include <cstdint>
#include <vector>

#include "shm/failure.h"
#include "shm/file_descriptor.h"
#include "shm/segment.h"

namespace ringside::tool {

class ChangeLock {
 public:
  explicit ChangeLock(const Segment& segment);

  // Holds the words of these ids, of all operations to come where `operations` is set, and of
  // `enabled` where it is set. False, and `failure` set, when another process has one of them or
  // the file can't be locked.
  struct Words {
    bool enabled = false;
    bool operations = false;
    std::vector<std::uint16_t> ids;
  };
  bool hold(const Words& words, Failure* failure);

  // While it lives no other `control` reads or writes switches of this ring: for moments.
  class Turn {
   public:
    explicit Turn(ChangeLock& lock);
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    ChangeLock& lock_;
  };

 private:
  int lock(int command, short type, std::uint64_t offset, std::uint64_t bytes) const;

  const Segment& segment_;
  FileDescriptor file_;
  int error_ = 0;  // of open()
};

}  // namespace ringside::tool
