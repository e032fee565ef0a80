/* Loaded into the server by LD_PRELOAD: a disk on which each write takes SLOW_DISK_MS milliseconds,
 * as long as the file SLOW_DISK exists. SQLite writes through pwrite64(). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
  ssize_t (*real)(int, const void *, size_t, off64_t);
  *(void **)&real = dlsym(RTLD_NEXT, "pwrite64");
  const char *file = getenv("SLOW_DISK");
  const char *ms = getenv("SLOW_DISK_MS");
  if (file != NULL && ms != NULL && access(file, F_OK) == 0) {
    const long rest = atol(ms);
    const struct timespec pause = {rest / 1000, rest % 1000 * 1000000};
    nanosleep(&pause, NULL);
  }
  return real(fd, bytes, count, offset);
}
