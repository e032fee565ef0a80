// The daemon's loop: one Asio io_context for signals, and for timers and sockets as they come.
#pragma once

#include <functional>
#include <string>

#include "daemon/config/config.h"

namespace ringside {

// Runs the daemon until a signal stops it. Returns the exit code: 0 when everything is written,
// else 1. `configure` is asked again at SIGHUP. Signals must be held (signals.h).
int run_daemon(const std::string& version, const std::function<ConfigResult()>& configure,
               const Config& config);

}  // namespace ringside
