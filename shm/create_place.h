// What a new ring meets where it is made: limits, clocks, disks, no /proc, and other servers.
#pragma once

#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <optional>
#include <string>

#include "shm/segment.h"

namespace ringside {

// Whether the path still leads to that file.
bool same_file(const std::string& path, const struct stat& info);

// The file's lock decides between servers that start or leave at the same time. Whoever may read
// the file may lock it, too, so nobody waits for it for longer than a second.
bool lock_for_a_moment(int fd);

// Whether anybody writes a ring, seen through its file. It is not mapped, as in segment_check.h.
struct Writers {
  Liveness liveness = Liveness::dead;
  std::uint32_t pid = 0;  // of one who is not dead; 0: of nobody who stands there yet
};
// Nothing when the file got shorter, or without memory.
std::optional<Writers> writers_of(int fd, const SegmentFacts& facts, const std::string& path,
                                  std::uint64_t inode);

// False, and `failure` set, where the ring is larger than this process may make a file. To try it
// would end the process with SIGXFSZ.
bool fits_the_limit(const CreateOptions& options, Failure* failure);

// Sets the owner group and the permissions of a new ring's file.
bool set_access(int fd, const CreateOptions& options, Failure* failure);

// A page of a disk's file is locked while it is written back, and a writer waits for it.
void remark_on_disk(int fd, const std::string& path, std::string* remarks);

// Whether the clock is fast enough to be read by every operation.
bool check_clock(const CreateOptions& options, std::string* remarks, Failure* failure);

// Without /proc a file that has no name can't be given one. Then the ring is made under a hidden
// name beside its own, which no reader looks at. A server that dies in here leaves it behind, and
// the next one removes it: nobody holds its lock. -1 with `raced` set: try again.
int open_hidden(const std::string& hidden, unsigned mode, bool* raced, Failure* failure);

// Removes the hidden name, which is not needed any more whatever becomes of the ring, and gives
// back the lock of its file. To close the descriptor is not enough: the mapping keeps the file
// open, and its lock with it. Then nobody could join the ring, and its server could not remove it.
class HiddenName {
 public:
  // Nothing where the path is empty.
  HiddenName(const std::string& path, int fd) : path_(path), fd_(fd) {}
  ~HiddenName() {
    if (path_.empty()) return;
    unlink(path_.c_str());
    flock(fd_, LOCK_UN);
  }
  HiddenName(const HiddenName&) = delete;
  HiddenName& operator=(const HiddenName&) = delete;

 private:
  const std::string path_;
  const int fd_;
};

}  // namespace ringside
