#include "daemon/outputs/receivers/alert_delivery.h"

#include <concurrentqueue/concurrentqueue.h>
#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "daemon/outputs/receivers/alertmanager_outbox.h"
#include "daemon/outputs/receivers/receiver.h"
#include "daemon/outputs/receivers/webhook_outbox.h"
#include "shm/assert.h"

namespace ringside {
namespace {

namespace asio = boost::asio;

std::unique_ptr<Outbox> new_outbox(const ReceiverOptions& options) {
  const Instant now = read_instant();
  if (options.kind == ReceiverKind::alertmanager)
    return std::make_unique<AlertmanagerOutbox>(options, now);
  return std::make_unique<WebhookOutbox>(options, fmt::format("{:x}", now.realtime_ns));
}

}  // namespace

class AlertDelivery::Work {
 public:
  // What the drain thread hands over: transitions, or everything that is active.
  struct Update {
    std::vector<AlertTransition> transitions;
    std::optional<std::vector<AlertView>> active;
  };

  Work(std::uint64_t seed, std::int64_t patience_ns)
      : patience_(patience_ns), seed_(seed), guard_(io_.get_executor()), patience_timer_(io_) {}

  ~Work() {
    guard_.reset();
    io_.stop();
    join();
  }

  bool running() const { return running_.load(std::memory_order_acquire); }

  void reconfigure(std::vector<ReceiverOptions> receivers) {
    if (!running() && receivers.empty()) return;
    asio::post(io_, [this, receivers = std::move(receivers)] { take_over(receivers); });
    if (running()) return;
    thread_ = std::thread([this] { run(); });
    running_.store(true, std::memory_order_release);
  }

  // Transitions that find no room are counted. What is active always finds room.
  void hand_over(Update update) {
    const auto size = static_cast<std::int64_t>(update.transitions.size());
    if (queued_.load(std::memory_order_relaxed) + size > kMostQueued) {
      dropped_.fetch_add(size, std::memory_order_relaxed);
      return;
    }
    queued_.fetch_add(size, std::memory_order_relaxed);
    queue_.enqueue(std::move(update));
    asio::post(io_, [this] { take(); });
  }

  void finish(std::function<void()> ended) {
    ended_ = std::move(ended);   // asio::post makes the thread see it
    asio::post(io_, [this] { begin_end(); });
  }

  void join() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run() {
    pthread_setname_np(pthread_self(), "delivery");
    // Signals are for the daemon's loop. The threads of name look-ups inherit this.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    io_.run();
    receivers_.clear();
    if (ended_) ended_();
  }

  void take_over(const std::vector<ReceiverOptions>& options) {
    std::vector<std::unique_ptr<Receiver>> next;
    for (const ReceiverOptions& one : options) {
      const auto old = std::find_if(receivers_.begin(), receivers_.end(), [&](const auto& there) {
        return there && there->options().name == one.name && there->options().kind == one.kind;
      });
      if (old == receivers_.end()) {
        next.push_back(new_receiver(one, new_outbox(one)));
      } else if ((*old)->options() == one) {
        next.push_back(std::move(*old));
      } else {
        std::unique_ptr<Outbox> outbox = (*old)->hand_over();
        old->reset();
        outbox->reconfigure(one, read_instant());
        next.push_back(new_receiver(one, std::move(outbox)));
      }
    }
    receivers_ = std::move(next);
    // Those that have not changed find nothing new in it.
    if (!active_) return;
    for (const auto& receiver : receivers_) receiver->show(*active_);
  }

  std::unique_ptr<Receiver> new_receiver(const ReceiverOptions& options,
                                         std::unique_ptr<Outbox> outbox) {
    return std::make_unique<Receiver>(io_, options, std::move(outbox), ++seed_,
                                      [this] { end_if_settled(); });
  }

  void take() {
    Update update;
    while (queue_.try_dequeue(update)) {
      queued_.fetch_sub(static_cast<std::int64_t>(update.transitions.size()),
                        std::memory_order_relaxed);
      for (const auto& receiver : receivers_) {
        if (!update.transitions.empty()) receiver->tell(update.transitions);
        if (update.active) receiver->show(*update.active);
      }
      if (update.active) active_ = std::move(update.active);
    }
    if (const auto dropped = dropped_.exchange(0, std::memory_order_relaxed); dropped > 0) {
      spdlog::error("receivers: transitions that were dropped before they were taken up: {}",
                    dropped);
    }
  }

  void begin_end() {
    take();
    ending_ = true;
    patience_timer_.expires_after(patience_);
    patience_timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) end();
    });
    for (const auto& receiver : receivers_) receiver->finish();
    end_if_settled();
  }

  void end_if_settled() {
    const auto settled = [](const auto& receiver) { return receiver->settled(); };
    if (ending_ && std::all_of(receivers_.begin(), receivers_.end(), settled)) end();
  }

  void end() {
    if (!std::exchange(ending_, false)) return;
    for (const auto& receiver : receivers_) {
      if (receiver->waiting() == 0) continue;
      spdlog::warn("receiver {}: not delivered before the end: {}",
                   receiver->options().name, receiver->waiting());
    }
    guard_.reset();
    io_.stop();
  }

  const std::chrono::nanoseconds patience_;
  // ORDER reconfigure -> tell: whoever sees it running sees the thread.
  std::atomic<bool> running_{false};
  std::atomic<std::int64_t> queued_{0};    // transitions
  std::atomic<std::int64_t> dropped_{0};   // not yet said
  moodycamel::ConcurrentQueue<Update> queue_;   // from one thread, so it keeps their order
  // Only for the delivery thread.
  std::uint64_t seed_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard_;
  asio::steady_timer patience_timer_;
  std::vector<std::unique_ptr<Receiver>> receivers_;
  std::optional<std::vector<AlertView>> active_;
  bool ending_ = false;
  std::function<void()> ended_;
  std::thread thread_;
};

AlertDelivery::AlertDelivery(std::uint64_t seed, std::int64_t patience_ns)
    : work_(std::make_unique<Work>(seed, patience_ns)) {}
AlertDelivery::~AlertDelivery() = default;

void AlertDelivery::reconfigure(std::vector<ReceiverOptions> receivers) {
  work_->reconfigure(std::move(receivers));
}

void AlertDelivery::tell(const std::vector<AlertTransition>& transitions) {
  changed_ = true;
  if (work_->running()) work_->hand_over({transitions, std::nullopt});
}

void AlertDelivery::show(const std::vector<AlertView>& active) {
  if (!changed_ || !work_->running()) return;
  changed_ = false;
  work_->hand_over({{}, active});
}

void AlertDelivery::finish(std::function<void()> ended) {
  if (work_->running()) return work_->finish(std::move(ended));
  if (ended) ended();
}

void AlertDelivery::join() { work_->join(); }

}  // namespace ringside
