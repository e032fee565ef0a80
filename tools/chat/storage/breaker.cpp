#include "tools/chat/storage/breaker.h"

#include <spdlog/spdlog.h>

namespace chatd {
namespace {

const char* name_of(Breaker::State state) {
  constexpr const char* kNames[] = {
#define RINGSIDE_CHAT_BREAKER_STATE(name, text) text,
#include "shm/chat_words.def"
  };
  return kNames[static_cast<std::size_t>(state)];
}

}  // namespace

Breaker::Breaker(int after, std::chrono::milliseconds open_for)
    : after_(after), open_for_(open_for), since_(trace::now()), first_failure_(since_) {}

bool Breaker::refuses(Clock::time_point now) const {
  return state() == State::open &&
         now.time_since_epoch().count() < open_until_.load(std::memory_order_relaxed);
}

Breaker::Admission Breaker::admit(Clock::time_point now) {
  if (state() == State::closed) return Admission::all;
  if (refuses(now)) return Admission::none;
  if (state() == State::open) become(State::half_open);
  return Admission::one;
}

void Breaker::success() {
  if (failures_ > 0) {
    trace::event(trace::Event::RECOVERY,
                 {.op = failed_op_, .duration = trace::now() - first_failure_});
    failures_ = 0;
  }
  if (state() != State::closed) become(State::closed);
}

void Breaker::failure(Op op, Clock::time_point now) {
  if (failures_ == 0) {
    first_failure_ = trace::now();
    failed_op_ = op;
  }
  ++failures_;
  if (state() == State::half_open || (state() == State::closed && failures_ >= after_)) {
    open_until_.store((now + open_for_).time_since_epoch().count(), std::memory_order_relaxed);
    become(State::open);
  }
}

void Breaker::become(State next) {
  const auto now = trace::now();
  // Only the change to open is an error. The other changes are good news.
  trace::event(trace::Event::BREAKER,
               {.outcome = next == State::open ? Outcome::error : Outcome::ok,
                .error = next == State::open ? Error::BREAKER_OPEN : Error::none,
                .op = failed_op_,
                .value = static_cast<std::int64_t>(next),
                .duration = now - since_});
  if (next == State::open) {
    spdlog::warn("circuit breaker: {} -> open after {} failures in a row", name_of(state()),
                 failures_);
  } else {
    spdlog::info("circuit breaker: {} -> {}", name_of(state()), name_of(next));
  }
  since_ = now;
  state_.store(next, std::memory_order_relaxed);
}

}  // namespace chatd
