// Argon2id hashes of passwords, on threads of their own; session tokens and their hashes.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/thread_pool.hpp>

namespace chatd {

enum class Argon2Level { min, interactive, moderate };

std::string random_token();                      // 32 random bytes as 64 hexadecimal digits
std::string hash_token(
    std::string_view token);  // BLAKE2b; a token is random, so it needs no salt and no slow hash

// One hash takes 64 MiB and some 60 ms by default, so neither sockets nor database wait for it, and
// only so many may wait in line: what is over the bound is refused, not piled up.
class Passwords {
 public:
  Passwords(Argon2Level level, int workers);
  ~Passwords() { stop(); }

  // Each calls `done` on a worker, or returns false when the line is full.
  bool hash(std::string password,
            std::function<void(std::optional<std::string>)> done);  // nullopt: no memory
  // Without a stored hash it takes as long and says no: the time does not tell which users exist.
  bool verify(std::string password, std::optional<std::string> stored,
              std::function<void(bool)> done);

  void stop();

 private:
  std::optional<std::string> hash_now(const std::string& password) const;
  bool enqueue(std::function<void()> task);

  const Argon2Level level_;
  const std::size_t limit_;
  std::atomic<std::size_t> waiting_{0};
  std::string dummy_;
  boost::asio::thread_pool workers_;
};

}  // namespace chatd
