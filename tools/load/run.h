// One run of the load, from the first connection to the last answer.
#pragma once

#include <stdexcept>

#include "tools/load/settings.h"

namespace ringside::load {

// The run is impossible: the server is not there, it refused the set-up, or an incident cannot
// work.
struct RunError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Hears of the run while it goes on. run_load() calls it on the thread of its own caller.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  virtual void on_set_up(const Settings&, const Result&) {}
};

// Blocks until the run is over. With `take_signals`, SIGINT and SIGTERM end the run early and in
// order. Throws RunError.
Result run_load(const Settings& settings, RunObserver& observer, bool take_signals);

}  // namespace ringside::load
