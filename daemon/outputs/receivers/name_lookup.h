// Finds the addresses of a host, each time on a thread of its own. getaddrinfo(3) can't be
// cancelled and may take a minute. Asio looks up all names on one thread, so one dead name server
// would hold up every receiver, and the end of the daemon.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ringside {

class NameLookup {
 public:
  using Endpoints = std::vector<boost::asio::ip::tcp::endpoint>;
  // The addresses; or none, and why.
  using Found = std::function<void(const Endpoints& endpoints, const std::string& why)>;

  // Calls `found` once on `io`, never from inside this call. An address is found without a thread.
  void start(boost::asio::io_context& io, const std::string& host, std::uint16_t port, Found found);
  // `found` is not called any more, unless that call is on its way already. A thread that still
  // looks is abandoned.
  void cancel();
  // Whether a thread still looks, perhaps one that was abandoned.
  bool busy() const;

  NameLookup();
  ~NameLookup();
  NameLookup(const NameLookup&) = delete;
  NameLookup& operator=(const NameLookup&) = delete;

 private:
  struct Shared;   // lives as long as this object, or its thread
  std::shared_ptr<Shared> shared_;
};

}  // namespace ringside
