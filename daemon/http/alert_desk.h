// Where the API hands over what a person says of alerts. The engine belongs to the drain thread,
// which takes requests between two passes.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "daemon/alerts/handling.h"

namespace ringside::http {

// How long an answer is waited for. A pass takes milliseconds; a drain thread that needs longer
// hangs.
inline constexpr std::chrono::milliseconds kDeskWait{2000};

class AlertDesk {
 public:
  virtual ~AlertDesk() = default;

  // Handles the requests in their order, without an evaluation between them, and returns an answer
  // to each. Nothing: they were not handled within that time, and will not be. Waits, so it is
  // called on a worker thread; several may call it at once.
  virtual std::optional<std::vector<AlertAnswer>> handle(std::vector<AlertRequest> requests,
                                                         std::chrono::milliseconds within) = 0;
};

}  // namespace ringside::http
