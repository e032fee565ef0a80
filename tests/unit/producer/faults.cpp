#include "tests/unit/producer/faults.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <utility>

namespace ringside::test {

namespace {

Faults* g_faults = nullptr;

const char* const kPointNames[] = {
#define RINGSIDE_STEP_NAME(name) #name,
    RINGSIDE_TEST_POINT_LIST(RINGSIDE_STEP_NAME)
#undef RINGSIDE_STEP_NAME
};
std::string g_steps;
std::function<void(const std::string&)> g_then;

void note_step(TestPoint point) {
  const std::string name = kPointNames[static_cast<unsigned>(point)];
  g_steps += name + " ";
  if (g_then) g_then(name);
}

bool strikes(Fault Faults::*call, const char* path = nullptr) {
  return g_faults != nullptr && (g_faults->*call).strikes(path);
}

}  // namespace

void Fault::arm(int error, int skip, int times, const std::string& part) {
  disarm();
  error_ = error;
  skip_ = skip;
  times_ = times;
  part_ = part;
  armed_ = true;
}

void Fault::before(std::function<void()> action, int skip) {
  arm(0, skip);
  action_ = std::move(action);
}

void Fault::disarm() { *this = Fault(); }

bool Fault::strikes(const char* path) {
  if (!armed_ || (path != nullptr && std::string(path).find(part_) == std::string::npos))
    return false;
  ++calls_;
  if (calls_ <= skip_ || calls_ > skip_ + times_) return false;
  if (action_) action_();
  errno = error_;
  return error_ != 0;
}

Faults::Faults() { g_faults = this; }
Faults::~Faults() { g_faults = nullptr; }

Steps::Steps() {
  g_steps.clear();
  g_test_point_hook.store(&note_step);
}
Steps::~Steps() {
  g_test_point_hook.store(nullptr);
  g_then = nullptr;
}
void Steps::at_each(std::function<void(const std::string&)> then) { g_then = std::move(then); }
std::string Steps::take() { return std::exchange(g_steps, {}); }

}  // namespace ringside::test

using ringside::test::Faults;
using ringside::test::g_faults;
using ringside::test::strikes;

