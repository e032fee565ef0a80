// A client that says exactly what a test tells it to, byte for byte, and waits with a deadline.
#pragma once

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace ringside::test {

struct RawAnswer {
  int status = 0;  // 0: the connection ended without an answer
  std::string head;
  std::string body;

  // Empty: there is no such field.
  std::string field(const std::string& name) const {
    const std::string wanted = "\r\n" + name + ": ";
    const std::size_t at = head.find(wanted);
    if (at == std::string::npos) return "";
    const std::size_t begin = at + wanted.size();
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
};

class RawClient {
 public:
  explicit RawClient(const boost::asio::ip::tcp::endpoint& endpoint, const char* from = nullptr,
                     int receive_bytes = 0)
      : fd_(socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_bytes > 0)
      setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    if (from != nullptr) {
      sockaddr_in own{};
      own.sin_family = AF_INET;
      REQUIRE(inet_pton(AF_INET, from, &own.sin_addr) == 1);
      REQUIRE(bind(fd_, reinterpret_cast<sockaddr*>(&own), sizeof own) == 0);
    }
    REQUIRE(connect(fd_, endpoint.data(), static_cast<socklen_t>(endpoint.size())) == 0);
  }
  explicit RawClient(const std::string& path)
      : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::strncpy(name.sun_path, path.c_str(), sizeof name.sun_path - 1);
    connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0;
  }
  RawClient(RawClient&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), connected_(other.connected_), rest_(other.rest_) {}
  ~RawClient() {
    if (fd_ >= 0) close(fd_);
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connected() const { return connected_; }
  int fd() const { return fd_; }

  // False: the other side has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  void finish() { shutdown(fd_, SHUT_WR); }

  // Reads until `enough` of all that came and was not taken, or the end. Fails after 30 s.
  std::string_view read_until(const std::function<bool(const std::string&)>& enough) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!enough(rest_) && !ended_) {
      pollfd wanted{fd_, POLLIN, 0};
      poll(&wanted, 1, 100);
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      if (wanted.revents == 0) continue;
      char buffer[16 * 1024];
      const ssize_t n = recv(fd_, buffer, sizeof buffer, 0);
      ended_ = n <= 0;
      if (n > 0) rest_.append(buffer, static_cast<std::size_t>(n));
    }
    return rest_;
  }
  bool has_read(const std::string& words) {
    return read_until([&](const std::string& all) {
             return all.find(words) != std::string::npos;
           }).find(words) != std::string_view::npos;
  }

  // The next answer. `headless`: to HEAD, so that no body follows.
  RawAnswer answer(bool headless = false) {
    RawAnswer found;
    read_until([](const std::string& all) { return all.find("\r\n\r\n") != std::string::npos; });
    const std::size_t end = rest_.find("\r\n\r\n");
    if (end == std::string::npos) return found;
    found.head = rest_.substr(0, end + 4);
    rest_.erase(0, end + 4);
    found.status = std::atoi(found.head.c_str() + 9);
    const std::string length = found.field("Content-Length");
    if (length.empty() || headless) return found;
    const auto size = static_cast<std::size_t>(std::atol(length.c_str()));
    read_until([&](const std::string& all) { return all.size() >= size; });
    found.body = rest_.substr(0, size);
    rest_.erase(0, size);
    return found;
  }
  RawAnswer ask(const std::string& bytes) {
    send(bytes);
    return answer();
  }
  // Whether the connection ends, and nothing more comes.
  bool ends() {
    read_until([](const std::string&) { return false; });
    return rest_.empty();
  }

 private:
  int fd_;
  bool connected_ = true;
  bool ended_ = false;
  std::string rest_;
};

}  // namespace ringside::test
