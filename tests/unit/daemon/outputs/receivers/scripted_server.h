// A server on loopback that says exactly what a test tells it to, byte for byte.
#pragma once

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace ringside::test {

class ScriptedServer {
 public:
  struct Reply {
    std::string bytes;
    bool hold = false;   // the connection stays open after them
  };
  // What is answered to the n-th request, from 0. Called on the server's thread.
  using Script = std::function<Reply(int number, const std::string& request)>;

  explicit ScriptedServer(Script script) : script_(std::move(script)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(listen(listener_, 100) == 0);
    REQUIRE(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    REQUIRE(pipe(stop_) == 0);
    thread_ = std::thread([this] { run(); });
  }
  ~ScriptedServer() {
    close(stop_[1]);
    thread_.join();
    close(stop_[0]);
    close(listener_);
    for (const int fd : held_) close(fd);
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::uint16_t port() const { return port_; }
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void run() {
    for (int number = 0;; ++number) {
      if (!readable(listener_)) return;
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      const std::string request = read_request(fd);
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      const Reply reply = script_(number, request);
      std::string_view rest = reply.bytes;
      while (!rest.empty()) {
        const ssize_t n = send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
        if (n <= 0) break;
        rest.remove_prefix(static_cast<std::size_t>(n));
      }
      if (reply.hold) {
        held_.push_back(fd);
      } else {
        close(fd);
      }
    }
  }

  // False when the test ends.
  bool readable(int fd) const {
    pollfd wanted[2] = {{fd, POLLIN, 0}, {stop_[0], POLLIN, 0}};
    poll(wanted, 2, -1);
    return wanted[1].revents == 0;
  }

  std::string read_request(int fd) const {
    std::string text;
    char buffer[4096];
    while (readable(fd)) {
      const ssize_t n = recv(fd, buffer, sizeof buffer, 0);
      if (n <= 0) break;
      text.append(buffer, static_cast<std::size_t>(n));
      const std::size_t head = text.find("\r\n\r\n");
      const std::size_t length = text.find("Content-Length: ");
      if (head == std::string::npos || length == std::string::npos) continue;
      if (text.size() >= head + 4 + std::strtoul(text.c_str() + length + 16, nullptr, 10)) break;
    }
    return text;
  }

  const Script script_;
  int listener_ = -1;
  int stop_[2] = {-1, -1};
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::vector<int> held_;
  std::thread thread_;
};

inline ScriptedServer::Reply status(int code, const std::string& fields = "",
                                    const std::string& body = "") {
  return {"HTTP/1.1 " + std::to_string(code) + " X\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n" + fields + "\r\n" + body,
          false};
}

}  // namespace ringside::test
