// What keeps calls whole that something interrupts: the thread's cancellation, a signal handler, or
// fork(). For what runs once; nothing of it is on the way of a record in an open lane.
#pragma once

#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <cerrno>
#include <cstdint>

namespace ringside {
namespace detail {

// Keeps errno. A signal handler that traces must leave it to the code that it interrupted.
class KeepErrno {
 public:
  KeepErrno() : saved_(errno) {}
  ~KeepErrno() { errno = saved_; }
  KeepErrno(const KeepErrno&) = delete;
  KeepErrno& operator=(const KeepErrno&) = delete;

 private:
  int saved_;
};

// Puts off the end of a thread that is cancelled. It would unwind through functions that are
// noexcept, which ends the process, and would leave a claim half done.
//
// A thread that may be cancelled at any instruction becomes one that is cancelled at cancellation
// points. Given back, that state would take effect in here at once. POSIX lets a thread in that
// state call next to nothing anyway.
class Uncancelled {
 public:
  Uncancelled() {
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state_);
    int type;
    pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type);
  }
  ~Uncancelled() {
    int disabled;
    pthread_setcancelstate(state_, &disabled);
  }
  Uncancelled(const Uncancelled&) = delete;
  Uncancelled& operator=(const Uncancelled&) = delete;

 private:
  int state_ = PTHREAD_CANCEL_ENABLE;
};

// Holds back the thread's signals. A handler that ends the process must not do so inside a call of
// the C library whose lock the exit takes, too.
class SignalsHeldBack {
 public:
  SignalsHeldBack() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  ~SignalsHeldBack() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsHeldBack(const SignalsHeldBack&) = delete;
  SignalsHeldBack& operator=(const SignalsHeldBack&) = delete;

 private:
  sigset_t before_;
};

// A lock as the number of its holder: of a thread, above it the number of forks between the first
// process and that thread's, and kForking. 0: nobody.
using Latch = std::atomic<std::uint64_t>;
inline constexpr std::uint64_t kForking = std::uint64_t{1} << 63;

// The calling thread as a holder. A forked child calls this_is_a_child() first.
std::uint64_t this_holder();
void this_is_a_child();
std::uint32_t current_tid();

// Takes a lock that never hangs. It is refused to a signal handler that interrupted its holder, in
// a forked child whose parent's other thread held it, and to who has waited for too long. Waits in
// steps of 50 us.
bool take(Latch& latch, std::int64_t most_ns, std::uint64_t flags = 0);
inline void give_back(Latch& latch) { latch.store(0, std::memory_order_release); }
// Whether its holder holds it for no more than a fork().
inline bool is_forking(const Latch& latch) {
  return (latch.load(std::memory_order_relaxed) & kForking) != 0;
}

class HeldBy {
 public:
  explicit HeldBy(Latch& latch, std::int64_t most_ns = 1'000'000'000)
      : latch_(latch), held_(take(latch, most_ns)) {}
  ~HeldBy() {
    if (held_) give_back(latch_);
  }
  HeldBy(const HeldBy&) = delete;
  HeldBy& operator=(const HeldBy&) = delete;
  explicit operator bool() const { return held_; }

 private:
  Latch& latch_;
  bool held_;
};

}  // namespace detail
}  // namespace ringside
