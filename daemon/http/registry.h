// The connections that are open, and for whom there is room.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "daemon/http/failure_guard.h"
#include "daemon/http/http_options.h"

namespace ringside::http {

// A connection as the registry sees it.
class Guest {
 public:
  using Clock = std::chrono::steady_clock;

  virtual ~Guest() = default;
  virtual const PeerKey& peer() const = 0;
  // How gladly it makes room: 0 never (it is being answered, or it is a stream), 1 when nobody else
  // does (an authorised client between two requests), 2 at once (nobody knows who it is).
  virtual int expendable(Clock::time_point now) const = 0;
  virtual Clock::time_point waits_since() const = 0;
  virtual void evict() = 0;  // ends it at once
};

// When it is full, the guest that waited longest makes room: thousands of slow senders push out
// each other, and a client that sends its request at once is answered before its turn comes.
class Registry {
 public:
  explicit Registry(const HttpLimits& limits) : limits_(limits) {}

  enum class Room { free, made, none };
  // HttpLimits::kept_connections of the places are not `common`.
  enum class Places : bool { common, all };
  // Makes room for a connection of this peer, of which none stays when `none` is returned.
  Room make_room(const PeerKey& peer, Guest::Clock::time_point now, Places places = Places::common);

  void add(std::shared_ptr<Guest> guest);
  void remove(Guest& guest);  // does nothing for one that is not in it

  // False: too many streams already, of this peer or of all.
  bool add_stream(const PeerKey& peer);
  void remove_stream(const PeerKey& peer);

  std::size_t size() const { return guests_.size(); }
  // `visit` may end the guest.
  void each(const std::function<void(Guest&)>& visit) const;

 private:
  Guest* find_expendable(const PeerKey* peer, Guest::Clock::time_point now) const;

  const HttpLimits& limits_;
  std::map<Guest*, std::shared_ptr<Guest>> guests_;
  std::map<PeerKey, std::size_t> of_peer_;
  std::map<PeerKey, std::size_t> streams_of_peer_;
  std::size_t streams_ = 0;
};

}  // namespace ringside::http
