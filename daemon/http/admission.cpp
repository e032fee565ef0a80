#include "daemon/http/admission.h"

#include <fmt/format.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace ringside::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// Connections beyond the limits that are told 503 at one time. Others are closed without a word.
constexpr std::size_t kMostRefusals = 16;

std::string user_name(uid_t uid) {
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> text(16 * 1024);
  if (getpwuid_r(uid, &entry, text.data(), text.size(), &found) == 0 && found != nullptr)
    return found->pw_name;
  return fmt::format("uid {}", uid);
}

}  // namespace

void Admission::admit(tcp::socket socket, const tcp::endpoint& client,
                      const std::shared_ptr<asio::ssl::context>& tls) {
  Peer peer;
  peer.key = peer_key(client.address());
  peer.name = client.address().to_string();
  peer.entrance.checks_host = !tls;
  boost::system::error_code error;
  peer.entrance.local = socket.local_endpoint(error).address();
  if (tls) return admit(make_transport(std::move(socket), tls), std::move(peer), false);
  admit(make_transport(std::move(socket)), std::move(peer), true);
}

Scope Admission::scope_of(uid_t uid) const {
  const auto among = [uid](const std::vector<uid_t>& users) {
    return std::find(users.begin(), users.end(), uid) != users.end();
  };
  if (uid == 0 || uid == geteuid() || among(core_.options.socket_admins)) return Scope::admin;
  return among(core_.options.socket_readers) ? Scope::read : Scope::none;
}

// Asked of the system once for each user who may do something: they are few.
const std::string& Admission::name_of(uid_t uid) {
  const auto known = names_.find(uid);
  if (known != names_.end()) return known->second;
  return names_.emplace(uid, user_name(uid)).first->second;
}

void Admission::admit(asio::local::stream_protocol::socket socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    core_.figures.add(Figure::accept_failures);
    return;
  }
  Peer peer;
  peer.uid = credentials.uid;
  peer.key = peer_key(credentials.uid);
  peer.name = fmt::format("uid {}", credentials.uid);
  peer.scope = scope_of(credentials.uid);
  if (peer.scope != Scope::none) peer.who = name_of(credentials.uid);
  peer.entrance.checks_host = false;
  admit(make_transport(std::move(socket)), std::move(peer), true);
}

void Admission::admit(std::unique_ptr<Transport> transport, Peer peer, bool can_be_told) {
  core_.figures.add(Figure::accepted);
  const auto places = peer.scope == Scope::admin ? Registry::Places::all : Registry::Places::common;
  const auto room = core_.registry.make_room(peer.key, Guest::Clock::now(), places);
  if (room != Registry::Room::none) {
    auto connection = std::make_shared<Connection>(core_, std::move(transport), std::move(peer));
    core_.registry.add(connection);
    return connection->start();
  }
  core_.figures.add(Figure::refused_full);
  const std::size_t open = core_.figures.value(Figure::connections);
  // With TLS the handshake would come first, and that is the expensive part.
  if (!can_be_told || open >= core_.registry.size() + kMostRefusals) return;
  std::make_shared<Connection>(core_, std::move(transport), std::move(peer))->refuse_full();
}

}  // namespace ringside::http
