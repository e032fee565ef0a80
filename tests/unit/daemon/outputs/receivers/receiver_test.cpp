// One receiver, on an io_context that the test runs.
#include "daemon/outputs/receivers/receiver.h"

#include <doctest/doctest.h>

#include <boost/asio/post.hpp>
#include <memory>

namespace ringside {
namespace {

// Has nothing to post until a moment that is near.
class LaterOutbox final : public Outbox {
 public:
  void tell(const std::vector<AlertTransition>&) override {}
  void show(const std::vector<AlertView>&, const Instant&) override {}
  void reconfigure(const ReceiverOptions&, const Instant&) override {}
  std::optional<std::int64_t> due_ns() const override { return due_ns_; }
  std::optional<std::string> next(const Instant&) override { return std::nullopt; }
  std::vector<std::string> answered(Answer, const Instant&) override { return {}; }
  std::size_t waiting() const override { return 0; }
  std::uint64_t dropped() const override { return 0; }

 private:
  const std::int64_t due_ns_ = read_instant().monotonic_ns + 1'000'000;
};

TEST_CASE("Receiver: a timer that is due already finds a receiver that was replaced meanwhile") {
  for (const bool gone : {false, true}) {
    CAPTURE(gone);
    boost::asio::io_context io(1);
    auto outbox = std::make_unique<LaterOutbox>();
    const std::int64_t due_ns = *outbox->due_ns();
    auto receiver = std::make_unique<Receiver>(io, ReceiverOptions{}, std::move(outbox), 1, [] {});
    receiver->tell({});  // sets the timer
    std::unique_ptr<Outbox> taken;
    boost::asio::post(io, [&] {
      taken = receiver->hand_over();
      if (gone) receiver.reset();
    });
    // The kernel may be late with its timer.
    while (read_instant().monotonic_ns <= due_ns + 20'000'000) {}
    // The loop looks at its timers before it comes to what was posted. So the timer's handler is in
    // its queue when the receiver is replaced.
    io.poll();
    CHECK(taken != nullptr);
  }
}

}  // namespace
}  // namespace ringside
