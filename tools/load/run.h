// One run of the load, from the first connection to the last answer.
#pragma once

#include <stdexcept>

#include "tools/load/settings.h"

namespace ringside::load {

// The run could not be made: the server is not there, the set-up was refused, an incident cannot
// work.
struct RunError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Told what happens while it happens; called on the calling thread.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  virtual void on_set_up(const Settings&, const Result&) {}
};

// Blocks until the run is over. `take_signals`: SIGINT and SIGTERM end it early and in order.
Result run_load(const Settings& settings, RunObserver& observer, bool take_signals);

}  // namespace ringside::load
