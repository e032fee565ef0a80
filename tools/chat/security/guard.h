// Who may go on: rate limits, address blocks, suspensions. All in memory; what must outlive a
// restart (suspensions) is stored by the service.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace chatd {

using SteadyTime = std::chrono::steady_clock::time_point;

// Lets `rate` commands a second through, and `burst` at once. One thread at a time.
class TokenBucket {
 public:
  TokenBucket(double rate, double burst) : rate_(rate), burst_(burst), tokens_(burst) {}
  bool limits() const { return rate_ > 0; }
  bool take(SteadyTime now);

 private:
  double rate_, burst_, tokens_;
  SteadyTime filled_{};
};

// Counts until `limit` within `window`, says so once, and starts over. One thread at a time.
class Burst {
 public:
  Burst(int limit, std::chrono::seconds window) : limit_(limit), window_(window) {}
  bool hit(SteadyTime now);

 private:
  const int limit_;
  const std::chrono::seconds window_;
  int count_ = 0;
  SteadyTime began_{};
};

struct GuardOptions {
  int block_after = 10;  // 0: never
  std::chrono::seconds block_window{60};
  std::chrono::milliseconds block_for{std::chrono::seconds(300)};
  int suspend_after = 5;  // 0: never
  std::chrono::seconds strike_window{600};
  std::chrono::milliseconds suspend_for{std::chrono::seconds(600)};
};

// Addresses that guess passwords, by their ids (shm/address.h): an IPv6 client is its /64, because
// it may change the rest of its address at will. Any thread.
class AddressBlocks {
 public:
  explicit AddressBlocks(const GuardOptions& options) : options_(options) {}

  // 0 when the address may try; else the attempts made during its block, this one included.
  std::int64_t attempt(std::uint64_t address_id, SteadyTime now);

  struct Failure {
    int failures = 0;      // within the window
    bool guessing = false; // half the way to a block: said once
    bool blocked = false;  // this failure brought the block
  };
  // `address` is its text, for the log.
  Failure failed(std::uint64_t address_id, const std::string& address, SteadyTime now);

  struct Ended {
    std::string address;
    std::int64_t before = 0, during = 0;
  };
  std::vector<Ended> sweep(SteadyTime now);  // forgets what is over; call it now and then

 private:
  struct Entry {
    std::string address;  // the one that failed last
    std::deque<SteadyTime> failures;
    SteadyTime blocked_until{};
    std::int64_t before = 0, during = 0;
  };
  void forget_old(Entry& entry, SteadyTime now) const;

  const GuardOptions options_;
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, Entry> entries_;
};

// Users that abuse the server: strikes, and suspensions. Any thread.
class Suspensions {
 public:
  explicit Suspensions(const GuardOptions& options) : options_(options) {}

  // The strikes of the window, if this one brought a suspension; else 0.
  int strike(std::int64_t user, SteadyTime now);
  bool suspended(std::int64_t user, SteadyTime now);
  void suspend_until(std::int64_t user, SteadyTime until);  // as it was stored
  std::chrono::milliseconds length() const { return options_.suspend_for; }

 private:
  const GuardOptions options_;
  std::mutex mutex_;
  std::unordered_map<std::int64_t, std::deque<SteadyTime>> strikes_;
  std::unordered_map<std::int64_t, SteadyTime> until_;
};

}  // namespace chatd
