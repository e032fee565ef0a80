// Tells receivers of alerts, on a thread of its own with one Asio loop for all of them.
//
//   drain thread ──tell, show──> queue ──> delivery thread ──> outbox ──post──> receiver
//                                                        └──> outbox ──post──> receiver
//
// Each receiver has its own outbox and connection, so a slow, broken or dead one holds up nobody.
// Without receivers there is no thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "daemon/alerts/sink.h"
#include "daemon/outputs/receivers/receiver_options.h"

namespace ringside {

class AlertDelivery final : public AlertSink {
 public:
  // How long finish() tries to deliver what waits.
  static constexpr std::int64_t kPatienceNs = 3'000'000'000;
  // The most transitions between the drain thread and the outboxes.
  static constexpr std::int64_t kMostQueued = 10'000;

  // `seed` is that of the pauses after failures.
  explicit AlertDelivery(std::uint64_t seed, std::int64_t patience_ns = kPatienceNs);
  ~AlertDelivery() override;   // without finish() it delivers nothing more

  // From one thread, or from several one after the other. A receiver with the name and the kind of
  // one that is there keeps what waits for it.
  void reconfigure(std::vector<ReceiverOptions> receivers);

  // From one thread, one after the other. None waits. show() hands over what is active only after
  // tell(), and once at first.
  void tell(const std::vector<AlertTransition>& transitions) override;
  void show(const std::vector<AlertView>& active) override;

  // Delivers what waits, for a while, and says how much was not delivered. Calls `ended` once, on
  // the delivery thread or, if there is none, at once. Nothing may be handed over after it.
  void finish(std::function<void()> ended);
  // Waits for that end.
  void join();

 private:
  class Work;   // everything that the delivery thread has
  const std::unique_ptr<Work> work_;
  bool changed_ = true;   // since the last show() that was handed over; only for the drain thread
};

}  // namespace ringside
