#include "daemon/outputs/receivers/receiver.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "daemon/outputs/receivers/http_answer.h"
#include "report/model/format.h"

namespace ringside {
namespace {

constexpr std::size_t kShownColumns = 200;

// A receiver's words, made harmless.
std::string reason_of(const HttpReply& reply) {
  const std::string text = clip(escape_visible(reply.text), kShownColumns);
  if (reply.status == 0) return text;
  std::string reason = fmt::format("it answered {}", reply.status);
  if (!text.empty()) reason += ": " + text;
  if (reply.status >= 300 && reply.status < 400) reason += " (redirects are not followed)";
  return reason;
}

}  // namespace

Receiver::Receiver(boost::asio::io_context& io, const ReceiverOptions& options,
                   std::unique_ptr<Outbox> outbox, std::uint64_t seed,
                   std::function<void()> settled)
    : options_(options),
      outbox_(std::move(outbox)),
      backoff_(seed),
      post_(io, options_.address),
      timer_(io),
      settled_(std::move(settled)),
      dropped_said_(outbox_->dropped()) {
  pump();
}

void Receiver::tell(const std::vector<AlertTransition>& transitions) {
  outbox_->tell(transitions);
  say_dropped();
  pump();
}

void Receiver::show(const std::vector<AlertView>& active) {
  outbox_->show(active, read_instant());
  say_dropped();
  pump();
}

void Receiver::finish() {
  finishing_ = true;
  pump();
}

bool Receiver::settled() const {
  if (!finishing_ || post_.under_way()) return false;
  const auto due_ns = outbox_->due_ns();
  return gave_up_ || !due_ns || *due_ns > read_instant().monotonic_ns;
}

std::unique_ptr<Outbox> Receiver::hand_over() {
  present_.reset();
  timer_.cancel();
  post_.cancel();
  return std::move(outbox_);
}

void Receiver::pump() {
  if (post_.under_way() || gave_up_) return;
  const Instant now = read_instant();
  const auto due_ns = outbox_->due_ns();
  if (due_ns) {
    const std::int64_t at_ns = finishing_ ? *due_ns : std::max(*due_ns, not_before_ns_);
    if (at_ns > now.monotonic_ns) {
      if (!finishing_) wake_at(at_ns);
    } else if (auto body = outbox_->next(now)) {
      post_.start(std::move(*body), [this](const HttpReply& reply) { answered(reply); });
    }
  }
  if (settled()) settled_();
}

void Receiver::wake_at(std::int64_t monotonic_ns) {
  timer_.expires_at(
      std::chrono::steady_clock::time_point(std::chrono::nanoseconds(monotonic_ns)));
  // A timer that is due already calls this although it is cancelled.
  timer_.async_wait([this, present = std::weak_ptr(present_)](const auto& error) {
    if (!error && !present.expired()) pump();
  });
}

void Receiver::answered(const HttpReply& reply) {
  const Instant now = read_instant();
  const Answer answer = reply.status == 0 ? Answer::failed : meaning_of(reply.status);
  for (const std::string& refused : outbox_->answered(answer, now)) {
    spdlog::error("receiver {}: it refused {}, which is dropped: {}", options_.name, refused,
                  reason_of(reply));
  }
  if (answer == Answer::failed) {
    failed(reply, now);
  } else {
    if (failures_ > 0) {
      spdlog::info("receiver {}: reached again, failed tries: {}", options_.name, failures_);
    }
    failures_ = 0;
    not_before_ns_ = 0;
    backoff_.after_success();
  }
  say_dropped();
  pump();
}

void Receiver::failed(const HttpReply& reply, const Instant& now) {
  if (failures_++ == 0) {
    spdlog::warn("receiver {}: not told: {}; it is tried again, waiting: {}", options_.name,
                 reason_of(reply), outbox_->waiting());
  }
  const bool may_ask = reply.status == 429 || reply.status == 503;
  not_before_ns_ =
      now.monotonic_ns +
      backoff_.after_failure(may_ask ? retry_after_ns(reply.retry_after, now.realtime_ns) : 0);
  gave_up_ = finishing_;
}

// Says once that alerts are dropped, and once how many they were.
void Receiver::say_dropped() {
  const std::uint64_t dropped = outbox_->dropped();
  if (dropped > dropped_said_ && !dropping_) {
    spdlog::error("receiver {}: there is no room for more than {}; alerts are dropped and counted",
                  options_.name, options_.most_kept);
    dropping_ = true;
  } else if (dropping_ && outbox_->waiting() == 0) {
    spdlog::warn("receiver {}: dropped for lack of room: {}", options_.name,
                 dropped - dropped_said_);
    dropped_said_ = dropped;
    dropping_ = false;
  }
}

}  // namespace ringside
