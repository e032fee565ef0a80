#include "daemon/outputs/otlp_exporter.h"

#include <pthread.h>
#include <signal.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <thread>
#include <utility>

#include "daemon/outputs/otlp_sender.h"

namespace ringside {
namespace {

namespace asio = boost::asio;

}  // namespace

class OtlpExporter::Work {
 public:
  Work(std::uint64_t seed, std::int64_t patience_ns)
      : patience_(patience_ns), seed_(seed), guard_(io_.get_executor()), patience_timer_(io_) {}

  ~Work() {
    guard_.reset();
    io_.stop();
    join();
  }

  bool running() const { return running_.load(std::memory_order_acquire); }

  void reconfigure(std::optional<OtlpOptions> options) {
    if (!running() && !options) return;
    asio::post(io_, [this, options = std::move(options)] { take_over(options); });
    if (running()) return;
    thread_ = std::thread([this] { run(); });
    running_.store(true, std::memory_order_release);
  }

  void show(std::shared_ptr<const Snapshot> snapshot) {
    // A thread that gets no processor must not fill the memory.
    if (handed_over_.fetch_add(1, std::memory_order_relaxed) >= kMostHandedOver) {
      handed_over_.fetch_sub(1, std::memory_order_relaxed);
      return;
    }
    asio::post(io_, [this, snapshot = std::move(snapshot)]() mutable {
      handed_over_.fetch_sub(1, std::memory_order_relaxed);
      latest_ = std::move(snapshot);
      if (sender_) sender_->show(latest_);
    });
  }

  void finish(std::function<void()> ended) {
    ended_ = std::move(ended);  // asio::post makes the thread see it
    asio::post(io_, [this] { begin_end(); });
  }

  void join() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  static constexpr int kMostHandedOver = 4;

  void run() {
    pthread_setname_np(pthread_self(), "otlp");
    // Signals are for the daemon's loop. The threads of name look-ups inherit this.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    io_.run();
    sender_.reset();
    if (ended_) ended_();
  }

  void take_over(const std::optional<OtlpOptions>& options) {
    if (sender_ && options && sender_->options() == *options) return;
    sender_.reset();
    if (!options) return;
    sender_ = std::make_unique<OtlpSender>(io_, *options, ++seed_, [this] { end_if_settled(); });
    if (latest_) sender_->show(latest_);
  }

  void begin_end() {
    ending_ = true;
    patience_timer_.expires_after(patience_);
    patience_timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) end();
    });
    if (sender_) sender_->finish();
    end_if_settled();
  }

  void end_if_settled() {
    if (ending_ && (!sender_ || sender_->settled())) end();
  }

  void end() {
    if (!std::exchange(ending_, false)) return;
    if (sender_ && sender_->unsent()) spdlog::warn("otlp: the last figures were not sent");
    guard_.reset();
    io_.stop();
  }

  const std::chrono::nanoseconds patience_;
  // ORDER reconfigure -> show: whoever sees it running sees the thread.
  std::atomic<bool> running_{false};
  std::atomic<int> handed_over_{0};  // snapshots that the thread has not taken yet
  // Only for the exporter's thread.
  std::uint64_t seed_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard_;
  asio::steady_timer patience_timer_;
  std::shared_ptr<const Snapshot> latest_;
  std::unique_ptr<OtlpSender> sender_;
  bool ending_ = false;
  std::function<void()> ended_;
  std::thread thread_;
};

OtlpExporter::OtlpExporter(std::uint64_t seed, std::int64_t patience_ns)
    : work_(std::make_unique<Work>(seed, patience_ns)) {}
OtlpExporter::~OtlpExporter() = default;

void OtlpExporter::reconfigure(std::optional<OtlpOptions> options) {
  work_->reconfigure(std::move(options));
}

void OtlpExporter::show(std::shared_ptr<const Snapshot> snapshot) {
  if (work_->running()) work_->show(std::move(snapshot));
}

void OtlpExporter::finish(std::function<void()> ended) {
  if (work_->running()) return work_->finish(std::move(ended));
  if (ended) ended();
}

void OtlpExporter::join() { work_->join(); }

}  // namespace ringside
