#include "tools/chat/net/server.h"

#include <algorithm>
#include <stdexcept>

#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <spdlog/spdlog.h>

#include "tools/chat/net/receive.h"

namespace chatd {
namespace {

using asio::ip::tcp;

const char* name_of(CloseReason reason) {
  switch (reason) {
    case CloseReason::client: return "closed by the client";
    case CloseReason::idle: return "idle";
    case CloseReason::slow_consumer: return "slow consumer";
    case CloseReason::line_too_long: return "line too long";
    case CloseReason::shutdown: return "shutdown";
    case CloseReason::error: return "error";
  }
  return "?";
}

}  // namespace

Server::Server(const ServerOptions& options)
    : options_(options),
      io_(options.threads),
      work_(io_.get_executor()),
      acceptor_(asio::make_strand(io_)),
      accept_pause_(acceptor_.get_executor()),
      sweeper_(acceptor_.get_executor()),
      lag_probe_(acceptor_.get_executor()) {
  listen();  // first: a second server on the same port fails before it opens the database
  service_ = std::make_unique<Service>(options.service);
}

Server::~Server() { stop(); }

void Server::listen() {
  const std::string where = options_.host + ":" + std::to_string(options_.port);
  boost::system::error_code error;
  const auto address = asio::ip::make_address(options_.host, error);
  if (error) {
    throw std::runtime_error(
        "--listen " + where + ": \"" + options_.host +
        "\" is no IP address\n  next: give one, e.g. 127.0.0.1:7788, 0.0.0.0:7788 or [::1]:7788");
  }
  const tcp::endpoint endpoint(address, options_.port);
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  // [::] also takes IPv4 clients, whatever the system's default is.
  if (!error && address.is_v6()) acceptor_.set_option(asio::ip::v6_only(false), error);
  if (!error) ask_for_stamps(acceptor_.native_handle());
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error == asio::error::address_in_use) {
    throw std::runtime_error(
        "--listen " + where +
        ": the port is taken by another program\n  next: `ss -ltnp 'sport = :" +
        std::to_string(options_.port) +
        "'` shows which; stop it, or give another port (0 takes a free one)");
  }
  if (error) {
    throw std::runtime_error("--listen " + where + ": " + error.message() +
                             "\n  next: give an address of this host and a port that you may open");
  }
  port_ = acceptor_.local_endpoint().port();
}

std::string Server::address() const {
  const bool v6 = options_.host.find(':') != std::string::npos;
  return (v6 ? "[" + options_.host + "]" : options_.host) + ":" + std::to_string(port_);
}

std::size_t Server::connections() const {
  const std::lock_guard lock(mutex_);
  return sessions_.size();
}

void Server::start() {
  asio::post(acceptor_.get_executor(), [this] {
    accept();
    sweep();
    lag_probe_.expires_after(std::chrono::milliseconds(100));
    measure_lag();
  });
  for (int i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this] {
      // The operations that begin here end on other threads. Only a thread with a lane shows what
      // it has in flight.
      trace::attach_thread();
      io_.run();
    });
  }
}

void Server::accept() {
  acceptor_.async_accept(asio::make_strand(io_), [this](auto error, Socket socket) {
    if (error == asio::error::operation_aborted || !acceptor_.is_open()) return;
    if (error) {
      // Mostly: no file descriptor is left. The connection stays in the backlog, so trying again
      // at once would spin.
      spdlog::warn("accept: {}; trying again in 100 ms", error.message());
      accept_pause_.expires_after(std::chrono::milliseconds(100));
      accept_pause_.async_wait([this](auto cancelled) {
        if (!cancelled && acceptor_.is_open()) accept();
      });
      return;
    }
    welcome(std::move(socket));
    accept();
  });
}

