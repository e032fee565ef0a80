// `ringsided --check-config --explain`.
#pragma once

#include <string>

#include "daemon/config/config.h"

namespace ringside {

// What will raise an alert (daemon/alerts/explain.h), with the operations of the rings that are
// there now and what the daemon has learnt so far. Ring and state are only read.
std::string explain_config(const Config& config);

}  // namespace ringside
