// Who is told of the transitions of alerts: the alert log, and whoever else is to know.
#pragma once

#include <vector>

#include "report/model/alerts.h"

namespace ringside {

class AlertSink {
 public:
  virtual ~AlertSink() = default;

  // The transitions of one evaluation, in order; never none. Called on the drain thread, so it must
  // not wait: a sink hands them to a thread of its own and returns.
  virtual void tell(const std::vector<AlertTransition>& transitions) = 0;
};

}  // namespace ringside
