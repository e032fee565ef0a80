// The server as a whole: its sockets, its threads, and how it stops.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "tools/chat/commands/service.h"
#include "tools/chat/net/session.h"

namespace chatd {

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 7788;  // 0: any free one
  int threads = 4;
  std::size_t max_connections = 4096;
  std::chrono::milliseconds shutdown_grace{std::chrono::seconds(10)};
  SessionOptions session;
  ServiceOptions service;
};

class Server {
 public:
  // Listens and opens the database. Throws std::runtime_error that says what failed, where, and
  // what to do next.
  explicit Server(const ServerOptions& options);
  ~Server();

  void start();
  // Stops accepting, answers the calls under way and closes the database. Returns when that is
  // done.
  void stop();

  std::uint16_t port() const { return port_; }
  std::string address() const;  // "127.0.0.1:7788", "[::1]:7788"
  std::size_t connections() const;
  std::uint64_t closed_for(CloseReason reason) const {
    return closed_[static_cast<std::size_t>(reason)].load(std::memory_order_relaxed);
  }
  const Service& service() const { return *service_; }

 private:
  using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Strand>;

  void listen();
  void accept();
  void welcome(Socket socket);
  void turn_away(Socket socket);
  void session_closed(std::uint64_t id, CloseReason reason);
  void sweep();
  void measure_lag();

  const ServerOptions options_;
  std::unique_ptr<Service> service_;  // outlives the sessions, which end before the io threads
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  Acceptor acceptor_;
  Timer accept_pause_;
  Timer sweeper_;
  Timer lag_probe_;
  // The latest second's, one for each probe.
  std::array<std::int64_t, 10> lags_ms_{};
  std::size_t probes_ = 0;
  std::uint16_t port_ = 0;
  std::vector<std::thread> threads_;

  mutable std::mutex mutex_;
  std::condition_variable all_closed_;
  std::unordered_map<std::uint64_t, std::weak_ptr<Session>> sessions_;
  std::uint64_t next_session_ = 1;
  bool stopping_ = false;
  std::array<std::atomic<std::uint64_t>, 6> closed_{};
};

}  // namespace chatd
