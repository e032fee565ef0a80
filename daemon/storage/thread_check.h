// Asserts that a class is used by the thread it belongs to. For our own mistakes only.
#pragma once

#include <atomic>
#include <thread>

namespace ringside {

// Belongs to the thread that made it, until another one takes it over.
//
//   RINGSIDE_ASSERT(thread_.is_current());
class ThreadCheck {
 public:
  ThreadCheck() : owner_(std::this_thread::get_id()) {}

  void take_over() { owner_.store(std::this_thread::get_id(), std::memory_order_relaxed); }
  // Belongs to no thread until the next take_over().
  void release() { owner_.store(std::thread::id(), std::memory_order_relaxed); }
  bool is_current() const {
    return owner_.load(std::memory_order_relaxed) == std::this_thread::get_id();
  }

 private:
  // Atomic only so that a wrong caller is a failed assert and not a data race.
  std::atomic<std::thread::id> owner_;
};

}  // namespace ringside
