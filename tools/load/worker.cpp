#include "tools/load/worker.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "tools/load/clock.h"

namespace ringside::load {
namespace asio = boost::asio;

namespace {
// How many clients set up at once, in all threads together. Each makes the server hash passwords,
// and the server lets 64 hashes wait for each of its password workers.
constexpr std::uint32_t kSetUpAtOnce = 32;
// Requests sent in one go before answers are read again.
constexpr int kSendBatch = 128;
// Open lines of one thread. Only a server that is overrun for long lets so many gather. Requests
// beyond the bound count as unsent.
constexpr std::uint64_t kMaxOpenLines = 200'000;
// The server closes connections that send no line for 5 min.
constexpr std::chrono::seconds kKeepAliveInterval{60};
// How many other clients are tried when the planned one cannot do an operation.
constexpr std::size_t kAskedForHelp = 64;
}  // namespace

Worker::Worker(Crowd& crowd, const std::string& run, std::uint32_t index, std::size_t sources)
    : io_(1),
      guard_(io_.get_executor()),
      crowd_(crowd),
      index_(index),
      threads_(crowd.settings.threads),
      open_loop_(crowd.settings.rate_per_s > 0),
      books_(sources),
      schedule_(crowd.settings.seed, crowd.settings.mix, crowd.settings.clients,
                crowd.settings.rate_per_s),
      due_(io_),
      keep_alive_(io_),
      set_up_at_once_(std::max(1U, kSetUpAtOnce / crowd.settings.threads)) {
  hood_.run = run;
  hood_.clients = crowd.settings.clients;
  for (std::uint32_t client = index; client < crowd.settings.clients; client += threads_) {
    chatters_.push_back(std::make_unique<Chatter>(*this, client));
  }
  turns_.resize(chatters_.size());
  turn_open_.resize(chatters_.size());
}

Worker::~Worker() { finish(); }

void Worker::start_thread() {
  thread_ = std::thread([this] { io_.run(); });
}

void Worker::set_up() {
  asio::post(io_, [this] {
    for (std::uint32_t i = 0; i < set_up_at_once_; ++i) set_up_next();
  });
}

void Worker::set_up_next() {
  if (stopped_ || set_up_begun_ >= chatters_.size()) return;
  chatters_[set_up_begun_++]->set_up();
}

void Worker::move_in() {
  asio::post(io_, [this] {
    hood_.homes = crowd_.homes;
    hood_.boards.resize(hood_.homes.size());
    for (auto& chatter : chatters_) {
      if (!chatter->gave_up()) chatter->move_in();
    }
  });
}

void Worker::begin(std::int64_t start_ns) {
  asio::post(io_, [this, start_ns] {
    start_ns_ = start_ns;
    sending_ = true;
    send_keep_alives();
    if (!open_loop_) {
      for (std::uint32_t i = 0; i < chatters_.size(); ++i) take_turn(index_ + i * threads_);
      check_done();
      return;
    }
    find_next_plan();
    send_due();
  });
}

void Worker::stop_sending() {
  asio::post(io_, [this] {
    stopped_ = true;
    sending_ = false;
    due_.cancel();
    keep_alive_.cancel();
    for (auto& chatter : chatters_) chatter->stop();
    check_drained();
  });
}

void Worker::finish() {
  if (!thread_.joinable()) return;
  asio::post(io_, [this] {
    stopped_ = true;
    sending_ = false;
    due_.cancel();
    keep_alive_.cancel();
    for (auto& chatter : chatters_) chatter->close();
    guard_.reset();
    io_.stop();
  });
  thread_.join();
}

Chatter* Worker::chatter_of(std::uint32_t client) { return chatters_[client / threads_].get(); }

void Worker::find_next_plan() {
  const std::uint64_t limit = crowd_.settings.operations;
  do {
    plan_ = schedule_.next();
    if (limit != 0 && plan_.number >= limit) {
      has_plan_ = false;
      check_done();
      return;
    }
  } while (!mine(plan_.client));
  has_plan_ = true;
}

void Worker::send_due() {
  if (!sending_ || !has_plan_) return;
  const std::int64_t now = now_ns();
  for (int i = 0; i < kSendBatch && has_plan_; ++i) {
    const std::int64_t intended_ns = start_ns_ + plan_.intended_ns;
    if (intended_ns > now) {
      due_.expires_at(time_point_of(intended_ns));
      due_.async_wait([this](const boost::system::error_code& cancelled) {
        if (!cancelled) send_due();
      });
      return;
    }
    perform(plan_, intended_ns, -1);
    find_next_plan();
  }
  if (has_plan_) asio::post(io_, [this] { send_due(); });
}

void Worker::take_turn(std::uint32_t client) {
  const std::uint32_t slot = client / threads_;
  if (!sending_ || turn_open_[slot] || !chatters_[slot]->ready()) return;
  const std::uint64_t number = client + turns_[slot] * crowd_.settings.clients;
  if (crowd_.settings.operations != 0 && number >= crowd_.settings.operations) return;
  ++turns_[slot];
  turn_open_[slot] = true;
  perform(schedule_.at(number), 0, static_cast<std::int32_t>(client));
}

void Worker::perform(const Plan& plan, std::int64_t intended_ns, std::int32_t turn) {
  Chatter* const performer = open_lines_ < kMaxOpenLines ? performer_of(plan) : nullptr;
  if (performer == nullptr) {
    books_.count_unsent(kMix, plan.op);
    return;
  }
  performer->perform(plan, intended_ns, turn);
}

// The planned client, or another client of this thread that knows what the operation needs. Null
// if the planned client is not ready.
Chatter* Worker::performer_of(const Plan& plan) {
  Chatter* const planned = chatter_of(plan.client);
  if (!planned->ready()) return nullptr;
  if (can(plan.op, planned->state(), hood_)) return planned;
  if (plan.op == Op::ACCEPT_INVITATION || plan.op == Op::DECLINE_INVITATION) {
    while (!hood_.invited.empty()) {
      Chatter* const invited = chatter_of(hood_.invited.front());
      hood_.invited.pop_front();
      if (invited->ready() && can(plan.op, invited->state(), hood_)) return invited;
    }
    return planned;
  }
  const std::size_t first = plan.client / threads_;
  for (std::size_t i = 1; i < chatters_.size() && i <= kAskedForHelp; ++i) {
    Chatter* const other = chatters_[(first + i) % chatters_.size()].get();
    if (other->ready() && can(plan.op, other->state(), hood_)) return other;
  }
  return planned;
}

void Worker::line_closed(std::int32_t turn) {
  --open_lines_;
  if (turn >= 0) {
    const auto client = static_cast<std::uint32_t>(turn);
    turn_open_[client / threads_] = false;
    // Posted, not called here. The connection that brought the answer is in the middle of its
    // lines. And if the connection just broke, the performer still looks ready.
    asio::post(io_, [this, client] {
      take_turn(client);
      check_done();
    });
  }
  check_drained();
}

void Worker::set_up_moved() {
  crowd_.report([](Progress& progress) { ++progress.steps; });
}

void Worker::client_at_barrier() {
  crowd_.report([](Progress& progress) {
    ++progress.steps;
    ++progress.clients_at_barrier;
  });
  set_up_next();
}

void Worker::client_ready() {
  crowd_.report([](Progress& progress) {
    ++progress.steps;
    ++progress.clients_ready;
  });
}

void Worker::client_back(std::uint32_t client) {
  if (!open_loop_) take_turn(client);
}

void Worker::client_gave_up(const std::string& why) {
  crowd_.report([&why](Progress& progress) {
    if (progress.given_up++ == 0) progress.give_up_reason = why;
  });
  check_done();
}

void Worker::fail_set_up(const std::string& why) {
  stopped_ = true;
  crowd_.report([&why](Progress& progress) {
    if (progress.failure.empty()) progress.failure = why;
  });
}

void Worker::send_keep_alives() {
  keep_alive_.expires_after(kKeepAliveInterval);
  keep_alive_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled || stopped_) return;
    for (auto& chatter : chatters_) chatter->keep_alive();
    send_keep_alives();
  });
}

// Reports when every operation asked for by --operations has been sent. In the closed loop it is
// also answered by then, because each client waits for its answer before it takes its next turn.
void Worker::check_done() {
  if (reported_done_ || crowd_.settings.operations == 0 || (open_loop_ && has_plan_)) return;
  if (!open_loop_) {
    for (std::uint32_t slot = 0; slot < chatters_.size(); ++slot) {
      const std::uint64_t next =
          index_ + slot * std::uint64_t{threads_} + turns_[slot] * crowd_.settings.clients;
      if (turn_open_[slot] || (next < crowd_.settings.operations && !chatters_[slot]->gave_up()))
        return;
    }
  }
  reported_done_ = true;
  crowd_.report([](Progress& progress) { ++progress.workers_done; });
}

void Worker::check_drained() {
  if (!stopped_ || reported_drained_ || open_lines_ != 0) return;
  reported_drained_ = true;
  crowd_.report([](Progress& progress) { ++progress.workers_drained; });
}

}  // namespace ringside::load
