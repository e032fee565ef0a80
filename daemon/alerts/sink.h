// Receives the transitions of alerts: the alert log does, and anything else that must know.
#pragma once

#include <vector>

#include "report/model/alerts.h"

namespace ringside {

class AlertSink {
 public:
  virtual ~AlertSink() = default;

  // Takes the transitions of one evaluation, in order. The list is never empty. Called on the drain
  // thread, so it must not wait: a sink hands them to a thread of its own and returns.
  virtual void tell(const std::vector<AlertTransition>& transitions) = 0;
};

}  // namespace ringside
