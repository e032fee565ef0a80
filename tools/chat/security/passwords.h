// Argon2id hashes of passwords, computed on threads of their own. Session tokens and their hashes.
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

std::string random_token();  // 32 random bytes as 64 hexadecimal digits
// BLAKE2b. A token is random, so it needs no salt and no slow hash.
std::string hash_token(std::string_view token);

// By default one hash takes 64 MiB and some 60 ms. So neither the sockets nor the database wait for
// it. The line of waiting tasks is bounded: a task beyond the bound is refused.
class Passwords {
 public:
  Passwords(Argon2Level level, int workers);
  ~Passwords() { stop(); }

  // hash() and verify() call `done` on a worker, or return false when the line is full. hash()
  // calls it with nullopt when there is not enough memory.
  bool hash(std::string password, std::function<void(std::optional<std::string>)> done);
  // Without a stored hash the answer is no, after the same time as with one. So the time does not
  // tell which users exist.
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
