// A client at the door: who it is, what it may do without a token, and whether there is room. It
// becomes a connection, is told that the server is full, or is closed without a word.
#pragma once

#include <sys/types.h>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <map>
#include <memory>
#include <string>

#include "daemon/http/connection.h"
#include "daemon/http/server_core.h"

namespace ringside::http {

// Only the server's thread touches it.
class Admission {
 public:
  explicit Admission(ServerCore& core) : core_(core) {}

  // Without `tls` the connection is in plain text.
  void admit(boost::asio::ip::tcp::socket socket, const boost::asio::ip::tcp::endpoint& client,
             const std::shared_ptr<boost::asio::ssl::context>& tls);
  // The kernel says which user it is.
  void admit(boost::asio::local::stream_protocol::socket socket);

 private:
  void admit(std::unique_ptr<Transport> transport, Peer peer, bool can_be_told);
  Scope scope_of(uid_t uid) const;
  const std::string& name_of(uid_t uid);

  ServerCore& core_;
  std::map<uid_t, std::string> names_;
};

}  // namespace ringside::http
