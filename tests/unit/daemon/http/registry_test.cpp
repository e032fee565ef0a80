#include "daemon/http/registry.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

namespace ringside::http {
namespace {

using Room = Registry::Room;
using std::chrono::seconds;

struct Visitor final : Guest {
  Visitor(Registry& registry, uid_t uid, int given_rank, int given_since)
      : house(registry), key(peer_key(uid)), rank(given_rank), since(given_since) {}
  const PeerKey& peer() const override { return key; }
  int expendable(Clock::time_point) const override { return rank; }
  Clock::time_point waits_since() const override { return Clock::time_point{} + seconds(since); }
  void evict() override {
    gone = true;
    house.remove(*this);
  }

  Registry& house;
  PeerKey key;
  int rank, since;
  bool gone = false;
};

struct Rooms {
  explicit Rooms(std::size_t all, std::size_t of_address) {
    limits.connections = all;
    limits.connections_of_address = of_address;
    limits.streams = 2;
    limits.streams_of_address = 1;
  }
  std::shared_ptr<Visitor> enter(uid_t uid, int rank, int since) {
    auto visitor = std::make_shared<Visitor>(registry, uid, rank, since);
    registry.add(visitor);
    return visitor;
  }
  Room ask(uid_t uid) { return registry.make_room(peer_key(uid), {}); }

  HttpLimits limits;
  Registry registry{limits};
};

TEST_CASE("HttpRegistry: who waited longest makes room, strangers before those who are known") {
  Rooms rooms(4, 4);
  const auto known = rooms.enter(1, 1, 1);
  const auto later = rooms.enter(2, 2, 9);
  const auto longest = rooms.enter(3, 2, 5);
  CHECK(rooms.ask(4) == Room::free);
  const auto busy = rooms.enter(4, 0, 0);
  CHECK(rooms.ask(5) == Room::made);
  CHECK(longest->gone);
  rooms.enter(5, 0, 0);
  CHECK(rooms.ask(5) == Room::made);
  CHECK(later->gone);
  rooms.enter(5, 0, 0);
  CHECK(rooms.ask(5) == Room::made);
  CHECK(known->gone);
  rooms.enter(5, 0, 0);
  CHECK(rooms.ask(5) == Room::none);
  CHECK_FALSE(busy->gone);
  CHECK(rooms.registry.size() == 4);
}

TEST_CASE("HttpRegistry: an address that has its number makes room among its own") {
  Rooms rooms(10, 2);
  const auto other = rooms.enter(1, 2, 0);
  const auto first = rooms.enter(2, 2, 5);
  const auto second = rooms.enter(2, 2, 6);
  CHECK(rooms.ask(2) == Room::made);
  CHECK(first->gone);
  CHECK_FALSE(other->gone);
  second->rank = 0;
  rooms.enter(2, 0, 7);
  CHECK(rooms.ask(2) == Room::none);
  CHECK(rooms.ask(3) == Room::free);
  second->evict();
  CHECK(rooms.ask(2) == Room::free);
}

TEST_CASE("HttpRegistry: the last places are not for everybody") {
  Rooms rooms(4, 4);
  rooms.limits.kept_connections = 2;
  const auto all = [&](uid_t uid) {
    return rooms.registry.make_room(peer_key(uid), {}, Registry::Places::all);
  };
  const auto busy = rooms.enter(1, 0, 0);
  CHECK(rooms.ask(2) == Room::free);
  const auto idle = rooms.enter(2, 2, 1);
  CHECK(rooms.ask(3) == Room::made);  // among those who may make room
  CHECK(idle->gone);
  rooms.enter(3, 0, 0);
  CHECK(rooms.ask(4) == Room::none);
  CHECK(all(0) == Room::free);
  rooms.enter(0, 0, 0);
  CHECK(all(0) == Room::free);
  rooms.enter(0, 0, 0);
  CHECK(all(0) == Room::none);
  CHECK(rooms.ask(4) == Room::none);
  rooms.limits.kept_connections = 9;  // more than there are
  busy->evict();
  CHECK(rooms.ask(4) == Room::none);
  CHECK(all(4) == Room::free);
}

TEST_CASE("HttpRegistry: so many streams, of an address and of all") {
  Rooms rooms(10, 10);
  CHECK(rooms.registry.add_stream(peer_key(uid_t{1})));
  CHECK_FALSE(rooms.registry.add_stream(peer_key(uid_t{1})));
  CHECK(rooms.registry.add_stream(peer_key(uid_t{2})));
  CHECK_FALSE(rooms.registry.add_stream(peer_key(uid_t{3})));
  rooms.registry.remove_stream(peer_key(uid_t{1}));
  CHECK(rooms.registry.add_stream(peer_key(uid_t{3})));
}

}  // namespace
}  // namespace ringside::http
