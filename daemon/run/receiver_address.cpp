#include "daemon/run/receiver_address.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <boost/asio/ip/address.hpp>
#include <utility>

#include "daemon/outputs/receivers/http_post.h"
#include "daemon/storage/files.h"

namespace ringside {

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "unknown";
  return name.data();
}

bool is_loopback(const std::string& host) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(host, error);
  return error ? host == "localhost" : address.is_loopback();
}

ReceiverAddress receiver_address(const Url& url, const std::string& version) {
  ReceiverAddress address;
  address.tls = url.tls;
  address.host = url.host;
  address.port = url.port;
  address.target = url.target;
  address.host_field = host_field(url);
  address.program = "ringside/" + version;
  return address;
}

bool read_authorities(const std::string& path, ReceiverAddress& address, std::string* why) {
  Failure failure;
  auto text = read_whole_file(path, &failure);
  if (!text) {
    *why = failure.message;
    return false;
  }
  address.authorities = std::move(*text);
  std::string wrong = "it is empty";
  if (!address.authorities.empty() && HttpPost::authorities_are_good(address, &wrong)) return true;
  *why = fmt::format(
      "{}: found no certificates in PEM: {}\n  next: name a file with the "
      "certificates of the authorities",
      path, wrong);
  return false;
}

}  // namespace ringside
