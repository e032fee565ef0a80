// The circuit breaker before the database's writer.
//
//            `after` failures in a row                 `open_for` is over
//   closed ───────────────────────────> open ───────────────────────────> half-open
//      ^                                 ^                                   │   │
//      │                                 └────────── the probe failed ───────┘   │
//      └──────────────────────── the probe succeeded ────────────────────────────┘
//
// A failure is a failed attempt. Any thread may ask state() and refuses(). Only the writer's thread
// may call admit(), success() and failure().
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "tools/chat/trace.h"

namespace chatd {

class Breaker {
 public:
  enum class State : std::uint8_t {
#define RINGSIDE_CHAT_BREAKER_STATE(name, text) name,
#include "shm/chat_words.def"
  };
  using Clock = std::chrono::steady_clock;

  Breaker(int after, std::chrono::milliseconds open_for);

  State state() const { return state_.load(std::memory_order_relaxed); }

  // True while the breaker is open and its time is not over: the caller refuses without queueing.
  bool refuses(Clock::time_point now = Clock::now()) const;

  enum class Admission : std::uint8_t { all, one, none };
  Admission admit(Clock::time_point now = Clock::now());

  void success();
  void failure(Op op, Clock::time_point now = Clock::now());

 private:
  void become(State next);

  const int after_;
  const std::chrono::milliseconds open_for_;
  std::atomic<State> state_{State::closed};
  // Relaxed, like state_. A reader that sees the old value refuses or queues one command too many,
  // and the writer decides again about a queued one. Nothing else is published through the two.
  std::atomic<Clock::rep> open_until_{0};
  int failures_ = 0;
  trace::Stamp since_;          // when the present state began
  trace::Stamp first_failure_;  // valid while failures_ > 0
  Op failed_op_{};
};

}  // namespace chatd
