// Who is logged in, on which connections and in which rooms. Pushes go out through the hub.
//
// Only the database's writer thread changes memberships and pushes to rooms, after each commit and
// in commit order. So nobody gets a message of a room that they have left, and a room's pushes keep
// the order of its messages.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace chatd {

using SharedLine = std::shared_ptr<const std::string>;

// A connection as the hub sees it. deliver() queues the line and returns. Any thread may call it.
class Outlet {
 public:
  virtual ~Outlet() = default;
  virtual void deliver(const SharedLine& line) = 0;
};

class Hub {
 public:
  void enter(const std::shared_ptr<Outlet>& outlet, std::int64_t user,
             const std::vector<std::int64_t>& rooms);
  void leave(const std::shared_ptr<Outlet>& outlet, std::int64_t user);

  void join(std::int64_t room, std::int64_t user);
  void part(std::int64_t room, std::int64_t user);

  void to_room(std::int64_t room, const SharedLine& line, const Outlet* except) const;
  void to_user(std::int64_t user, const SharedLine& line, const Outlet* except) const;

  bool online(std::int64_t user) const;

 private:
  struct User {
    std::vector<std::shared_ptr<Outlet>> outlets;
    std::unordered_set<std::int64_t> rooms;
  };
  void drop_from_room(std::int64_t room, std::int64_t user);

  mutable std::mutex mutex_;
  std::unordered_map<std::int64_t, User> users_;                       // only those logged in
  std::unordered_map<std::int64_t, std::vector<std::int64_t>> rooms_;  // their members in users_
};

}  // namespace chatd
