// What is to be sent, by whom and when: a pure function of the seed. Neither the number of threads
// nor anything that the server does changes it, so two runs with one seed put the same operations
// in the same order.
//
// The fields of a request come from the operation's own `draw`. Ids that the server hands out
// (rooms, messages) cannot be known here; the draw picks among those that the client has learned
// (request.h).
#pragma once

#include <cstdint>

#include "tools/load/mix.h"
#include "tools/load/operations.h"

namespace ringside::load {

// SplitMix64 (Steele, Lea, Flood 2014). Not from <random>: seeding a Mersenne twister for each
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
  // 0 <= result < limit, limit > 0. The bias of the multiplication is limit / 2^32: nothing that a
  // load shows.
  std::uint32_t below(std::uint32_t limit) {
    return static_cast<std::uint32_t>(((next() >> 32) * limit) >> 32);
  }
  // 0 <= result < 1
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

struct Plan {
  std::uint64_t number = 0;      // counts from 0
  Op op = Op::none;
  std::uint32_t client = 0;      // whose turn it is
  bool by_password =
      false;  // AUTHENTICATION: one in ten with the password, the others with the token
  std::int64_t intended_ns = 0;  // after the start of the load; 0 in a closed loop
  std::uint64_t draw = 0;        // seeds the fields
};

class Schedule {
 public:
  // rate_per_s 0: a closed loop, where client c sends the operations c, c + clients, c + 2 *
  // clients, ... Above 0: an open loop with exponential gaps, as many independent users make them.
  Schedule(std::uint64_t seed, const Mix& mix, std::uint32_t clients, double rate_per_s);

  // Operation `number`, without its time.
  Plan at(std::uint64_t number) const;
  // The next operation of the open loop, with its time.
  Plan next();

  // The last few clients of a large crowd stand at the door of an open loop: they register the
  // newcomers and log in with passwords. A person does not chat on a connection that waits for a
  // password hash; without them whatever is sent behind a REGISTRATION would be charged with its
  // tens of milliseconds.
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
