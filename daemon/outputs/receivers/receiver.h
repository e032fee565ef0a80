// One receiver at work: it posts what its outbox has, one post after the other, pauses after a
// failure, and says in the daemon's log what happens to it. Everything is done on the thread of its
// io_context.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "daemon/outputs/receivers/backoff.h"
#include "daemon/outputs/receivers/http_post.h"
#include "daemon/outputs/receivers/outbox.h"
#include "daemon/outputs/receivers/receiver_options.h"

namespace ringside {

class Receiver {
 public:
  // `settled` is called whenever settled() may have become true. It may not end the receiver.
  Receiver(boost::asio::io_context& io, const ReceiverOptions& options,
           std::unique_ptr<Outbox> outbox, std::uint64_t seed, std::function<void()> settled);

  const ReceiverOptions& options() const { return options_; }
  void tell(const std::vector<AlertTransition>& transitions);
  void show(const std::vector<AlertView>& active);

  // Tries at once what waits, and gives up at the first failure.
  void finish();
  // After finish(): nothing is due any more, or it gave up.
  bool settled() const;
  std::size_t waiting() const { return outbox_->waiting(); }

  // Cancels the post that is under way, and leaves what waits to the receiver that takes its place.
  std::unique_ptr<Outbox> hand_over();

 private:
  void pump();
  void wake_at(std::int64_t monotonic_ns);
  void answered(const HttpReply& reply);
  void failed(const HttpReply& reply, const Instant& now);
  void say_dropped();

  const ReceiverOptions options_;
  std::unique_ptr<Outbox> outbox_;
  Backoff backoff_;
  HttpPost post_;
  boost::asio::steady_timer timer_;
  const std::function<void()> settled_;
  std::int64_t not_before_ns_ = 0;   // monotonic
  std::uint64_t failures_ = 0;       // since the last answer
  std::uint64_t dropped_said_ = 0;
  bool dropping_ = false;            // said, and its end is not
  bool finishing_ = false;
  bool gave_up_ = false;
  // Until this receiver ends, or has handed over its outbox.
  std::shared_ptr<const bool> present_ = std::make_shared<const bool>(true);
};

}  // namespace ringside
