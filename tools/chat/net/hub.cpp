#include "tools/chat/net/hub.h"

#include <algorithm>

namespace chatd {

void Hub::enter(const std::shared_ptr<Outlet>& outlet, std::int64_t user,
                const std::vector<std::int64_t>& rooms) {
  const std::lock_guard lock(mutex_);
  User& entry = users_[user];
  entry.outlets.push_back(outlet);
  for (const auto room : rooms) {
    if (entry.rooms.insert(room).second) rooms_[room].push_back(user);
  }
}

void Hub::leave(const std::shared_ptr<Outlet>& outlet, std::int64_t user) {
  const std::lock_guard lock(mutex_);
  const auto found = users_.find(user);
  if (found == users_.end()) return;
  std::erase(found->second.outlets, outlet);
  if (!found->second.outlets.empty()) return;
  for (const auto room : found->second.rooms) drop_from_room(room, user);
  users_.erase(found);
}

void Hub::join(std::int64_t room, std::int64_t user) {
  const std::lock_guard lock(mutex_);
  const auto found = users_.find(user);
  if (found != users_.end() && found->second.rooms.insert(room).second)
    rooms_[room].push_back(user);
}

void Hub::part(std::int64_t room, std::int64_t user) {
  const std::lock_guard lock(mutex_);
  const auto found = users_.find(user);
  if (found != users_.end() && found->second.rooms.erase(room) > 0) drop_from_room(room, user);
}

void Hub::drop_from_room(std::int64_t room, std::int64_t user) {
  const auto found = rooms_.find(room);
  if (found == rooms_.end()) return;
  std::erase(found->second, user);
  if (found->second.empty()) rooms_.erase(found);
}

void Hub::to_room(std::int64_t room, const SharedLine& line, const Outlet* except) const {
  const std::lock_guard lock(mutex_);
  const auto found = rooms_.find(room);
  if (found == rooms_.end()) return;
  for (const auto user : found->second) {
    for (const auto& outlet : users_.at(user).outlets) {
      if (outlet.get() != except) outlet->deliver(line);
    }
  }
}

void Hub::to_user(std::int64_t user, const SharedLine& line, const Outlet* except) const {
  const std::lock_guard lock(mutex_);
  const auto found = users_.find(user);
  if (found == users_.end()) return;
  for (const auto& outlet : found->second.outlets) {
    if (outlet.get() != except) outlet->deliver(line);
  }
}

bool Hub::online(std::int64_t user) const {
  const std::lock_guard lock(mutex_);
  return users_.contains(user);
}

}  // namespace chatd