extern "C" {

int __real_open(const char* path, int flags, ...);
ssize_t __real_read(int fd, void* to, std::size_t bytes);
ssize_t __real_pread(int fd, void* to, std::size_t bytes, off_t offset);
int __real_fstat(int fd, struct stat* info);
int __real_flock(int fd, int operation);
int __real_fchown(int fd, uid_t user, gid_t group);
int __real_fchmod(int fd, mode_t mode);
int __real_ftruncate(int fd, off_t bytes);
int __real_posix_fallocate(int fd, off_t offset, off_t bytes);
ssize_t __real_getrandom(void* to, std::size_t bytes, unsigned flags);
int __real_linkat(int from, const char* old_path, int to, const char* new_path, int flags);
int __real_rename(const char* from, const char* to);
int __real_unlink(const char* path);
int __real_madvise(void* at, std::size_t bytes, int advice);
void* __real_mmap(void* at, std::size_t bytes, int protection, int flags, int fd, off_t offset);
int __real_clock_gettime(clockid_t clock, timespec* time);
int __real_nanosleep(const timespec* pause, timespec* rest);
int __real_pthread_key_create(pthread_key_t* key, void (*end)(void*));
int __real_pthread_atfork(void (*before)(), void (*parent)(), void (*child)());
int __real_pthread_mutex_trylock(pthread_mutex_t* mutex);
int __real_pthread_mutex_unlock(pthread_mutex_t* mutex);
int __real_atexit(void (*end)());

int __wrap_open(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = va_arg(list, mode_t);
  va_end(list);
  return strikes(&Faults::open, path) ? -1 : __real_open(path, flags, mode);
}
ssize_t __wrap_read(int fd, void* to, std::size_t bytes) {
  if (strikes(&Faults::read)) return -1;
  return __real_read(fd, to, g_faults != nullptr ? std::min(bytes, g_faults->read_at_most) : bytes);
}
ssize_t __wrap_pread(int fd, void* to, std::size_t bytes, off_t offset) {
  return strikes(&Faults::pread) ? 0 : __real_pread(fd, to, bytes, offset);
}
int __wrap_fstat(int fd, struct stat* info) {
  return strikes(&Faults::fstat) ? -1 : __real_fstat(fd, info);
}
int __wrap_flock(int fd, int operation) {
  return strikes(&Faults::flock) ? -1 : __real_flock(fd, operation);
}
int __wrap_fchown(int fd, uid_t user, gid_t group) {
  return strikes(&Faults::fchown) ? -1 : __real_fchown(fd, user, group);
}
int __wrap_fchmod(int fd, mode_t mode) {
  return strikes(&Faults::fchmod) ? -1 : __real_fchmod(fd, mode);
}
int __wrap_ftruncate(int fd, off_t bytes) {
  return strikes(&Faults::ftruncate) ? -1 : __real_ftruncate(fd, bytes);
}
int __wrap_posix_fallocate(int fd, off_t offset, off_t bytes) {
  return strikes(&Faults::fallocate) ? errno : __real_posix_fallocate(fd, offset, bytes);
}
ssize_t __wrap_getrandom(void* to, std::size_t bytes, unsigned flags) {
  return strikes(&Faults::getrandom) ? -1 : __real_getrandom(to, bytes, flags);
}
int __wrap_linkat(int from, const char* old_path, int to, const char* new_path, int flags) {
  return strikes(&Faults::linkat, new_path) ? -1
                                            : __real_linkat(from, old_path, to, new_path, flags);
}
int __wrap_rename(const char* from, const char* to) {
  return strikes(&Faults::rename, from) ? -1 : __real_rename(from, to);
}
int __wrap_unlink(const char* path) {
  return strikes(&Faults::unlink, path) ? -1 : __real_unlink(path);
}
int __wrap_madvise(void* at, std::size_t bytes, int advice) {
  return strikes(&Faults::madvise) ? -1 : __real_madvise(at, bytes, advice);
}
void* __wrap_mmap(void* at, std::size_t bytes, int protection, int flags, int fd, off_t offset) {
  return strikes(&Faults::mmap) ? MAP_FAILED
                                : __real_mmap(at, bytes, protection, flags, fd, offset);
}
int __wrap_clock_gettime(clockid_t clock, timespec* time) {
  const int result = __real_clock_gettime(clock, time);
  if (g_faults == nullptr || clock != CLOCK_MONOTONIC || g_faults->clock_takes_ns == 0)
    return result;
  const auto since_ns = [begun = *time](const timespec& now) {
    return (now.tv_sec - begun.tv_sec) * 1'000'000'000 + now.tv_nsec - begun.tv_nsec;
  };
  while (since_ns(*time) < g_faults->clock_takes_ns) __real_clock_gettime(clock, time);
  return result;
}
int __wrap_nanosleep(const timespec* pause, timespec* rest) {
  if (g_faults == nullptr) return __real_nanosleep(pause, rest);
  g_faults->slept_ns += pause->tv_sec * 1'000'000'000 + pause->tv_nsec;
  return 0;
}
int __wrap_pthread_key_create(pthread_key_t* key, void (*end)(void*)) {
  if (g_faults != nullptr && g_faults->before_key_create)
    std::exchange(g_faults->before_key_create, nullptr)();
  return strikes(&Faults::key_create) ? errno : __real_pthread_key_create(key, end);
}
int __wrap_pthread_atfork(void (*before)(), void (*parent)(), void (*child)()) {
  return strikes(&Faults::at_fork) ? errno : __real_pthread_atfork(before, parent, child);
}
int __wrap_pthread_mutex_trylock(pthread_mutex_t* mutex) {
  return strikes(&Faults::trylock) ? errno : __real_pthread_mutex_trylock(mutex);
}
int __wrap_pthread_mutex_unlock(pthread_mutex_t* mutex) {
  return strikes(&Faults::unlock) ? errno : __real_pthread_mutex_unlock(mutex);
}
int __wrap_atexit(void (*end)()) { return strikes(&Faults::at_exit) ? -1 : __real_atexit(end); }

}  // extern "C"
