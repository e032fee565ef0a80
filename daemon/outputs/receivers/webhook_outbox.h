// What a webhook still has to be told: the lines of the alert log, each once, in order, in batches.
//
//   W1  A line of an incident (begun, risen, ended) is told from min_level on. The level of its end
//       is its highest. The transitions of an episode are told on request, from the first that
//       reaches min_level to its end, but never that it is pending.
//   W2  A batch keeps its id and its transitions until it is accepted. So a receiver can tell a
//       repetition.
//   W3  If there are more than most_kept, the oldest that are not in the batch go first, and are
//       counted.
//   W4  A batch that is refused for what it says is sent again one by one. A single transition that
//       is refused is dropped, and said.
#pragma once

#include <deque>
#include <set>

#include "daemon/outputs/receivers/outbox.h"

namespace ringside {

class WebhookOutbox final : public Outbox {
 public:
  static constexpr std::size_t kMostInBatch = 100;

  // `series` makes the ids of this outbox's batches unlike those of any other.
  WebhookOutbox(const ReceiverOptions& options, std::string series);

  void tell(const std::vector<AlertTransition>& transitions) override;
  void show(const std::vector<AlertView>& active, const Instant& now) override;
  void reconfigure(const ReceiverOptions& options, const Instant& now) override;
  std::optional<std::int64_t> due_ns() const override;
  std::optional<std::string> next(const Instant& now) override;
  std::vector<std::string> answered(Answer answer, const Instant& now) override;
  std::size_t waiting() const override { return waiting_.size(); }
  std::uint64_t dropped() const override { return dropped_; }

 private:
  bool wanted(const AlertTransition& transition);
  void make_room();
  void end_batch(std::size_t taken);

  ReceiverOptions options_;
  const std::string series_;
  std::deque<AlertTransition> waiting_;
  std::set<std::string> told_;     // episodes that are active and whose transitions were told
  bool shown_ = false;             // show() was called
  std::string body_;               // of the batch, which is the first in_batch_; empty: none
  std::size_t in_batch_ = 0;
  std::size_t singly_ = 0;         // so many of the first go one by one
  std::uint64_t batches_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t dropped_said_ = 0; // in batches that were accepted
  std::uint64_t dropped_in_body_ = 0;
};

}  // namespace ringside
