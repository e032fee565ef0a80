#include "daemon/http/failure_guard.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace ringside::http {
namespace {

constexpr unsigned char kAddress = 0;
constexpr unsigned char kUser = 1;

}  // namespace

PeerKey peer_key(const boost::asio::ip::address& address) {
  namespace ip = boost::asio::ip;
  PeerKey key{};
  key[0] = kAddress;
  ip::address_v6 wide;
  if (address.is_v4()) {
    wide = ip::make_address_v6(ip::v4_mapped, address.to_v4());
  } else {
    wide = address.to_v6();
  }
  const auto bytes = wide.to_bytes();
  const std::size_t count = wide.is_v4_mapped() ? 16 : 8;
  std::copy_n(bytes.begin(), count, key.begin() + 1);
  return key;
}

PeerKey peer_key(uid_t uid) {
  PeerKey key{};
  key[0] = kUser;
  std::memcpy(key.data() + 1, &uid, sizeof uid);
  return key;
}

std::optional<std::int64_t> FailureGuard::failed(const PeerKey& peer, Clock::time_point now) {
  const auto known = by_peer_.find(peer);
  if (known == by_peer_.end()) {
    if (entries_.size() >= most_peers_) {
      by_peer_.erase(entries_.back().peer);
      entries_.pop_back();
    }
    entries_.push_front({peer, burst_ - 1, now});
    by_peer_[peer] = entries_.begin();
    return std::nullopt;
  }
  entries_.splice(entries_.begin(), entries_, known->second);
  Entry& entry = entries_.front();
  const double minutes = std::chrono::duration<double>(now - entry.at).count() / 60;
  entry.left = std::min(burst_, entry.left + minutes * burst_);
  entry.at = now;
  if (entry.left >= 1) {
    entry.left -= 1;
    return std::nullopt;
  }
  return std::max<std::int64_t>(
      1, static_cast<std::int64_t>(std::ceil((1 - entry.left) * 60 / burst_)));
}

}  // namespace ringside::http
