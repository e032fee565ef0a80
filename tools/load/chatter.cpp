#include "tools/load/chatter.h"

#include <fmt/core.h>

#include <algorithm>

#include "tools/load/clock.h"
#include "tools/load/worker.h"

namespace ringside::load {

namespace {
constexpr std::chrono::milliseconds kRetryDelay{200};
constexpr std::int64_t kGiveUpAfterNs = 60'000'000'000;
}  // namespace

Chatter::Chatter(Worker& worker, std::uint32_t index)
    : worker_(worker),
      connection_(worker.io(), worker.books(), kMix, *this),
      timer_(worker.io()),
      jitter_(worker.crowd().settings.seed ^ (std::uint64_t{index} << 32)) {
  state_.index = index;
  state_.user = user_name(worker.hood().run, index);
  state_.password = fmt::format("correct horse {}", index);
  state_.home_index = index % static_cast<std::uint32_t>(worker.crowd().homes.size());
}

bool Chatter::owns_home() const { return state_.index < worker_.crowd().homes.size(); }

void Chatter::set_up() { connection_.connect(worker_.crowd().target, std::nullopt); }

void Chatter::move_in() { take(owns_home() ? Step::greeting : Step::joining); }

void Chatter::close() {
  stopped_ = true;
  timer_.cancel();
  connection_.close();
}

void Chatter::perform(const Plan& plan, std::int64_t intended_ns, std::int32_t turn) {
  Pending pending;
  pending.op = plan.op;
  pending.source = kMix;
  pending.id = connection_.next_id();
  pending.intended_ns = intended_ns;
  pending.turn = turn;
  line_.clear();
  pending.intent = write_request(plan, pending.id, state_, worker_.hood(), line_);
  worker_.line_opened();
  connection_.send(pending, line_);
}

// Enters a step and sends its request, if the step has one.
void Chatter::take(Step step) {
  step_ = step;
  Pending pending;
  pending.source = kSetup;
  pending.id = connection_.next_id();
  line_.clear();
  const auto open = [&](Op op) {
    pending.op = op;
    open_request(line_, pending.id, op);
  };
  switch (step) {
    case Step::registering:
      open(Op::REGISTRATION);
      add_member(line_, "user", state_.user);
      add_member(line_, "password", state_.password);
      break;
    case Step::logging_in_again:
      pending.source = kRelogin;
      [[fallthrough]];
    case Step::logging_in:
      open(Op::AUTHENTICATION);
      if (state_.token.empty() || token_rejected_) {
        add_member(line_, "user", state_.user);
        add_member(line_, "password", state_.password);
      } else {
        add_member(line_, "token", state_.token);
      }
      break;
    case Step::making_den:
      open(Op::CREATE_ROOM);
      add_member(line_, "name", fmt::format("{} den {}", worker_.hood().run, state_.index));
      line_ += ",\"private\":true";
      break;
    case Step::making_home:
      open(Op::CREATE_ROOM);
      add_member(line_, "name", fmt::format("{} home {}", worker_.hood().run, state_.index));
      add_member(line_, "topic", "everyone is welcome");
      break;
    case Step::joining:
      open(Op::JOIN_ROOM);
      add_member(line_, "room", worker_.crowd().homes[state_.home_index]);
      break;
    case Step::greeting: {
      open(Op::SEND_MESSAGE);
      pending.intent.subject = worker_.crowd().homes[state_.home_index];
      add_member(line_, "room", pending.intent.subject);
      add_text(line_, jitter_);
      break;
    }
    case Step::visiting: {
      open(Op::JOIN_ROOM);
      const std::vector<std::int64_t>& homes = worker_.crowd().homes;
      pending.intent.subject = homes[(state_.home_index + 1) % homes.size()];
      state_.visits.push_back({pending.intent.subject, false});
      add_member(line_, "room", pending.intent.subject);
      break;
    }
    case Step::inviting:
      open(Op::INVITE_USER);
      add_member(line_, "room", state_.den);
      add_member(line_, "user",
                 user_name(worker_.hood().run,
                           (state_.index + 1 + state_.invited) % worker_.crowd().settings.clients));
      break;
    case Step::ready:
    case Step::at_barrier:
    case Step::connecting:
    case Step::backing_off:
    case Step::given_up:
      return;
  }
  line_ += '}';
  worker_.line_opened();
  connection_.send(pending, line_);
}

void Chatter::on_connected() {
  if (in_set_up()) {
    take(Step::registering);
  } else if (stopped_) {
    connection_.close();
  } else {
    take(Step::logging_in_again);
  }
}

void Chatter::on_connect_failed(const boost::system::error_code& why) {
  if (in_set_up()) {
    worker_.fail_set_up(fmt::format("client {} cannot connect: {}", state_.index, why.message()));
    step_ = Step::given_up;
    return;
  }
  connect_again();
}

void Chatter::on_answer(const Pending& pending, const Answer& answer) {
  if (pending.source == kMix) {
    learn(pending.op, pending.intent, answer, state_, worker_.hood());
    worker_.line_closed(pending.turn);
    return;
  }
  on_step_answer(pending, answer);
  worker_.line_closed(-1);
}

void Chatter::on_step_answer(const Pending& pending, const Answer& answer) {
  const bool goes_on =
      answer.ok || (step_ == Step::inviting && outcome_of(answer.code) == Outcome::rejected);
  if (goes_on) {
    learn(pending.op == Op::CREATE_ROOM ? Op::none : pending.op, pending.intent, answer, state_,
          worker_.hood());
    advance(answer);
    return;
  }
  if (is_transient(answer.code) ||
      (step_ == Step::logging_in_again && outcome_of(answer.code) == Outcome::limited)) {
    retry_soon();
    return;
  }
  std::string message = fmt::format("{} of {} was answered with {} {}", name_of(pending.op),
                                 state_.user, answer.code, answer.code_name);
  if (answer.code == code::USER_EXISTS || answer.code == code::ROOM_EXISTS) {
    message +=
        fmt::format("\n  next: give another --run than {}, which this database has seen before",
                    worker_.hood().run);
  }
  if (step_ == Step::logging_in_again && answer.code == code::TOKEN_REJECTED && !token_rejected_) {
    token_rejected_ = true;
    take(Step::logging_in_again);
  } else if (step_ == Step::logging_in_again) {
    give_up(message);
  } else {
    worker_.fail_set_up(message);
    step_ = Step::given_up;
  }
}

void Chatter::advance(const Answer& answer) {
  switch (step_) {
    case Step::registering:
      take(Step::logging_in);
      break;
    case Step::logging_in:
      take(Step::making_den);
      break;
    case Step::making_den:
      state_.den = answer.room_id;
      if (owns_home()) {
        take(Step::making_home);
        break;
      }
      step_ = Step::at_barrier;
      worker_.client_at_barrier();
      return;
    case Step::making_home:
      worker_.crowd().homes[state_.index] = answer.room_id;
      step_ = Step::at_barrier;
      worker_.client_at_barrier();
      return;
    case Step::joining:
      take(Step::greeting);
      break;
    case Step::greeting:
      // One client in four visits a neighbour, so that somebody can leave a room from the start.
      if (++greetings_ < 2) take(Step::greeting);
      else if (state_.index % 4 == 0 && worker_.crowd().homes.size() > 1) take(Step::visiting);
      else if (worker_.crowd().settings.clients > 1) take(Step::inviting);
      else step_ = Step::ready;
      break;
    case Step::visiting:
      take(Step::inviting);
      break;
    case Step::inviting:
      ++state_.invited;
      step_ = Step::ready;
      break;
    case Step::logging_in_again:
      step_ = Step::ready;
      attempts_ = 0;
      token_rejected_ = false;
      worker_.client_back(state_.index);
      return;
    case Step::connecting:
    case Step::at_barrier:
    case Step::ready:
    case Step::backing_off:
    case Step::given_up:
      break;
  }
  if (step_ == Step::ready) worker_.client_ready();
  else worker_.set_up_moved();
}

void Chatter::retry_soon() {
  timer_.expires_after(kRetryDelay);
  timer_.async_wait([this, step = step_](const boost::system::error_code& cancelled) {
    if (cancelled || stopped_ || step_ != step || !connection_.connected()) return;
    take(step);
  });
}

void Chatter::on_unanswered(const Pending& pending, bool) {
  if (pending.source == kMix) forget(pending.op, pending.intent, state_);
  worker_.line_closed(pending.turn);
}

void Chatter::on_push(const Answer& push) {
  if (push.invitation_id == 0) return;
  state_.invitations.push_back(push.invitation_id);
  worker_.hood().invited.push_back(state_.index);
}

void Chatter::on_lost(const std::string& why) {
  if (in_set_up()) {
    worker_.fail_set_up(fmt::format("the connection of client {} was lost: {}", state_.index, why));
    step_ = Step::given_up;
    return;
  }
  if (step_ == Step::ready) {
    attempts_ = 0;
    lost_ns_ = now_ns();
  }
  connect_again();
}

void Chatter::connect_again() {
  step_ = Step::backing_off;
  if (stopped_) return;
  if (now_ns() - lost_ns_ > kGiveUpAfterNs) {
    give_up("no connection to the server for a minute");
    return;
  }
  // Without jitter a thousand clients would try again in the same instant each time.
  const std::uint32_t longest_ms = std::min(2000U, 50U << std::min(attempts_, 6U));
  ++attempts_;
  timer_.expires_after(std::chrono::milliseconds(longest_ms / 2 + jitter_.below(longest_ms / 2)));
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled || stopped_) return;
    connection_.connect(worker_.crowd().target, std::nullopt);
  });
}

void Chatter::give_up(const std::string& why) {
  step_ = Step::given_up;
  connection_.close();
  worker_.client_gave_up(why);
}

}  // namespace ringside::load
