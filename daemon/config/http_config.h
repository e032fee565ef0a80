// What [http] says: the API, the dashboard and /metrics.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringside {

struct HttpConfig {
  bool enabled = true;
  std::vector<std::string> listen = {"127.0.0.1:9717"};
  bool plaintext_elsewhere = false;
  std::string certificate;  // empty: no TLS
  std::string key;
  std::string tokens_file;  // empty until resolve_paths()
  std::string metrics = "open";
  std::vector<std::string> allowed_hosts;
  std::vector<std::string> cors_origins;
  std::string socket;                                      // empty until resolve_paths()
  std::vector<std::string> socket_readers, socket_admins;  // names of users, or their numbers
  std::uint64_t connections = 256;
  std::uint64_t connections_per_address = 64;
  std::uint64_t streams = 32;
  std::uint64_t streams_per_address = 8;
  std::uint64_t wrong_tokens_per_minute = 10;
  std::int64_t request_timeout_ns = 60'000'000'000;
  std::int64_t idle_timeout_ns = 60'000'000'000;
  friend bool operator==(const HttpConfig&, const HttpConfig&) = default;
};

// "127.0.0.1:9717", "[::1]:9717". `localhost` is 127.0.0.1; other names are none: what they mean
// may change, and whom the daemon listens to may not.
struct ListenAddress {
  std::string address;  // without brackets
  std::uint16_t port = 0;
};
std::optional<ListenAddress> parse_listen_address(std::string_view text);

// A host's name or address as it stands in a Host field, without a port.
bool host_name_is_good(std::string_view text);
// "https://monitor.example": a scheme, a host, perhaps a port, and no path.
bool origin_is_good(std::string_view text);
// A user's name that this system has, or the number of a user.
std::optional<std::uint32_t> user_id(std::string_view text);

}  // namespace ringside
