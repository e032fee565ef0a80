// What the threads of the load share: the settings, the home rooms, and how far everyone has come.
// The main thread waits here; workers report.
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
  std::uint32_t clients_at_barrier = 0;  // have an account and a room
  std::uint32_t clients_ready = 0;
  bool incidents_prepared = false;       // what they need before they begin: accounts
  std::uint32_t workers_done = 0;        // every operation that was asked for has been sent
  std::uint32_t workers_drained = 0;
  std::uint64_t steps = 0;               // grows whenever the set-up gets on
  std::uint32_t given_up = 0;
  std::string give_up_reason;
  std::string failure;                   // the set-up has failed
  bool interrupted = false;
};

class Crowd {
 public:
  Crowd(const Settings& the_settings, const boost::asio::ip::tcp::endpoint& the_target,
        std::uint32_t rooms)
      : settings(the_settings), target(the_target), homes(rooms) {}

  const Settings& settings;
  const boost::asio::ip::tcp::endpoint target;
  // Each is written by the client that creates it, and read by others after the barrier.
  std::vector<std::int64_t> homes;

  template <typename Change>
  void report(Change change) {
    {
      const std::lock_guard lock(mutex_);
      change(progress_);
    }
    changed_.notify_all();
  }
  // False when the deadline passed first.
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
