// A client of the daemon's API that asks over one kept connection and times each answer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace ringside::bench {

class ApiClient {
 public:
  // Connects to 127.0.0.1. Every request carries the token.
  ApiClient(std::uint16_t port, std::string token);
  ~ApiClient();
  ApiClient(const ApiClient&) = delete;
  ApiClient& operator=(const ApiClient&) = delete;

  struct Answer {
    unsigned status = 0;
    std::string body;
    double seconds = 0;  // from the request's first byte to the answer's last
  };
  // Nothing after a failure of the connection: the next call connects anew.
  std::optional<Answer> get(const std::string& target, const std::string& accept = "*/*");

 private:
  class Connection;
  const std::uint16_t port_;
  const std::string token_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace ringside::bench
