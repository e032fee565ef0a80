#include "tools/chat/security/guard.h"

#include <algorithm>

namespace chatd {

bool TokenBucket::take(SteadyTime now) {
  if (filled_ != SteadyTime{}) {
    const double seconds = std::chrono::duration<double>(now - filled_).count();
    tokens_ = std::min(burst_, tokens_ + std::max(seconds, 0.0) * rate_);
  }
  filled_ = now;
  if (tokens_ < 1.0) return false;
  tokens_ -= 1.0;
  return true;
}

bool Burst::hit(SteadyTime now) {
  if (count_ == 0 || now - began_ > window_) {
    count_ = 0;
    began_ = now;
  }
  if (++count_ < limit_) return false;
  count_ = 0;
  return true;
}

void AddressBlocks::forget_old(Entry& entry, SteadyTime now) const {
  while (!entry.failures.empty() && now - entry.failures.front() > options_.block_window)
    entry.failures.pop_front();
}

std::int64_t AddressBlocks::attempt(std::uint64_t address_id, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(address_id);
  if (found == entries_.end() || found->second.blocked_until <= now) return 0;
  return ++found->second.during;
}

AddressBlocks::Failure AddressBlocks::failed(std::uint64_t address_id, const std::string& address,
                                             SteadyTime now) {
  if (options_.block_after <= 0) return {};
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[address_id];
  entry.address = address;
  forget_old(entry, now);
  entry.failures.push_back(now);
  Failure failure;
  failure.failures = static_cast<int>(entry.failures.size());
  // True for a guess that was under way when the block began.
  const bool already = entry.blocked_until > now;
  failure.guessing = !already && failure.failures == (options_.block_after + 1) / 2;
  if (!already && failure.failures >= options_.block_after) {
    failure.blocked = true;
    entry.blocked_until = now + options_.block_for;
    entry.before = failure.failures;
    entry.during = 0;
    entry.failures.clear();
  }
  return failure;
}

std::vector<AddressBlocks::Ended> AddressBlocks::sweep(SteadyTime now) {
  std::vector<Ended> ended;
  const std::lock_guard lock(mutex_);
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    forget_old(entry->second, now);
    if (entry->second.before > 0 && entry->second.blocked_until <= now) {
      ended.push_back({entry->second.address, entry->second.before, entry->second.during});
      entry->second.before = 0;
    }
    const bool empty = entry->second.failures.empty() && entry->second.blocked_until <= now;
    entry = empty ? entries_.erase(entry) : std::next(entry);
  }
  return ended;
}

int Suspensions::strike(std::int64_t user, SteadyTime now) {
  if (options_.suspend_after <= 0 || user == 0) return 0;
  const std::lock_guard lock(mutex_);
  auto& strikes = strikes_[user];
  while (!strikes.empty() && now - strikes.front() > options_.strike_window) strikes.pop_front();
  strikes.push_back(now);
  const int count = static_cast<int>(strikes.size());
  if (count < options_.suspend_after) return 0;
  strikes_.erase(user);
  until_[user] = now + options_.suspend_for;
  return count;
}

bool Suspensions::suspended(std::int64_t user, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  const auto found = until_.find(user);
  if (found == until_.end()) return false;
  if (found->second > now) return true;
  until_.erase(found);
  return false;
}

void Suspensions::suspend_until(std::int64_t user, SteadyTime until) {
  const std::lock_guard lock(mutex_);
  until_[user] = until;
}

}  // namespace chatd
