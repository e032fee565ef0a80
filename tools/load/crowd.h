// What the threads of the load share: the settings, the home rooms, and the progress. The main
// thread waits here, and the workers report here.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "tools/load/settings.h"

namespace ringside::load {

struct Progress {
  std::uint32_t clients_at_barrier = 0;  // clients that are logged in and have made their rooms
  std::uint32_t clients_ready = 0;
  bool incidents_prepared = false;       // incidents have what they need to begin, e.g. accounts
  std::uint32_t workers_done = 0;        // workers that have sent every operation asked for
  std::uint32_t workers_drained = 0;     // threads with no open line, that of the incidents too
  std::uint64_t steps = 0;               // grows with each step that a client sets up
  std::uint32_t given_up = 0;            // clients that have given up
  std::string give_up_reason;            // of the first of them
  std::string failure;                   // why the set-up has failed; empty: it has not
  bool interrupted = false;
};

class Crowd {
 public:
  Crowd(const Settings& the_settings, const boost::asio::ip::tcp::endpoint& the_target,
        std::uint32_t rooms)
      : settings(the_settings), target(the_target), homes(rooms) {}

  const Settings& settings;
  const boost::asio::ip::tcp::endpoint target;
  // The client that creates a home writes its id. The others read it after the barrier.
  std::vector<std::int64_t> homes;

  template <typename Change>
  void report(Change change) {
    {
      const std::lock_guard lock(mutex_);
      change(progress_);
    }
    changed_.notify_all();
  }
  // Returns false when the deadline passes first.
  template <typename Condition>
  bool wait_until(std::chrono::steady_clock::time_point deadline, Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, deadline, [&] { return condition(progress_); });
  }
  Progress progress() {
    const std::lock_guard lock(mutex_);
    return progress_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  Progress progress_;
};

}  // namespace ringside::load
