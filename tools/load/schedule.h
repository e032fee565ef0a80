// What is sent, by whom and when: a pure function of the seed. Neither the number of threads nor
// the server's behaviour changes it. So two runs with one seed have the same operations in the same
// order.
//
// The fields of a request come from the operation's own `draw`. The schedule cannot know ids that
// the server hands out (rooms, messages). The draw picks among those that the client has learned
// (request.h).
#pragma once

#include <cstdint>

#include "tools/load/mix.h"
#include "tools/load/operations.h"

namespace ringside::load {

// SplitMix64 (Steele, Lea, Flood 2014). Rejected: <random>. Seeding a Mersenne twister for each
// operation costs more than the request, and the library's distributions differ between
// implementations.
class Rng {
 public:
  explicit Rng(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }
  // 0 <= result < limit, for limit > 0. The multiplication has a bias of limit / 2^32, which shows
  // in no load.
  std::uint32_t below(std::uint32_t limit) {
    return static_cast<std::uint32_t>(((next() >> 32) * limit) >> 32);
  }
  // 0 <= result < 1.
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

struct Plan {
  std::uint64_t number = 0;      // counts from 0
  Op op = Op::none;
  std::uint32_t client = 0;      // the client whose turn it is
  bool by_password = false;      // AUTHENTICATION: one in ten with the password, the rest by token
  std::int64_t intended_ns = 0;  // after the start of the load; 0 in a closed loop
  std::uint64_t draw = 0;        // the seed of the fields
};

class Schedule {
 public:
  // rate_per_s 0 is a closed loop: client c sends the operations c, c + clients, c + 2 * clients
  // and so on. Above 0 is an open loop with exponential gaps, as many independent users make them.
  Schedule(std::uint64_t seed, const Mix& mix, std::uint32_t clients, double rate_per_s);

  // Operation `number`, without its time.
  Plan at(std::uint64_t number) const;
  // The next operation of the open loop, with its time.
  Plan next();

  // How many clients are kept for slow requests: 0 in a closed loop or below 8 clients, else one in
  // 64 and at least one. They are the last clients. They alone register newcomers and log in with
  // passwords. A person does not chat on a connection that waits for a password hash. Without these
  // clients every request behind a REGISTRATION would be charged with the tens of milliseconds of
  // its hash.
  std::uint32_t doors() const { return doors_; }

 private:
  std::uint64_t seed_;
  std::uint32_t clients_;
  std::uint32_t doors_;
  double mean_gap_ns_;
  std::uint64_t next_number_ = 0;
  double next_ns_ = 0;
  double cumulative_[kOpCount] = {};
};

}  // namespace ringside::load
