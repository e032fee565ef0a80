// Who may go on: rate limits, address blocks, suspensions. All of it is in memory. Suspensions must
// outlive a restart, so the service also stores them in the database.
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

// Lets `rate` commands a second through, and `burst` commands at once. For one thread at a time.
class TokenBucket {
 public:
  TokenBucket(double rate, double burst) : rate_(rate), burst_(burst), tokens_(burst) {}
  bool limits() const { return rate_ > 0; }
  bool take(SteadyTime now);

 private:
  double rate_, burst_, tokens_;
  SteadyTime filled_{};
};

// Counts hits. hit() is true for the hit number `limit` within `window`, and the count starts over.
// For one thread at a time.
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

// Addresses that guess passwords, by their ids (shm/address.h). All IPv6 addresses of one /64 count
// as one client, because a client can change the rest of its address at will. For any thread.
class AddressBlocks {
 public:
  explicit AddressBlocks(const GuardOptions& options) : options_(options) {}

  // 0 when the address may try. Otherwise the attempts made during its block, with this one.
  std::int64_t attempt(std::uint64_t address_id, SteadyTime now);

  struct Failure {
    int failures = 0;      // within the window
    bool guessing = false; // this failure is the one half way to a block
    bool blocked = false;  // this failure began the block
  };
  // `address` is the address as text, for the log.
  Failure failed(std::uint64_t address_id, const std::string& address, SteadyTime now);

  struct Ended {
    std::string address;
    std::int64_t before = 0, during = 0;
  };
  // Forgets old failures and returns the blocks that are over. To be called now and then.
  std::vector<Ended> sweep(SteadyTime now);

 private:
  struct Entry {
    std::string address;  // the text of the one that failed last
    std::deque<SteadyTime> failures;
    SteadyTime blocked_until{};
    std::int64_t before = 0, during = 0;
  };
  void forget_old(Entry& entry, SteadyTime now) const;

  const GuardOptions options_;
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, Entry> entries_;
};

// Users who abuse the server: strikes and suspensions. For any thread.
class Suspensions {
 public:
  explicit Suspensions(const GuardOptions& options) : options_(options) {}

  // The number of strikes in the window if this strike began a suspension. Otherwise 0.
  int strike(std::int64_t user, SteadyTime now);
  bool suspended(std::int64_t user, SteadyTime now);
  void suspend_until(std::int64_t user, SteadyTime until);  // for one that was stored
  std::chrono::milliseconds length() const { return options_.suspend_for; }

 private:
  const GuardOptions options_;
  std::mutex mutex_;
  std::unordered_map<std::int64_t, std::deque<SteadyTime>> strikes_;
  std::unordered_map<std::int64_t, SteadyTime> until_;
};

}  // namespace chatd
