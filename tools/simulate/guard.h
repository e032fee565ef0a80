// Failed logins and rejected tokens by address: what the server says of them, and whom it blocks,
// as tools/chat/security/guard.h has it. Ten failures within a minute block an address for five
// minutes.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "tools/simulate/request.h"
#include "tools/simulate/site.h"

namespace ringside::simulate {

class Guard {
 public:
  explicit Guard(Site& site) : site_(site) {}

  // True when the address is blocked. Then the attempt is counted and said.
  bool blocked(const Request& request, std::uint32_t lane);
  void failed(const Request& request, Event event, std::uint32_t lane);
  void begin_anew() {
    addresses_.clear();
    clean_at_ = kCleanAt;
  }

 private:
  static constexpr std::size_t kBlockAfter = 10;
  static constexpr Ns kWindow = kMinuteNs;
  static constexpr Ns kBlock = 5 * kMinuteNs;
  static constexpr std::size_t kCleanAt = 1000;
  struct Address {
    std::vector<Ns> failures;  // of the last minute
    Ns blocked_until = 0;
    std::int64_t before = 0, during = 0;
  };
  // Those that are not blocked, and have not failed within the window.
  void forget_old();
  void say(Event event, const Request& request, std::int64_t value, Outcome outcome,
           std::uint32_t lane);

  Site& site_;
  std::unordered_map<std::uint64_t, Address>
      addresses_;  // what is done does not depend on their order
  std::size_t clean_at_ = kCleanAt;
  Ns cleaned_ = 0;
};

}  // namespace ringside::simulate
