// What the tests of hostile bytes share: the length of a run, and what holds at any moment.
#pragma once

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <new>

#include "daemon/rings/watch.h"
#include "shm/lane_reader.h"
#include "tests/support/process.h"

namespace ringside::test {

using SteadyClock = std::chrono::steady_clock;

inline bool long_run() {
  const char* value = std::getenv("RINGSIDE_TEST_LONG");
  return value != nullptr && *value != '\0';
}

// A deadline for what must happen. It is far longer than that ever takes, so a test that misses it
// hangs.
inline SteadyClock::time_point deadline() { return SteadyClock::now() + std::chrono::seconds(60); }

// A process that runs `work` until the object's destructor kills it. `work` counts its steps in
// shared memory.
class Enemy {
 public:
  explicit Enemy(const std::function<void(std::atomic<std::uint64_t>&)>& work)
      : done_(new (mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))
                  std::atomic<std::uint64_t>(0)),
        pid_(spawn([&] {
          // A test that dies must not leave the process behind.
          prctl(PR_SET_PDEATHSIG, SIGKILL);
          work(*done_);
          return 0;
        })) {}
  ~Enemy() {
    kill(pid_, SIGKILL);
    wait_for(pid_);
    munmap(done_, 4096);
  }
  Enemy(const Enemy&) = delete;
  Enemy& operator=(const Enemy&) = delete;
  // How much `work` has done so far, in its own unit.
  std::uint64_t done() const { return done_->load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t>* done_;
  pid_t pid_;
};

inline void check_books(const LaneCursor& cursor) {
  REQUIRE(cursor.written() == cursor.read + cursor.lost);
  REQUIRE(cursor.rejected <= cursor.read);
  REQUIRE(cursor.holes.size() <= kMaxHoles);
}

inline void check_books(const Snapshot& snapshot) {
  const auto hold = [](const Books& books) {
    return books.balance() && books.rejected <= books.read;
  };
  REQUIRE(hold(snapshot.books));
  for (const RingView& ring : snapshot.rings) REQUIRE(hold(ring.books));
  for (const LaneView& lane : snapshot.lanes) REQUIRE(hold(lane.books));
}

}  // namespace ringside::test
