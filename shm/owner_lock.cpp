#include "shm/owner_lock.h"

#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#ifndef __GLIBC__
#error "Ringside's owner locks need glibc: the first word of its mutexes is the futex"
#endif

namespace ringside {

namespace {

static_assert(sizeof(pthread_mutex_t) <= sizeof(OwnerLock));
static_assert(alignof(pthread_mutex_t) <= 8);

// The calling thread is inside of a call that changes its list of locks.
__thread bool t_in_call __attribute__((tls_model("initial-exec"))) = false;

class InCall {
 public:
  InCall() { set(true); }
  ~InCall() { set(false); }
  InCall(const InCall&) = delete;
  InCall& operator=(const InCall&) = delete;

 private:
  // Nothing of the call is moved past it, as a signal handler sees it.
  static void set(bool in_call) {
    std::atomic_signal_fence(std::memory_order_seq_cst);
    t_in_call = in_call;
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }
};

pthread_mutex_t* mutex_in(OwnerLock* lock) { return reinterpret_cast<pthread_mutex_t*>(lock); }

bool make_mutex(pthread_mutex_t* mutex, bool robust) {
  pthread_mutexattr_t attributes;
  if (pthread_mutexattr_init(&attributes) != 0) return false;
  const bool made =
      pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0 &&
      (!robust || pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0) &&
      pthread_mutex_init(mutex, &attributes) == 0;
  pthread_mutexattr_destroy(&attributes);
  return made;
}

// Whether the kernel looks at this process's locks when a thread ends. An emulator does not, though
// glibc makes robust mutexes there, too.
bool kernel_marks() {
  enum : int { kUnknown, kYes, kNo };
  static std::atomic<int> known{kUnknown};
  int answer = known.load(std::memory_order_relaxed);
  if (answer == kUnknown) {
    void* list = nullptr;
    std::size_t bytes = 0;
    answer = syscall(SYS_get_robust_list, 0, &list, &bytes) != 0 && errno == ENOSYS ? kNo : kYes;
    known.store(answer, std::memory_order_relaxed);
  }
  return answer == kYes;
}

bool make_either(pthread_mutex_t* mutex, bool* robust) {
  *robust = kernel_marks() && make_mutex(mutex, true);
  return *robust || make_mutex(mutex, false);
}

// Whether the bytes are a lock of the kind that make() makes here. Any other kind would make glibc
// do other things: count, inherit priorities, wait.
bool is_ours(const OwnerLock& lock) {
  pthread_mutex_t fresh;
  bool robust = false;
  return make_either(&fresh, &robust) &&
         fresh.__data.__kind == reinterpret_cast<const pthread_mutex_t&>(lock).__data.__kind;
}

}  // namespace

bool OwnerLock::make() {
  std::memset(static_cast<void*>(this), 0, sizeof *this);
  bool robust = false;
  make_either(mutex_in(this), &robust);
  return robust;
}

Holder OwnerLock::take() {
  if (t_in_call || holder() == Holder::alive || !is_ours(*this)) return Holder::alive;
  const InCall in_call;
  switch (pthread_mutex_trylock(mutex_in(this))) {
    case 0: return Holder::none;
    case EOWNERDEAD: pthread_mutex_consistent(mutex_in(this)); return Holder::died;
    default: return Holder::alive;
  }
}

Holder OwnerLock::take_within(unsigned wait_ms) {
  for (;; --wait_ms) {
    const Holder before = take();
    if (before != Holder::alive || wait_ms == 0 || t_in_call) return before;
    const timespec pause{0, 1'000'000};
    // The callers throw nothing, and to be cancelled here would throw.
    int before_pause = PTHREAD_CANCEL_ENABLE;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_pause);
    nanosleep(&pause, nullptr);
    pthread_setcancelstate(before_pause, nullptr);
  }
}

bool OwnerLock::give_back() {
  if (t_in_call) return false;
  // A lock that does not tell its holder has the word 1 while it is held.
  const std::uint32_t tid = word.load(std::memory_order_relaxed) & kTidMask;
  if (tid != 1 && tid != static_cast<std::uint32_t>(syscall(SYS_gettid))) return false;
  const InCall in_call;
  return pthread_mutex_unlock(mutex_in(this)) == 0;
}

void OwnerLock::forget_calls() { t_in_call = false; }

}  // namespace ringside
