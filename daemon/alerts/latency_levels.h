// The levels of an operation's latency, and where each comes from: what is configured, else what
// the server declares, else what is usual, else the shipped default.
#pragma once

#include <array>
#include <string>

#include "daemon/alerts/normals.h"
#include "daemon/config/config.h"
#include "report/model/alerts.h"

namespace ringside {

struct LatencyLevels {
  Levels levels;                                   // in ms
  std::array<std::string, kAlertLevels> origin{};  // "configured", "usual p95 10.0 µs", ...
  bool learnt = false;                             // some of them are
};

// `threshold_ns` is what Thresholds::response_of() says, above 0. `normal` is what was learnt of
// the operation; null: nothing, or it is not to be used now. What is learnt takes the place of the
// shipped default where it is lower, and only warns.
LatencyLevels latency_levels(const Config& config, const std::string& operation,
                             const Declared& declared, double threshold_ns,
                             const OperationNormal* normal);

}  // namespace ringside
