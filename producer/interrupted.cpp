#include "producer/interrupted.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace ringside {
namespace detail {

namespace {
std::atomic<std::uint64_t> g_forks;
}  // namespace

std::uint32_t current_tid() { return static_cast<std::uint32_t>(syscall(SYS_gettid)); }

std::uint64_t this_holder() {
  return g_forks.load(std::memory_order_relaxed) << 32 | current_tid();
}

void this_is_a_child() { g_forks.fetch_add(1, std::memory_order_relaxed); }

bool take(Latch& latch, std::int64_t most_ns, std::uint64_t flags) {
  constexpr std::int64_t kPauseNs = 50'000;
  const std::uint64_t self = this_holder();
  for (std::int64_t waited_ns = 0;; waited_ns += kPauseNs) {
    std::uint64_t other = 0;
    if (latch.compare_exchange_strong(other, self | flags, std::memory_order_acquire)) return true;
    other &= ~kForking;
    const bool never_given_back = other == self || other >> 32 != self >> 32;
    if (never_given_back || waited_ns >= most_ns) return false;
    const timespec pause{0, kPauseNs};
    nanosleep(&pause, nullptr);
  }
}

}  // namespace detail
}  // namespace ringside
