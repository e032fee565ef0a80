// What one receiver still has to be told, and in which posts. Deterministic: transitions, answers
// and the time come from outside. Who asks and posts is in receiver.h.
//
//   tell, show ──> what is to be said ──> next() ──> post ──> answered()
//
// At most one post is under way. A post that failed is tried again: next() gives it once more, or a
// newer one in its place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/outputs/receivers/receiver_options.h"
#include "report/model/alerts.h"
#include "shm/clock.h"

namespace ringside {

enum class Answer : std::uint8_t {
  accepted,
  some_refused,   // 400. An Alertmanager has kept the alerts of the post that were good.
  all_refused,    // 413, 422: nothing of the post was kept, and it would be refused again
  failed          // not answered, or told to come again
};

class Outbox {
 public:
  virtual ~Outbox() = default;

  virtual void tell(const std::vector<AlertTransition>& transitions) = 0;
  // All alerts that are active, after the transitions that led there.
  virtual void show(const std::vector<AlertView>& active, const Instant& now) = 0;
  virtual void reconfigure(const ReceiverOptions& options, const Instant& now) = 0;

  // When there is something to post, on the monotonic clock. It may be in the past. Nothing: not
  // before something is told.
  virtual std::optional<std::int64_t> due_ns() const = 0;
  // The body of the post that is due, if any.
  virtual std::optional<std::string> next(const Instant& now) = 0;
  // What became of the body that next() gave last. Where nobody calls it the post has failed.
  // Returns in words what the receiver will never be told, because it refused it.
  virtual std::vector<std::string> answered(Answer answer, const Instant& now) = 0;

  // How many transitions or label sets wait to be accepted for the first time.
  virtual std::size_t waiting() const = 0;
  // How many were dropped because there was no room. It only grows.
  virtual std::uint64_t dropped() const = 0;
};

}  // namespace ringside
