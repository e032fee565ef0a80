#include "tests/unit/daemon/storage/faults.h"

#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>

namespace ringside::test {
namespace {

struct Fault {
  bool set = false;
  int error = 0;
  int after = 0;
};
std::array<Fault, 7> g_faults;

bool fails(Call call) {
  Fault& fault = g_faults[static_cast<std::size_t>(call)];
  if (!fault.set || fault.after-- > 0) return false;
  fault.set = false;
  errno = fault.error;
  return true;
}

}  // namespace

void fail(Call call, int error, int after) {
  g_faults[static_cast<std::size_t>(call)] = {true, error, after};
}

}  // namespace ringside::test

extern "C" {

ssize_t __real_read(int fd, void* to, std::size_t bytes);
ssize_t __real_write(int fd, const void* from, std::size_t bytes);
ssize_t __real_pwrite(int fd, const void* from, std::size_t bytes, off_t at);
int __real_fsync(int fd);
int __real_ftruncate(int fd, off_t bytes);
int __real_flock(int fd, int operation);
int __real_close(int fd);

ssize_t __wrap_read(int fd, void* to, std::size_t bytes) {
  return ringside::test::fails(ringside::test::Call::read) ? -1 : __real_read(fd, to, bytes);
}
ssize_t __wrap_write(int fd, const void* from, std::size_t bytes) {
  return ringside::test::fails(ringside::test::Call::write) ? -1 : __real_write(fd, from, bytes);
}
ssize_t __wrap_pwrite(int fd, const void* from, std::size_t bytes, off_t at) {
  return ringside::test::fails(ringside::test::Call::pwrite) ? -1
                                                             : __real_pwrite(fd, from, bytes, at);
}
int __wrap_fsync(int fd) {
  return ringside::test::fails(ringside::test::Call::fsync) ? -1 : __real_fsync(fd);
}
int __wrap_ftruncate(int fd, off_t bytes) {
  return ringside::test::fails(ringside::test::Call::ftruncate) ? -1 : __real_ftruncate(fd, bytes);
}
int __wrap_flock(int fd, int operation) {
  return ringside::test::fails(ringside::test::Call::flock) ? -1 : __real_flock(fd, operation);
}
int __wrap_close(int fd) {
  const int result = __real_close(fd);
  return ringside::test::fails(ringside::test::Call::close) ? -1 : result;
}

}  // extern "C"
