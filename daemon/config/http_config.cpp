#include "daemon/config/http_config.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <charconv>

#include "daemon/config/users.h"

namespace ringside {
namespace {

constexpr std::string_view kHostCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

bool is_address(const std::string& text, int family) {
  in6_addr ignored{};
  return inet_pton(family, text.c_str(), &ignored) == 1;
}

template <typename Number>
std::optional<Number> whole_number(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<ListenAddress> parse_listen_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || text.find('\0') != std::string_view::npos)
    return std::nullopt;
  const auto port = whole_number<std::uint16_t>(text.substr(colon + 1));
  std::string host(text.substr(0, colon));
  if (host == "localhost") host = "127.0.0.1";
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (!port || !is_address(host, bracketed ? AF_INET6 : AF_INET)) return std::nullopt;
  return ListenAddress{host, *port};
}

bool host_name_is_good(std::string_view text) {
  if (text.find(':') != std::string_view::npos)
    return text.find('\0') == std::string_view::npos && is_address(std::string(text), AF_INET6);
  return !text.empty() && text.size() <= 253 &&
         text.find_first_not_of(kHostCharacters) == std::string_view::npos;
}

bool origin_is_good(std::string_view text) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (!text.starts_with(scheme)) continue;
    std::string_view host = text.substr(scheme.size());
    const std::size_t colon = host.rfind(':');
    if (colon != std::string_view::npos && !host.ends_with(']')) {
      if (!whole_number<std::uint16_t>(host.substr(colon + 1))) return false;
      host = host.substr(0, colon);
    }
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    // A browser sends it in lower case, and it is compared byte for byte.
    return host_name_is_good(host) &&
           host.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string_view::npos;
  }
  return false;
}

std::optional<std::uint32_t> user_id(std::string_view text) {
  const auto number = whole_number<std::uint32_t>(text);
  if (number && *number != UINT32_MAX) return number;
  return find_user(std::string(text));
}

}  // namespace ringside
