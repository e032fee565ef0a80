#include "tools/simulate/guard.h"

#include <algorithm>

namespace ringside::simulate {

void Guard::say(Event event, const Request& request, std::int64_t value, Outcome outcome,
                std::uint32_t lane) {
  Happened happened;
  happened.event = event;
  happened.at = site_.now;
  happened.outcome = outcome;
  happened.value = value;
  happened.during = request.op;
  // As the reference server does it: the account that a wrong password was for. It looks up none
  // for a token, nor for an address that is blocked.
  happened.actor = event == Event::LOGIN_FAILED && request.subject.kind == SubjectKind::user
                       ? Actor{ActorKind::user, request.subject.id}
                       : request.actor;
  happened.subject = {SubjectKind::address, request.address};
  site_.ring.write(happened, lane);
}

bool Guard::blocked(const Request& request, std::uint32_t lane) {
  const auto found = addresses_.find(request.address);
  if (found == addresses_.end() || site_.now >= found->second.blocked_until) return false;
  say(Event::BLOCKED_ATTEMPT, request, ++found->second.during, Outcome::limited, lane);
  return true;
}

void Guard::failed(const Request& request, Event event, std::uint32_t lane) {
  if (addresses_.size() >= clean_at_ || site_.now - cleaned_ >= 60 * kMinuteNs) forget_old();
  Address& address = addresses_[request.address];
  std::erase_if(address.failures, [this](Ns at) { return at <= site_.now - kWindow; });
  address.failures.push_back(site_.now);
  ++address.before;
  const std::size_t failures = address.failures.size();
  say(event, request, static_cast<std::int64_t>(failures), Outcome::denied, lane);
  if (failures == kBlockAfter / 2) say(Event::THREAT_PATTERN, request, 1, Outcome::denied, lane);
  if (failures < kBlockAfter) return;
  address.failures.clear();
  address.blocked_until = site_.now + kBlock;
  address.during = 0;
  say(Event::IP_BLOCK, request, address.before, Outcome::limited, lane);
}

void Guard::forget_old() {
  std::erase_if(addresses_, [this](const auto& one) {
    const Address& address = one.second;
    return site_.now >= address.blocked_until &&
           (address.failures.empty() || address.failures.back() <= site_.now - kWindow);
  });
  cleaned_ = site_.now;
  clean_at_ = std::max(kCleanAt, 2 * addresses_.size());
}

}  // namespace ringside::simulate
