// A real server in this process, on a free port and a real database file. The client is just a
// socket.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <doctest/doctest.h>
#include <spdlog/spdlog.h>
#include <sqlite3.h>

#include "tests/support/temp.h"
#include "tools/chat/net/server.h"

namespace chat_test {

using chatd::Error;
using chatd::Json;
using ringside::test::TempDir;
using namespace std::chrono_literals;

// For things that take milliseconds. It allows for sanitizers and a busy machine.
inline constexpr auto kDeadline = 20s;

// Waits until the condition holds, with a deadline.
inline bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kDeadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

// A second connection to the database, as another program would have it.
class RawDatabase {
 public:
  explicit RawDatabase(const std::filesystem::path& file) {
    if (sqlite3_open(file.c_str(), &db_) != SQLITE_OK) throw std::runtime_error("sqlite3_open");
    sqlite3_busy_timeout(db_, 10000);
  }
  ~RawDatabase() { sqlite3_close(db_); }
  RawDatabase(const RawDatabase&) = delete;
  RawDatabase& operator=(const RawDatabase&) = delete;

  void run(const std::string& sql) {
    char* error = nullptr;
    if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, &error) != SQLITE_OK) {
      const std::string message = error ? error : "?";
      sqlite3_free(error);
      throw std::runtime_error(sql + ": " + message);
    }
  }
  std::int64_t number(const std::string& sql) {
    std::int64_t value = -1;
    const auto take = [](void* out, int, char** values, char**) {
      *static_cast<std::int64_t*>(out) = values[0] ? std::stoll(values[0]) : -1;
      return 0;
    };
    if (sqlite3_exec(db_, sql.c_str(), take, &value, nullptr) != SQLITE_OK)
      throw std::runtime_error(sql);
    return value;
  }

 private:
  sqlite3* db_ = nullptr;
};

// Whether this machine has IPv6 at all; containers often do not.
inline bool has_ipv6() {
  const int fd = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  const bool bound = ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return bound;
}

inline chatd::ServerOptions quick_options(const std::filesystem::path& file) {
  chatd::ServerOptions options;
  options.port = 0;
  options.threads = 2;
  options.service.store.file = file;
  options.service.argon2 = chatd::Argon2Level::min;
  options.service.store.busy = 30ms;
  options.service.store.backoff = 2ms;
  options.service.store.breaker_open = 100ms;
  return options;
}

class TestServer {
 public:
  explicit TestServer(const std::function<void(chatd::ServerOptions&)>& adjust = {})
      : options_(quick_options(directory_ / "chat.db")) {
    if (adjust) adjust(options_);
    start();
  }
  void start() {
    // main() does the same. spdlog sets itself up at its first use, in a library that
    // ThreadSanitizer can't see into. Before other threads exist this is no race.
    spdlog::default_logger_raw();
    server_ = std::make_unique<chatd::Server>(options_);
    server_->start();
  }
  void stop() { server_->stop(); }
  void restart() {
    server_.reset();
    start();
  }
  chatd::Server& operator*() { return *server_; }
  chatd::Server* operator->() { return server_.get(); }
  std::uint16_t port() const { return server_->port(); }
  std::filesystem::path file() const { return options_.service.store.file; }
  chatd::ServerOptions& options() { return options_; }

 private:
  TempDir directory_;
  chatd::ServerOptions options_;
  std::unique_ptr<chatd::Server> server_;
};

