#include "tools/chat/security/passwords.h"

#include <array>
#include <stdexcept>
#include <utility>

#include <boost/asio/post.hpp>
#include <sodium.h>

namespace chatd {
namespace {

struct Cost {
  unsigned long long operations;
  std::size_t memory;
};

Cost cost_of(Argon2Level level) {
  switch (level) {
    case Argon2Level::min: return {crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN};
    case Argon2Level::moderate:
      return {crypto_pwhash_OPSLIMIT_MODERATE, crypto_pwhash_MEMLIMIT_MODERATE};
    case Argon2Level::interactive: break;
  }
  return {crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE};
}

std::string hex(const unsigned char* bytes, std::size_t size) {
  std::string text(size * 2 + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), bytes, size);
  text.pop_back();
  return text;
}

}  // namespace

std::string random_token() {
  std::array<unsigned char, 32> bytes;
  randombytes_buf(bytes.data(), bytes.size());
  return hex(bytes.data(), bytes.size());
}

std::string hash_token(std::string_view token) {
  std::array<unsigned char, crypto_generichash_BYTES> bytes;
  crypto_generichash(bytes.data(), bytes.size(),
                     reinterpret_cast<const unsigned char*>(token.data()), token.size(), nullptr,
                     0);
  return hex(bytes.data(), bytes.size());
}

Passwords::Passwords(Argon2Level level, int workers)
    : level_(level),
      limit_(static_cast<std::size_t>(workers) * 64),
      workers_(static_cast<std::size_t>(workers)) {
  if (sodium_init() < 0) throw std::runtime_error("libsodium can't be initialised");
  const auto dummy = hash_now("no user has this password");
  if (!dummy)
    throw std::runtime_error("not enough memory for one Argon2 hash\n  next: lower --argon2");
  dummy_ = *dummy;
}

void Passwords::stop() { workers_.join(); }

bool Passwords::enqueue(std::function<void()> task) {
  if (waiting_.fetch_add(1, std::memory_order_relaxed) >= limit_) {
    waiting_.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  boost::asio::post(workers_, [this, task = std::move(task)] {
    task();
    waiting_.fetch_sub(1, std::memory_order_relaxed);
  });
  return true;
}

bool Passwords::hash(std::string password, std::function<void(std::optional<std::string>)> done) {
  return enqueue(
      [this, password = std::move(password), done = std::move(done)] { done(hash_now(password)); });
}

bool Passwords::verify(std::string password, std::optional<std::string> stored,
                       std::function<void(bool)> done) {
  return enqueue(
      [this, password = std::move(password), stored = std::move(stored), done = std::move(done)] {
        const std::string& against = stored ? *stored : dummy_;
        const bool right =
            crypto_pwhash_str_verify(against.c_str(), password.c_str(), password.size()) == 0;
        done(right && stored);
      });
}

std::optional<std::string> Passwords::hash_now(const std::string& password) const {
  std::array<char, crypto_pwhash_STRBYTES> out;
  const auto cost = cost_of(level_);
  if (crypto_pwhash_str(out.data(), password.c_str(), password.size(), cost.operations,
                        cost.memory) != 0) {
    return std::nullopt;
  }
  return std::string(out.data());
}

}  // namespace chatd
