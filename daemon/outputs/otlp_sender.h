// One collector at work: what is sent to it, when, and what its answers mean. Everything is done on
// the thread of its io_context.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "daemon/outputs/otlp_exporter.h"
#include "daemon/outputs/receivers/backoff.h"
#include "daemon/outputs/receivers/http_post.h"
#include "shm/clock.h"

namespace ringside {

// What an answer means for what was sent; `status` 0 is none.
enum class OtlpAnswer : std::uint8_t { accepted, again, dropped };
OtlpAnswer otlp_meaning_of(int status);

class OtlpSender {
 public:
  // `settled` is called whenever settled() may have become true. It may not end the sender.
  OtlpSender(boost::asio::io_context& io, const OtlpOptions& options, std::uint64_t seed,
             std::function<void()> settled);

  const OtlpOptions& options() const { return options_; }
  void show(std::shared_ptr<const Snapshot> snapshot);

  // Sends at once what was not sent yet, and gives up at the first failure.
  void finish();
  // After finish(): nothing is left to send, or it gave up.
  bool settled() const;
  // What was shown last; null: nothing.
  const std::shared_ptr<const Snapshot>& latest() const { return latest_; }
  bool unsent() const { return latest_ != nullptr && latest_ != sent_; }

 private:
  void pump();
  void wake_at(std::int64_t monotonic_ns);
  void answered(const HttpReply& reply);
  void accepted(const HttpReply& reply);
  void failed(const HttpReply& reply, const Instant& now);
  void refused(const HttpReply& reply);

  const OtlpOptions options_;
  Backoff backoff_;
  HttpPost post_;
  boost::asio::steady_timer timer_;
  const std::function<void()> settled_;
  std::shared_ptr<const Snapshot> latest_;
  std::shared_ptr<const Snapshot> sending_;  // under way
  std::shared_ptr<const Snapshot> sent_;     // answered for good
  std::int64_t due_ns_ = 0;                  // monotonic: the next interval
  std::int64_t not_before_ns_ = 0;           // after a failure
  std::uint64_t failures_ = 0;               // since the last answer
  std::uint64_t dropped_ = 0;  // requests that were refused since the last one was accepted
  std::string partial_said_;
  bool finishing_ = false;
  bool gave_up_ = false;
  // Until this sender ends.
  std::shared_ptr<const bool> present_ = std::make_shared<const bool>(true);
};

}  // namespace ringside
