// A thread that has done something and waits until it is let go.
#pragma once

#include <atomic>
#include <functional>
#include <thread>
#include <utility>

namespace ringside::test {

class Held {
 public:
  // `body` has run when this returns.
  explicit Held(std::function<void()> body)
      : thread_([this, body = std::move(body)] {
          body();
          ready_.store(true);
          while (!end_.load()) std::this_thread::yield();
        }) {
    while (!ready_.load()) std::this_thread::yield();
  }
  ~Held() {
    end_.store(true);
    thread_.join();
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

 private:
  std::atomic<bool> ready_{false};
  std::atomic<bool> end_{false};
  std::thread thread_;
};

}  // namespace ringside::test
