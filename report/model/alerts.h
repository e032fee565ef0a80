// Alerts: their types, levels and states, and each transition from one state to the next.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringside {

enum class AlertType : std::uint8_t {
  high_latency,
  high_error_rate,
  high_memory,
  high_connections,
  system_overload,
  database_issue,
  security_threat,
  telemetry_loss,
  server_down
};
inline constexpr std::size_t kAlertTypes = 9;
inline constexpr std::array<const char*, kAlertTypes> kAlertTypeNames = {
    "high_latency",   "high_error_rate", "high_memory",    "high_connections", "system_overload",
    "database_issue", "security_threat", "telemetry_loss", "server_down"};

enum class AlertLevel : std::uint8_t { info, warning, critical, emergency };
inline constexpr std::size_t kAlertLevels = 4;
inline constexpr std::array<const char*, kAlertLevels> kAlertLevelNames = {"info", "warning",
                                                                           "critical", "emergency"};

// The first four are an episode's. The last three are an incident's: a transition with one of them
// is a line about the incident whose cause it describes.
enum class AlertState : std::uint8_t { pending, firing, recovering, resolved, begun, risen, ended };
inline constexpr std::size_t kAlertStates = 7;
inline constexpr std::size_t kEpisodeStates = 4;
inline constexpr std::array<const char*, kAlertStates> kAlertStateNames = {
    "pending", "firing", "recovering", "resolved", "begun", "risen", "ended"};
constexpr bool is_of_incident(AlertState state) { return state >= AlertState::begun; }

// What an alert's value and threshold count. A fact (open, crashed, …) is 1 or 0.
enum class AlertUnit : std::uint8_t {
  ms,
  percent,
  bytes,
  connections,
  per_cpu,
  per_minute,
  records,
  open,
  crashed,
  stopped,
  refused,
  stuck,
  per_hour,
  threads
};
inline constexpr std::size_t kAlertUnits = 14;
inline constexpr std::array<const char*, kAlertUnits> kAlertUnitNames = {
    "ms",   "percent", "bytes",   "connections", "per_cpu", "per_minute", "records",
    "open", "crashed", "stopped", "refused",     "stuck",   "per_hour",   "threads"};

constexpr const char* name_of(AlertType type) {
  return kAlertTypeNames[static_cast<std::size_t>(type)];
}
constexpr const char* name_of(AlertLevel level) {
  return kAlertLevelNames[static_cast<std::size_t>(level)];
}
constexpr const char* name_of(AlertState state) {
  return kAlertStateNames[static_cast<std::size_t>(state)];
}
constexpr const char* name_of(AlertUnit unit) {
  return kAlertUnitNames[static_cast<std::size_t>(unit)];
}

// One transition of an alert: a line of the alert log, as data.
struct AlertTransition {
  std::int64_t wall_ns = 0;
  std::string id;          // episode
  AlertType alert = AlertType::high_latency;
  AlertLevel level = AlertLevel::info;
  AlertState state = AlertState::pending;
  std::string operation;   // what it is about; empty for the whole server
  std::string figure;      // which of the alert's figures: p95, errors, breaker, ...
  std::string ring;
  double value = 0;
  double threshold = 0;
  AlertUnit unit = AlertUnit::ms;
  std::string message;
  // What most of it comes from: the stage that takes most of the time, or the name of the commonest
  // error. Empty: not known.
  std::string suspect;
  std::string incident;  // its id; empty while the episode belongs to none
};

struct AlertView {
  AlertTransition last;            // its latest transition
  std::int64_t since_wall_ns = 0;  // when the episode began

  bool active() const {
    return last.state == AlertState::firing || last.state == AlertState::recovering;
  }
};

}  // namespace ringside
