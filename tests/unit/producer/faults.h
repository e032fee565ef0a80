// System calls that fail when a test says so, or before which something happens. Linked in with
// -Wl,--wrap (CMakeLists.txt), so the code under test is unchanged. And the named points of the
// protocol, as a list of those that were reached.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "shm/test_points.h"

namespace ringside::test {

class Fault {
 public:
  // The next calls fail with this error, after `skip` more that do what they always do. Only calls
  // whose path has `part` in it count, where a call has a path. An error of 0: they don't fail.
  void arm(int error, int skip = 0, int times = 1, const std::string& part = "");
  // The call after `skip` more is made after this has run.
  void before(std::function<void()> action, int skip = 0);
  void disarm();
  // For the replaced call: whether it fails now. errno is set.
  bool strikes(const char* path = nullptr);
  int calls() const { return calls_; }  // since it was armed, those that count

 private:
  int skip_ = 0;
  int times_ = 0;
  int error_ = 0;
  int calls_ = 0;
  bool armed_ = false;
  std::string part_;
  std::function<void()> action_;
};

// One for each replaced call. All are disarmed, and what was noted is forgotten, while there is no
// Faults.
struct Faults {
  Fault open, read, pread, fstat, flock, fchown, fchmod, ftruncate, fallocate, getrandom, linkat,
      rename, unlink, madvise, mmap, key_create, at_fork, at_exit, trylock, unlock;
  std::size_t read_at_most = SIZE_MAX;  // bytes that one read() gives
  std::int64_t clock_takes_ns = 0;      // each read of CLOCK_MONOTONIC, besides
  std::function<void()> before_key_create;  // what happens meanwhile; once
  std::int64_t slept_ns = 0;            // what nanosleep() was asked for; it returns at once

  Faults();
  ~Faults();
  Faults(const Faults&) = delete;
  Faults& operator=(const Faults&) = delete;
};

// The points that this process's threads reach while it exists, in order, one space behind each.
class Steps {
 public:
  Steps();
  ~Steps();
  Steps(const Steps&) = delete;
  Steps& operator=(const Steps&) = delete;
  // At each point: `then(name)`.
  void at_each(std::function<void(const std::string&)> then);
  std::string take();  // and forgets them
};

}  // namespace ringside::test
