#include "daemon/outputs/receivers/name_lookup.h"

#include <netdb.h>

#include <atomic>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace ringside {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

NameLookup::Endpoints look_up(const std::string& host, std::uint16_t port, std::string& why) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  const int error = getaddrinfo(host.c_str(), nullptr, &hints, &list);
  NameLookup::Endpoints endpoints;
  if (error != 0) {
    why = error == EAI_SYSTEM ? std::strerror(errno) : gai_strerror(error);
    return endpoints;
  }
  for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
    if (one->ai_family != AF_INET && one->ai_family != AF_INET6) continue;
    tcp::endpoint endpoint;
    std::memcpy(endpoint.data(), one->ai_addr, one->ai_addrlen);
    endpoint.resize(one->ai_addrlen);
    endpoint.port(port);
    endpoints.push_back(endpoint);
  }
  freeaddrinfo(list);
  if (endpoints.empty()) why = "it has no address";
  return endpoints;
}

}  // namespace

struct NameLookup::Shared {
  std::mutex mutex;
  asio::io_context* io = nullptr;   // null: nobody waits
  Found found;
  std::uint64_t turn = 0;           // an abandoned thread has an older one
  std::atomic<int> looking{0};

  void finish(std::uint64_t of_turn, Endpoints endpoints, std::string why) {
    const std::lock_guard lock(mutex);
    if (of_turn != turn || io == nullptr) return;
    asio::post(*std::exchange(io, nullptr),
               [found = std::exchange(found, nullptr), endpoints = std::move(endpoints),
                why = std::move(why)] { found(endpoints, why); });
  }
};

NameLookup::NameLookup() : shared_(std::make_shared<Shared>()) {}
NameLookup::~NameLookup() { cancel(); }

void NameLookup::cancel() {
  const std::lock_guard lock(shared_->mutex);
  shared_->io = nullptr;
  shared_->found = nullptr;
  ++shared_->turn;
}

bool NameLookup::busy() const { return shared_->looking.load(std::memory_order_relaxed) > 0; }

void NameLookup::start(asio::io_context& io, const std::string& host, std::uint16_t port,
                       Found found) {
  std::uint64_t turn = 0;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->io = &io;
    shared_->found = std::move(found);
    turn = ++shared_->turn;
  }
  boost::system::error_code no_address;
  const auto address = asio::ip::make_address(host, no_address);
  if (!no_address) return shared_->finish(turn, {{address, port}}, "");
  if (busy()) return shared_->finish(turn, {}, "the last look-up of it still waits");
  shared_->looking.fetch_add(1, std::memory_order_relaxed);
  try {
    std::thread([shared = shared_, host, port, turn] {
      std::string why;
      Endpoints endpoints = look_up(host, port, why);
      shared->looking.fetch_sub(1, std::memory_order_relaxed);
      shared->finish(turn, std::move(endpoints), std::move(why));
    }).detach();
  } catch (const std::system_error& error) {
    shared_->looking.fetch_sub(1, std::memory_order_relaxed);
    shared_->finish(turn, {}, error.what());
  }
}

}  // namespace ringside
