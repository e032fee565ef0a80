// Counts the failed attempts of each address, and says when it has had enough of them.
#pragma once

#include <sys/types.h>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <cstdint>
#include <list>
#include <map>
#include <optional>

namespace ringside::http {

// An IPv4 address, the /64 of an IPv6 address (one host may have all of it), or a user.
using PeerKey = std::array<unsigned char, 17>;
PeerKey peer_key(const boost::asio::ip::address& address);
PeerKey peer_key(uid_t uid);

// A bucket of `burst` attempts for each peer, which fills up again within a minute. A right token
// is never refused, however many wrong ones came from its address: otherwise anybody on the same
// host or behind the same proxy could lock an administrator out. Guessing is not what this prevents
// (a token has 256 bits): it bounds the noise and the work, and makes the attack visible.
class FailureGuard {
 public:
  using Clock = std::chrono::steady_clock;

  // `most_peers`: beyond them the one that failed least recently is forgotten.
  FailureGuard(double burst, std::size_t most_peers) : burst_(burst), most_peers_(most_peers) {}

  // Takes a failure. The seconds (at least 1) after which the peer may fail again, where it has
  // failed too often.
  std::optional<std::int64_t> failed(const PeerKey& peer, Clock::time_point now);

  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    PeerKey peer;
    double left;
    Clock::time_point at;
  };

  double burst_;
  std::size_t most_peers_;
  std::list<Entry> entries_;  // the latest failure first
  std::map<PeerKey, std::list<Entry>::iterator> by_peer_;
};

}  // namespace ringside::http
