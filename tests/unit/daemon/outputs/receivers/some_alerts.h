// Alerts and options for the tests of receivers.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/outputs/receivers/receiver_options.h"
#include "report/model/alerts.h"
#include "shm/clock.h"

namespace ringside::test {

inline constexpr std::int64_t kS = 1'000'000'000;
// 2024-11-23T09:00:00Z
inline constexpr std::int64_t kWall = 1'732'352'400 * kS;

// So many seconds after the begin.
inline Instant at(double seconds) {
  const auto ns = static_cast<std::int64_t>(seconds * 1e9);
  Instant instant{};
  instant.monotonic_ns = 100 * kS + ns;
  instant.realtime_ns = kWall + ns;
  return instant;
}

inline AlertTransition alert(const std::string& id, AlertState state, AlertLevel level,
                             double seconds = 0) {
  AlertTransition t;
  t.wall_ns = at(seconds).realtime_ns;
  t.id = id;
  t.alert = AlertType::high_latency;
  t.level = level;
  t.state = state;
  t.operation = "SEND_MESSAGE";
  t.ring = "chat";
  t.value = 843.5;
  t.threshold = 400;
  t.message = "p95 843 ms";
  return t;
}

inline AlertView view(const AlertTransition& last, double since) {
  return {last, at(since).realtime_ns};
}

inline ReceiverOptions webhook() {
  ReceiverOptions options;
  options.name = "pager";
  options.instance = "host-1";
  return options;
}

inline ReceiverOptions alertmanager() {
  ReceiverOptions options = webhook();
  options.name = "am";
  options.kind = ReceiverKind::alertmanager;
  return options;
}

}  // namespace ringside::test
