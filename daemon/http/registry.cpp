#include "daemon/http/registry.h"

#include <utility>

namespace ringside::http {
namespace {

std::size_t count_of(const std::map<PeerKey, std::size_t>& counts, const PeerKey& peer) {
  const auto it = counts.find(peer);
  return it == counts.end() ? 0 : it->second;
}

void decrease(std::map<PeerKey, std::size_t>& counts, const PeerKey& peer) {
  const auto it = counts.find(peer);
  if (it != counts.end() && --it->second == 0) counts.erase(it);
}

}  // namespace

Guest* Registry::find_expendable(const PeerKey* peer, Guest::Clock::time_point now) const {
  Guest* best = nullptr;
  int most = 0;
  for (const auto& [guest, owner] : guests_) {
    if (peer != nullptr && guest->peer() != *peer) continue;
    const int rank = guest->expendable(now);
    if (rank == 0 || rank < most) continue;
    if (rank > most || guest->waits_since() < best->waits_since()) best = guest;
    most = rank;
  }
  return best;
}

Registry::Room Registry::make_room(const PeerKey& peer, Guest::Clock::time_point now,
                                   Places places) {
  const bool many = count_of(of_peer_, peer) >= limits_.connections_of_address;
  const std::size_t kept = places == Places::all ? 0 : limits_.kept_connections;
  if (!many && guests_.size() + kept < limits_.connections) return Room::free;
  Guest* victim = find_expendable(many ? &peer : nullptr, now);
  if (victim == nullptr) return Room::none;
  victim->evict();
  return Room::made;
}

void Registry::add(std::shared_ptr<Guest> guest) {
  ++of_peer_[guest->peer()];
  Guest* const key = guest.get();
  guests_.emplace(key, std::move(guest));
}

void Registry::remove(Guest& guest) {
  const auto it = guests_.find(&guest);
  if (it == guests_.end()) return;
  decrease(of_peer_, guest.peer());
  guests_.erase(it);
}

bool Registry::add_stream(const PeerKey& peer) {
  if (streams_ >= limits_.streams || count_of(streams_of_peer_, peer) >= limits_.streams_of_address)
    return false;
  ++streams_;
  ++streams_of_peer_[peer];
  return true;
}

void Registry::remove_stream(const PeerKey& peer) {
  --streams_;
  decrease(streams_of_peer_, peer);
}

void Registry::each(const std::function<void(Guest&)>& visit) const {
  std::vector<std::shared_ptr<Guest>> all;
  for (const auto& [guest, owner] : guests_) all.push_back(owner);
  for (const auto& guest : all) visit(*guest);
}

}  // namespace ringside::http
