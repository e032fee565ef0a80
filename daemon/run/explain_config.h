// `ringsided --check-config --explain`.
#pragma once

#include <string>

#include "daemon/config/config.h"

namespace ringside {

// What will raise an alert (daemon/alerts/explain.h), with the operations of the rings that are
// there now. They are only read; no state is touched.
std::string explain_config(const Config& config);

}  // namespace ringside
