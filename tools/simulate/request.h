// One request that the server has and has not answered yet.
#pragma once

#include <array>
#include <cstdint>
#include <map>

#include "tools/simulate/ring.h"

namespace ringside::simulate {

inline constexpr std::uint32_t kNobody = UINT32_MAX;

struct Request {
  Op op{};
  std::uint32_t client = kNobody;  // who waits for the answer; kNobody: an attacker, or nobody
  std::uint32_t asked = 0;         // the client's number of the request
  std::uint64_t version = 0;       // of the client's program
  Actor actor;
  Subject subject;
  std::uint64_t address = 0;
  bool wrong_password = false;
  bool answering = false;  // the answer is on its way
  Outcome outcome = Outcome::ok;
  Code code = Code::none;
  Ns arrived = 0;
  Ns waiting_since = 0;  // in the present queue
  std::array<Ns, kStagesOfOp> stages{};
};

// The requests that are not answered yet, by number. What thousands of them took is given back, so
// that a long run shows what the daemon holds.
class Requests {
 public:
  std::uint32_t add(const Request& request) {
    all_.emplace_hint(all_.end(), next_, request);
    return next_++;
  }
  Request& at(std::uint32_t number) { return all_.at(number); }
  const Request& at(std::uint32_t number) const { return all_.at(number); }
  void remove(std::uint32_t number) { all_.erase(number); }
  void clear() { all_.clear(); }

 private:
  std::map<std::uint32_t, Request> all_;
  std::uint32_t next_ = 0;  // of 4 billion numbers the old ones are long free
};

}  // namespace ringside::simulate
