#include "daemon/http/host_check.h"

#include <algorithm>

#include "daemon/http/ascii.h"

namespace ringside::http {
namespace {

namespace ip = boost::asio::ip;

// Without port and brackets.
std::string_view name_of(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

ip::address plain(const ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return ip::make_address_v4(ip::v4_mapped, address.to_v6());
  return address;
}

}  // namespace

bool host_is_good(std::string_view host) {
  std::string_view port;
  std::string_view name = host;
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    if (end == std::string_view::npos) return false;
    const std::string address(host.substr(1, end - 1));
    boost::system::error_code error;
    ip::make_address_v6(address, error);
    // Boost reads up to a NUL, and takes the name of an interface after a '%'.
    if (error || address.find_first_not_of("0123456789abcdefABCDEF:.") != std::string::npos)
      return false;
    port = host.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) return false;
  } else {
    const std::size_t colon = host.find(':');
    name = host.substr(0, colon);
    if (colon != std::string_view::npos) port = host.substr(colon);
    if (name.empty() || name.size() > 253 ||
        name.find_first_not_of(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") !=
            std::string_view::npos)
      return false;
  }
  return port.size() <= 6 &&
         (port.empty() || port.find_first_not_of("0123456789", 1) == std::string_view::npos);
}

bool host_is_ours(std::string_view host, const ip::address& local,
                  std::span<const std::string> allowed) {
  std::string name = ascii_lower(name_of(host));
  if (name.ends_with('.')) name.pop_back();
  if (name == "localhost" || name.ends_with(".localhost")) return true;
  boost::system::error_code error;
  const ip::address address = ip::make_address(name, error);
  if (!error && (plain(address).is_loopback() || plain(address) == plain(local))) return true;
  return std::any_of(allowed.begin(), allowed.end(),
                     [&](const std::string& one) { return ascii_lower(one) == name; });
}

}  // namespace ringside::http
