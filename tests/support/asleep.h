// Whether a thread sleeps in a system call. Takes no memory, so a process that forks may ask.
#pragma once

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

namespace ringside::test {

inline bool sleeps(pid_t task) {
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%d/stat", task);
  char text[256];
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  const ssize_t bytes = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
  if (fd >= 0) close(fd);
  text[bytes > 0 ? bytes : 0] = '\0';
  const char* after_name = std::strrchr(text, ')');
  return after_name != nullptr && std::strncmp(after_name, ") S", 3) == 0;
}

}  // namespace ringside::test
