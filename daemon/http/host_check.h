// Whom a request says it is for. A page of another site can make a browser connect to us under that
// site's name (DNS rebinding); the Host field then has a name that is not ours.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <span>
#include <string>
#include <string_view>

namespace ringside::http {

// Whether a Host field is well-formed: a name or an address, and perhaps a port.
bool host_is_good(std::string_view host);

// Whether it is ours, on a connection without TLS: `localhost` (and names below it), a loopback
// address, the address that the client connected to, or one of `allowed` (without port; letters of
// any case). The port does not matter: a forwarded port is another one. With TLS the certificate
// proves the name instead.
bool host_is_ours(std::string_view host, const boost::asio::ip::address& local,
                  std::span<const std::string> allowed);

}  // namespace ringside::http
