// One address to listen on, TCP or Unix socket. One that can't be had is told in the log and tried
// again: the daemon goes on without it.
#pragma once

#include <sys/stat.h>
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/http/server_core.h"

namespace ringside::http {

class Listener {
 public:
  virtual ~Listener() = default;
  // Binds and accepts, now or later.
  virtual void open() = 0;
  // No more connections; those that are open stay.
  virtual void close() = 0;
  // Any thread.
  bool is_open() const { return open_.load(std::memory_order_relaxed); }

 protected:
  void set_open(bool open) { open_.store(open, std::memory_order_relaxed); }

 private:
  std::atomic<bool> open_{false};
};

class TcpListener final : public Listener {
 public:
  using Endpoint = boost::asio::ip::tcp::endpoint;
  using Accepted = std::function<void(boost::asio::ip::tcp::socket, const Endpoint& client)>;

  TcpListener(ServerCore& core, const Endpoint& endpoint, Accepted accepted);

  void open() override;
  void close() override;
  // Any thread. With the port that the system gave for 0, once it is open.
  Endpoint endpoint() const { return {address_, port_.load(std::memory_order_relaxed)}; }

 private:
  boost::system::error_code bind();
  void accept();

  ServerCore& core_;
  const boost::asio::ip::address address_;
  std::atomic<unsigned short> port_;
  const Accepted accepted_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer retry_;
  Endpoint client_;
  bool told_ = false;
};

// A socket file of mode 0660. One that nobody listens on is replaced; one on which another process
// listens stays, and so does anything that is no socket.
class UnixListener final : public Listener {
 public:
  using Socket = boost::asio::local::stream_protocol::socket;
  using Accepted = std::function<void(Socket)>;

  UnixListener(ServerCore& core, std::string path, Accepted accepted);
  ~UnixListener() override { close(); }

  void open() override;
  void close() override;

 private:
  std::string bind();  // what is wrong, or nothing
  std::string clear_path() const;
  void accept();

  ServerCore& core_;
  const std::string path_;
  const Accepted accepted_;
  boost::asio::local::stream_protocol::acceptor acceptor_;
  boost::asio::steady_timer retry_;
  bool told_ = false;
  std::optional<std::pair<dev_t, ino_t>> ours_;  // the file that we made
};

}  // namespace ringside::http
