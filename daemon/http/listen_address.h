// Addresses to listen on: "127.0.0.1:9717", "[::1]:9717", "0.0.0.0:9717", "localhost:9717".
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <string_view>

namespace ringside::http {

// An address and a port; `localhost` is 127.0.0.1. No other names: what a name means may change,
// and whom the daemon listens to may not. Nothing for other text.
std::optional<boost::asio::ip::tcp::endpoint> parse_listen_address(std::string_view text);

}  // namespace ringside::http
