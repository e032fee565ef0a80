// What fork() does to the library: a child has no lane, no place and no thread but the one that
// forked.
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

#include "producer/hot_path.h"
#include "producer/place.h"
#include "producer/runtime.h"
#include "producer/state.h"
#include "producer/thread_lane.h"

namespace ringside {
namespace detail {

const std::string* g_forked_while_starting = nullptr;
const std::string* g_forked_while_writing = nullptr;

namespace {

// fork() waits for nobody inside of start(). For a registration it waits 2 ms at most. If that one
// takes longer, the tables are half changed in the child, and the child can register nothing.
constexpr std::int64_t kForkWaitsNs = 2'000'000;
__thread std::uint64_t t_holder_at_fork = 0;
__thread bool t_registrar_at_fork = false;
__thread bool t_writing_at_fork = false;

// This process has no ring any more, or none yet.
void go_untraced(const std::string* why) {
  g_switches.store(kAllOff, std::memory_order_relaxed);
  g_segment.store(nullptr, std::memory_order_relaxed);
  static_cast<void>(runtime().segment.release());
  g_why.store(why, std::memory_order_relaxed);
  g_phase.store(Phase::untraced, std::memory_order_relaxed);
}

void before_fork() {
  const KeepErrno keep_errno;
  const Uncancelled uncancelled;
  t_holder_at_fork = this_holder();
  // The handlers are registered twice where a process was forked while another of its threads
  // registered them. The second call finds what the first one did.
  if (!t_registrar_at_fork)
    t_registrar_at_fork = take(g_registrar, kForkWaitsNs, kForking);
  t_writing_at_fork = !close_lane_for_fork();
}
void after_fork_in_parent() {
  open_lane_after_fork();
  if (t_registrar_at_fork) give_back(g_registrar);
  t_registrar_at_fork = false;
  t_writing_at_fork = false;
}
// The child has one thread, this one, and no lane: the lane belongs to the parent.
void after_fork_in_child() {
  forget_lane();
  OwnerLock::forget_calls();
  this_is_a_child();
  // Who forked has the tables whole. So has a thread that was about to fork, too.
  if (t_registrar_at_fork || is_forking(g_registrar)) give_back(g_registrar);
  t_registrar_at_fork = false;
  const std::uint64_t starter = g_starter.load(std::memory_order_relaxed);
  if (starter != 0 && starter != t_holder_at_fork) {
    // The thread inside of start() is not in the child. Its ring, if it has made one, is the
    // parent's alone.
    go_untraced(g_forked_while_starting);
    give_back(g_starter);
  }
  // When the handler returns, this thread goes on with what its parent's thread was writing.
  if (Segment* segment = g_segment.load(std::memory_order_relaxed);
      t_writing_at_fork && segment != nullptr) {
    static_cast<void>(segment->part());
    if (g_phase.load(std::memory_order_relaxed) == Phase::traced)
      go_untraced(g_forked_while_writing);
  }
  t_writing_at_fork = false;
  // Read it before any other thread of the child can claim a lane under its parent's identity.
  if (g_segment.load(std::memory_order_relaxed) != nullptr) g_self = self_identity();
  forget_place();
}

}  // namespace

bool handles_forks() {
  const SignalsHeldBack held_back;
  constexpr std::int64_t kDone = -1;
  static std::atomic<std::int64_t> state{0};   // 0; the pid of who registers; kDone
  const std::int64_t self = getpid();
  for (int tries = 0; tries < 20'000; ++tries) {
    std::int64_t found = state.load(std::memory_order_acquire);
    if (found == kDone) return true;
    if (found == self) {   // another thread is at it
      const timespec pause{0, 50'000};
      nanosleep(&pause, nullptr);
      continue;
    }
    // A pid that is not ours is that of a parent whose thread was at it. That thread is not here.
    if (!state.compare_exchange_strong(found, self)) continue;
    const bool registered =
        pthread_atfork(&before_fork, &after_fork_in_parent, &after_fork_in_child) == 0;
    state.store(registered ? kDone : 0, std::memory_order_release);
    return registered;
  }
  return false;
}

}  // namespace detail
}  // namespace ringside
