// Addresses of receivers: "https://hooks.example:8443/alerts?team=chat".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringside {

struct Url {
  bool tls = false;
  std::string host;          // a name or an address; an IPv6 address without its brackets
  std::uint16_t port = 0;    // 80 or 443 where the text has none
  std::string target;        // path and query, at least "/"
  friend bool operator==(const Url&, const Url&) = default;
};

// Nothing for other text: another scheme, a user or a password (which would end up in a report), a
// fragment, a space, a control character, a byte beyond ASCII, a port of 0 or beyond 65535.
std::optional<Url> parse_url(std::string_view text);

// The Host field of a request to it: "hooks.example:8443", without the scheme's usual port.
std::string host_field(const Url& url);

// A receiver's name: 1 to 64 letters, digits, '.', '_' or '-'.
bool receiver_name_is_good(std::string_view name);

}  // namespace ringside