class Client {
 public:
  // `from` is an address of 127.0.0.0/8, or ::1.
  explicit Client(const TestServer& server, const char* from = "127.0.0.1",
                  int receive_buffer = 0) {
    const bool ipv6 = std::string(from).find(':') != std::string::npos;
    socket_ = ::socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_buffer > 0) {
      setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    if (ipv6) {
      sockaddr_in6 to{};
      to.sin6_family = AF_INET6;
      to.sin6_addr = in6addr_loopback;
      to.sin6_port = htons(server.port());
      connect_to(to);
      return;
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    inet_pton(AF_INET, from, &address.sin_addr);
    if (bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("bind");
    }
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    address.sin_port = htons(server.port());
    connect_to(address);
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(const std::string& bytes) {
    for (std::size_t sent = 0; sent < bytes.size();) {
      const auto n = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return;  // the server closed it; the next read of the test sees that
      sent += static_cast<std::size_t>(n);
    }
  }
  void end_sending() { ::shutdown(socket_, SHUT_WR); }

  // The next line of any kind; null when the connection ended. Throws after the deadline.
  Json line() {
    for (;;) {
      if (const auto newline = input_.find('\n'); newline != std::string::npos) {
        Json json = Json::parse(input_.substr(0, newline));
        input_.erase(0, newline + 1);
        return json;
      }
      pollfd wait{socket_, POLLIN, 0};
      if (poll(&wait, 1, static_cast<int>(std::chrono::milliseconds(kDeadline).count())) <= 0) {
        throw std::runtime_error("no line came in time");
      }
      char chunk[65536];
      const auto n = recv(socket_, chunk, sizeof chunk, 0);
      if (n <= 0) return nullptr;
      input_.append(chunk, static_cast<std::size_t>(n));
    }
  }

  // The next answer. Pushes before it are kept.
  Json answer() {
    for (;;) {
      Json json = line();
      if (!json.is_object() || !json.contains("event")) return json;
      pushes_.push_back(std::move(json));
    }
  }
  // The next push with this name.
  Json push(const std::string& event) {
    for (;;) {
      Json json;
      if (!pushes_.empty()) {
        json = std::move(pushes_.front());
        pushes_.erase(pushes_.begin());
      } else {
        json = line();
      }
      if (json.is_null() || json.value("event", "") == event) return json;
    }
  }

  void request(const std::string& op, Json fields = Json::object()) {
    fields["op"] = op;
    fields["id"] = ++last_id_;
    send(fields.dump() + "\n");
  }
  Json operator()(const std::string& op, const Json& fields = Json::object()) {
    request(op, fields);
    Json reply = answer();
    if (reply.is_object()) {
      CHECK(reply["id"] == last_id_);
      CHECK(reply["op"] == op);
    }
    return reply;
  }
  // The answer must be ok.
  Json must(const std::string& op, const Json& fields = Json::object()) {
    Json reply = (*this)(op, fields);
    INFO(op << " " << reply.dump());
    REQUIRE(reply["ok"] == true);
    return reply;
  }
  // The error of the answer, Error::none when it is ok.
  Error error(const std::string& op, const Json& fields = Json::object()) {
    return error_of((*this)(op, fields));
  }

  static Error error_of(const Json& reply) {
    if (!reply.is_object()) throw std::runtime_error("the connection ended");
    if (reply.at("ok") == true) return Error::none;
    const auto error = static_cast<Error>(reply.at("error").at("code").get<int>());
    CHECK(reply["error"]["name"] == std::string(chatd::info(error).name));
    CHECK(!reply["error"]["message"].get<std::string>().empty());
    return error;
  }

  // Registers the user if need be, and logs in. Returns the user's id.
  std::int64_t enter(const std::string& user) {
    (*this)("REGISTRATION", {{"user", user}, {"password", "correct horse"}});
    const Json reply = must("AUTHENTICATION", {{"user", user}, {"password", "correct horse"}});
    token_ = reply["token"].get<std::string>();
    return reply["user_id"].get<std::int64_t>();
  }
  const std::string& token() const { return token_; }

 private:
  template <typename Address>
  void connect_to(const Address& address) {
    if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("connect");
    }
  }

  int socket_ = -1;
  int last_id_ = 0;
  std::string input_;
  std::string token_;
  std::vector<Json> pushes_;
};

}  // namespace chat_test

// doctest prints errors by name.
namespace doctest {
template <>
struct StringMaker<chatd::Error> {
  static String convert(chatd::Error error) {
    return error == chatd::Error::none ? "none" : String(chatd::info(error).name.data());
  }
};
}  // namespace doctest
