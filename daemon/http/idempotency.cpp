#include "daemon/http/idempotency.h"

#include <algorithm>

namespace ringside::http {

std::size_t Idempotency::Entry::bytes() const {
  return body.size() + (answer ? answer->body.size() : 0);
}

void Idempotency::drop(const std::string& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  bytes_ -= found->second.bytes();
  entries_.erase(found);
  order_.erase(std::find(order_.begin(), order_.end(), key));
}

void Idempotency::make_room(std::int64_t now_wall_ns) {
  while (!order_.empty()) {
    const Entry& oldest = entries_.at(order_.front());
    const bool old = now_wall_ns - oldest.begun_wall_ns > kKeptNs;
    if (!old && entries_.size() <= kMost && bytes_ <= kMostBytes) return;
    drop(std::string(order_.front()));
  }
}

Idempotency::Begun Idempotency::begin(const std::string& key, const std::string& body,
                                      std::int64_t now_wall_ns) {
  const std::lock_guard lock(mutex_);
  make_room(now_wall_ns);
  if (const auto found = entries_.find(key); found != entries_.end()) {
    const Entry& entry = found->second;
    if (entry.body != body) return {Is::other_body, std::nullopt};
    if (!entry.answer) return {Is::under_way, std::nullopt};
    return {Is::same, entry.answer};
  }
  entries_.emplace(key, Entry{body, now_wall_ns, std::nullopt});
  order_.push_back(key);
  bytes_ += body.size();
  make_room(now_wall_ns);
  return {Is::fresh, std::nullopt};
}

void Idempotency::end(const std::string& key, const Response& answer) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;  // it had to make room
  bytes_ -= found->second.bytes();
  found->second.answer = answer;
  bytes_ += found->second.bytes();
}

void Idempotency::forget(const std::string& key) {
  const std::lock_guard lock(mutex_);
  drop(key);
}

}  // namespace ringside::http
