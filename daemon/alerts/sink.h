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

  // Takes all alerts that live after an evaluation, even if nothing has changed. So a sink that
  // keeps a copy finds what it has missed, and what was active before this daemon started. Called
  // after tell(), on the same thread, so it must not wait either.
  virtual void show(const std::vector<AlertView>& active) { static_cast<void>(active); }
};

}  // namespace ringside
