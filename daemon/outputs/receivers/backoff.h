// When a receiver that failed is tried again: after 1 s, 2 s, 4 s, ... up to a minute. Each pause
// is shortened at random by up to a half, so that daemons that lost the same receiver do not come
// back together. A receiver that says when (Retry-After) is not tried before.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>

namespace ringside {

struct BackoffLimits {
  std::int64_t first_ns = 1'000'000'000;
  std::int64_t most_ns = 60'000'000'000;
  // A receiver may not ask for a longer pause than this.
  std::int64_t most_asked_ns = 3600'000'000'000;
};

class Backoff {
 public:
  explicit Backoff(std::uint64_t seed, BackoffLimits limits = {})
      : limits_(limits), random_(seed), pause_ns_(limits.first_ns) {}

  // After another failure: how long to wait. `asked_ns`: what the receiver asked for, 0: nothing.
  std::int64_t after_failure(std::int64_t asked_ns = 0) {
    const std::int64_t half = pause_ns_ / 2;
    const auto jitter =
        static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(half + 1));
    const std::int64_t pause_ns = pause_ns_ - jitter;
    pause_ns_ = std::min(2 * pause_ns_, limits_.most_ns);
    return std::max(pause_ns, std::min(asked_ns, limits_.most_asked_ns));
  }
  void after_success() { pause_ns_ = limits_.first_ns; }

 private:
  const BackoffLimits limits_;
  std::mt19937_64 random_;
  std::int64_t pause_ns_;   // the next one, before it is shortened
};

}  // namespace ringside
