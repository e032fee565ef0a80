#include "tools/simulate/database.h"

#include <algorithm>

#include "tools/simulate/profile.h"

namespace ringside::simulate {

void Database::say(Event event, Ns span, Outcome outcome, std::int64_t value, Op during,
                   std::uint32_t lane) {
  Happened happened;
  happened.event = event;
  happened.at = site_.now;
  happened.span = span;
  happened.outcome = outcome;
  happened.value = value;
  happened.during = during;
  site_.ring.write(happened, lane);
}

void Database::write(std::uint32_t job) {
  Request& request = requests_.at(job);
  request.waiting_since = site_.now;
  if (refuses()) {
    request.outcome = Outcome::error;
    request.code = Code::BREAKER_OPEN;
    ended_(job);
    return;
  }
  waiting_.push_back(job);
  if (!busy_) begin_batch();
}

void Database::begin_batch() {
  if (waiting_.empty()) return;
  if (breaker_ == Breaker::open && site_.now >= open_until_) become(Breaker::half_open);
  // Half-open: one job is the probe.
  const std::size_t most = breaker_ == Breaker::half_open ? 1 : kBatch;
  const std::size_t count = std::min(most, waiting_.size());
  batch_.assign(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
  busy_ = true;
  attempt_ = 1;
  try_batch();
}

void Database::try_batch() {
  attempt_began_ = site_.now;
  const Conditions& c = site_.conditions;
  const Ns lock_wait = c.locked ? std::max<Ns>(c.locked_until - site_.now, 0) : 0;
  fails_ = lock_wait > kBusy;
  if (fails_) {
    site_.agenda.add(site_.now + kBusy, What::writer_done, 0, stamp_);
    return;
  }
  double commit_us = site_.random.lognormal(380, 0.45);
  if (site_.random.chance(0.0015)) commit_us += site_.random.pareto(4000, 1.6);  // a checkpoint
  double work_us = 0;
  for (const std::uint32_t job : batch_)
    work_us += site_.random.lognormal(profile_of(requests_.at(job).op).database_us, 0.4);
  const double factor = c.database_factor * site_.server_mood.factor();
  const Ns span = lock_wait + static_cast<Ns>((commit_us + work_us) * factor * 1e3);
  site_.agenda.add(site_.now + std::min(span, 120 * kSecondNs), What::writer_done, 0, stamp_);
}

void Database::writer_done(std::uint32_t stamp) {
  if (stamp != stamp_) return;
  if (fails_) {
    failed();
    return;
  }
  const Ns span = site_.now - attempt_began_;
  const Op op = requests_.at(batch_.front()).op;
  say(Event::DB_TRANSACTION, span, Outcome::ok, 0, op, lane_);
  if (span > kSlowQuery) say(Event::SLOW_QUERY, span, Outcome::ok, 0, op, lane_);
  if (failures_ > 0) say(Event::RECOVERY, site_.now - first_failure_, Outcome::ok, 0, op, lane_);
  failures_ = 0;
  if (breaker_ != Breaker::closed) become(Breaker::closed);
  end_batch(Outcome::ok, Code::none);
}

void Database::failed() {
  const Op op = requests_.at(batch_.front()).op;
  say(Event::DB_TRANSACTION, site_.now - attempt_began_, Outcome::error, 0, op, lane_);
  if (failures_ == 0) first_failure_ = site_.now;
  ++failures_;
  const bool probe = breaker_ == Breaker::half_open;
  if (probe || failures_ == kBreakerAfter) {
    open_until_ = site_.now + kBreakerOpen;
    become(Breaker::open);
  }
  if (breaker_ == Breaker::open || attempt_ >= kAttempts) {
    end_batch(Outcome::timeout, Code::DATABASE_BUSY);
    return;
  }
  const Ns pause = (20 * kMillisecond) << (attempt_ - 1);
  site_.agenda.add(site_.now + pause, What::writer_again, 0, stamp_);
}

void Database::writer_again(std::uint32_t stamp) {
  if (stamp != stamp_) return;
  ++attempt_;
  say(Event::RETRY, site_.now - attempt_began_, Outcome::timeout, attempt_,
      requests_.at(batch_.front()).op, lane_);
  try_batch();
}

void Database::end_batch(Outcome outcome, Code code) {
  std::vector<std::uint32_t> ended;
  ended.swap(batch_);
  busy_ = false;
  // While the breaker is open, what waits is refused too.
  if (refuses()) {
    for (const std::uint32_t job : waiting_) {
      requests_.at(job).outcome = Outcome::error;
      requests_.at(job).code = Code::BREAKER_OPEN;
    }
    std::deque<std::uint32_t> refused;
    refused.swap(waiting_);
    for (const std::uint32_t job : refused) ended_(job);
  }
  for (const std::uint32_t job : ended) {
    Request& request = requests_.at(job);
    if (outcome != Outcome::ok) {
      request.outcome = outcome;
      request.code = code;
    }
    ended_(job);
  }
  if (!busy_) begin_batch();
}

void Database::become(Breaker next) {
  const bool opens = next == Breaker::open;
  say(Event::BREAKER, site_.now - breaker_since_, opens ? Outcome::error : Outcome::ok,
      static_cast<std::int64_t>(next), Op::none, lane_);
  breaker_ = next;
  breaker_since_ = site_.now;
}

Ns Database::span_of_read(const Request& request) {
  double us = site_.random.lognormal(profile_of(request.op).database_us, 0.6);
  if (site_.random.chance(0.001)) us += site_.random.pareto(5000, 1.5);
  const double factor = site_.conditions.database_factor * site_.server_mood.factor();
  return std::min(static_cast<Ns>(us * factor * 1e3), 120 * kSecondNs);
}

void Database::read_done(const Request& request, Ns span, std::uint32_t lane) {
  say(Event::DB_TRANSACTION, span, Outcome::ok, 0, request.op, lane);
  if (span > kSlowQuery) say(Event::SLOW_QUERY, span, Outcome::ok, 0, request.op, lane);
}

void Database::rolled_back(const Request& request, std::uint32_t lane) {
  say(Event::DB_TRANSACTION, 300 * kMicrosecond, Outcome::error, 0, request.op, lane);
}

void Database::begin_anew() {
  ++stamp_;
  waiting_.clear();
  batch_.clear();
  busy_ = false;
  breaker_ = Breaker::closed;
  breaker_since_ = site_.now;
  failures_ = 0;
}

}  // namespace ringside::simulate