void Server::welcome(Socket socket) {
  std::shared_ptr<Session> session;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    if (sessions_.size() < options_.max_connections) {
      const auto id = next_session_++;
      session = std::make_shared<Session>(
          std::move(socket), id, *service_, options_.session,
          [this](std::uint64_t closed, CloseReason reason) { session_closed(closed, reason); });
      sessions_.emplace(id, session);
    }
  }
  if (!session) return turn_away(std::move(socket));
  trace::connections(+1);
  session->start();
}

void Server::turn_away(Socket socket) {
  trace::event(trace::Event::RATE_LIMIT, {.outcome = Outcome::limited,
                                          .error = Error::TOO_MANY_CONNECTIONS,
                                          .subject_kind = trace::SubjectKind::address,
                                          .subject = peer_address(socket).id});
  static const std::string kLine =
      R"({"id":null,"op":null,"ok":false,"error":{"code":3003,"name":"TOO_MANY_CONNECTIONS",)"
      R"("message":"the server is full; try again later"}})"
      "\n";
  // One small line always fits into an empty socket buffer, so the write does not wait.
  boost::system::error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(kLine), ignored);
  socket.shutdown(tcp::socket::shutdown_send, ignored);
}

void Server::session_closed(std::uint64_t id, CloseReason reason) {
  trace::connections(-1);
  closed_[static_cast<std::size_t>(reason)].fetch_add(1, std::memory_order_relaxed);
  if (reason == CloseReason::slow_consumer || reason == CloseReason::line_too_long) {
    spdlog::warn("connection {} closed: {}", id, name_of(reason));
  } else {
    spdlog::debug("connection {} closed: {}", id, name_of(reason));
  }
  const std::lock_guard lock(mutex_);
  sessions_.erase(id);
  if (sessions_.empty()) all_closed_.notify_all();
}

void Server::sweep() {
  service_->sweep();
  sweeper_.expires_after(std::chrono::seconds(1));
  sweeper_.async_wait([this](auto error) {
    if (!error && acceptor_.is_open()) sweep();
  });
}

// A timer that is due is late by as long as the loop keeps its handlers waiting.
void Server::measure_lag() {
  lag_probe_.async_wait([this](auto error) {
    if (error || !acceptor_.is_open()) return;
    const auto now = std::chrono::steady_clock::now();
    const auto late =
        std::chrono::duration_cast<std::chrono::milliseconds>(now - lag_probe_.expiry());
    lags_ms_[probes_++ % lags_ms_.size()] = late.count();
    trace::loop_lag_ms(*std::max_element(lags_ms_.begin(), lags_ms_.end()));
    lag_probe_.expires_at(now + std::chrono::milliseconds(100));
    measure_lag();
  });
}

// A timer that is due already calls its handler although it is cancelled. So each of them looks
// whether the acceptor is open, or they would go on for good.
void Server::stop() {
  if (threads_.empty()) {
    if (service_) service_->stop();
    return;
  }
  asio::post(acceptor_.get_executor(), [this] {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    accept_pause_.cancel();
    sweeper_.cancel();
    lag_probe_.cancel();
  });
  std::vector<std::shared_ptr<Session>> open;
  const auto collect = [&] {
    open.clear();
    for (const auto& [id, session] : sessions_) {
      if (auto alive = session.lock()) open.push_back(std::move(alive));
    }
  };
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    collect();
  }
  for (const auto& session : open) session->drain();
  {
    std::unique_lock lock(mutex_);
    if (!all_closed_.wait_for(lock, options_.shutdown_grace,
                              [this] { return sessions_.empty(); })) {
      spdlog::warn("{} connections did not end in time and are closed", sessions_.size());
      collect();
    }
  }
  for (const auto& session : open) session->abort();
  open.clear();
  {
    std::unique_lock lock(mutex_);
    all_closed_.wait(lock, [this] { return sessions_.empty(); });
  }
  // Calls of clients that are gone may still be in the store's queues. The store ends them before
  // it closes the database.
  service_->stop();
  work_.reset();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace chatd
