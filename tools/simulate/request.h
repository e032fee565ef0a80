// One request that the server has and has not answered yet.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

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

// Requests by number; a number is used again when its request has been answered.
class Requests {
 public:
  std::uint32_t add(const Request& request) {
    if (free_.empty()) {
      all_.push_back(request);
      return static_cast<std::uint32_t>(all_.size() - 1);
    }
    const std::uint32_t number = free_.back();
    free_.pop_back();
    all_[number] = request;
    return number;
  }
  Request& at(std::uint32_t number) { return all_[number]; }
  const Request& at(std::uint32_t number) const { return all_[number]; }
  void remove(std::uint32_t number) { free_.push_back(number); }
  void clear() {
    all_.clear();
    free_.clear();
  }

 private:
  std::vector<Request> all_;
  std::vector<std::uint32_t> free_;
};

}  // namespace ringside::simulate
