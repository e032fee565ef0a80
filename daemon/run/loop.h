// The daemon's loop: one Asio io_context that takes the signals and the end of the service.
#pragma once

#include <functional>
#include <string>

#include "daemon/config/config.h"

namespace ringside {

// Runs the daemon until a signal stops it. Returns the exit code: 0 when everything is written,
// otherwise 1. At SIGHUP it calls `configure` again. Signals must be held (signals.h).
int run_daemon(const std::string& version, const std::function<ConfigResult()>& configure,
               const Config& config);

}  // namespace ringside
