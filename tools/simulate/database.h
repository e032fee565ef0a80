// The database's one writer, as tools/chat/storage/store.h has it: it takes up to 64 waiting jobs
// into one transaction. A lock that another process holds lets an attempt fail after 250 ms. Three
// attempts, then the jobs end with DATABASE_BUSY. Five failed attempts in a row open the breaker
// for two seconds.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "tools/simulate/request.h"
#include "tools/simulate/site.h"

namespace ringside::simulate {

class Database {
 public:
  // `ended` takes a job that has been committed or has failed: its request has outcome and code.
  Database(Site& site, Requests& requests, std::uint32_t lane,
           std::function<void(std::uint32_t)> ended)
      : site_(site), requests_(requests), lane_(lane), ended_(std::move(ended)) {}

  void write(std::uint32_t job);
  // How long a reader's transaction will take, and its events once it has ended.
  Ns span_of_read(const Request& request);
  void read_done(const Request& request, Ns span, std::uint32_t lane);

  // A write that failed at once and changed nothing.
  void rolled_back(const Request& request, std::uint32_t lane);

  void writer_done(std::uint32_t stamp);
  void writer_again(std::uint32_t stamp);
  // A new server: nothing waits, and the breaker is closed.
  void begin_anew();

  std::int64_t open_transactions() const { return busy_ ? 1 : 0; }
  // What the writer works at; null: nothing.
  const Request* at_work() const {
    return batch_.empty() ? nullptr : &requests_.at(batch_.front());
  }

 private:
  enum class Breaker : std::uint8_t { closed, open, half_open };
  static constexpr std::size_t kBatch = 64;
  static constexpr int kAttempts = 3;
  static constexpr int kBreakerAfter = 5;
  static constexpr Ns kBusy = 250 * kMillisecond;
  static constexpr Ns kBreakerOpen = 2 * kSecondNs;
  static constexpr Ns kSlowQuery = 100 * kMillisecond;

  void begin_batch();
  void try_batch();
  void failed();
  void end_batch(Outcome outcome, Code code);
  void become(Breaker next);
  bool refuses() const { return breaker_ == Breaker::open && site_.now < open_until_; }
  void say(Event event, Ns span, Outcome outcome, std::int64_t value, Op during,
           std::uint32_t lane);

  Site& site_;
  Requests& requests_;
  const std::uint32_t lane_;
  const std::function<void(std::uint32_t)> ended_;
  std::deque<std::uint32_t> waiting_;
  std::vector<std::uint32_t> batch_;
  bool busy_ = false;
  bool fails_ = false;  // the attempt that is under way
  int attempt_ = 0;
  Ns attempt_began_ = 0;
  std::uint32_t stamp_ = 0;
  Breaker breaker_ = Breaker::closed;
  Ns breaker_since_ = 0;
  Ns open_until_ = 0;
  int failures_ = 0;
  Ns first_failure_ = 0;
};

}  // namespace ringside::simulate
