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
  server_down,
  performance_regression,
  slo_burn
};
inline constexpr std::size_t kAlertTypes = 11;
inline constexpr std::array<const char*, kAlertTypes> kAlertTypeNames = {
    "high_latency",    "high_error_rate",        "high_memory",     "high_connections",
    "system_overload", "database_issue",         "security_threat", "telemetry_loss",
    "server_down",     "performance_regression", "slo_burn"};

enum class AlertLevel : std::uint8_t { info, warning, critical, emergency };
inline constexpr std::size_t kAlertLevels = 4;
inline constexpr std::array<const char*, kAlertLevels> kAlertLevelNames = {"info", "warning",
                                                                           "critical", "emergency"};

// The first four are an episode's. The next three are an incident's: a transition with one of them
// is a line about the incident whose cause it describes. `repeated` is such a line, too: the
// incident goes on. The last four are lines about what a person said.
enum class AlertState : std::uint8_t {
  pending,
  firing,
  recovering,
  resolved,
  begun,
  risen,
  ended,
  repeated,
  acknowledged,
  silenced,
  unsilenced,
  cleared
};
inline constexpr std::size_t kAlertStates = 12;
inline constexpr std::size_t kEpisodeStates = 4;
inline constexpr std::array<const char*, kAlertStates> kAlertStateNames = {
    "pending", "firing",   "recovering",   "resolved", "begun",      "risen",
    "ended",   "repeated", "acknowledged", "silenced", "unsilenced", "cleared"};
constexpr bool is_of_episode(AlertState state) { return state <= AlertState::resolved; }
constexpr bool is_of_incident(AlertState state) {
  return state >= AlertState::begun && state <= AlertState::repeated;
}
// What the alert log has a line for; on request it has the transitions of episodes, too.
constexpr bool is_logged(AlertState state) {
  return state >= AlertState::begun && state != AlertState::repeated;
}
constexpr bool is_of_person(AlertState state) { return state >= AlertState::acknowledged; }

// What an alert's value and threshold count. A fact (open, crashed, …) is 1 or 0; see is_fact().
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
  threads,
  burn  // multiples of the burn that uses up a budget in its 30 days
};
inline constexpr std::size_t kAlertUnits = 15;
inline constexpr std::array<const char*, kAlertUnits> kAlertUnitNames = {
    "ms",      "percent", "bytes",   "connections", "per_cpu",  "per_minute", "records", "open",
    "crashed", "stopped", "refused", "stuck",       "per_hour", "threads",    "burn"};

// Whether something is so, or is not. Its threshold tells nobody anything.
constexpr bool is_fact(AlertUnit unit) {
  return unit == AlertUnit::open || unit == AlertUnit::crashed || unit == AlertUnit::stopped ||
         unit == AlertUnit::refused || unit == AlertUnit::stuck;
}

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
  bool any_alert = false;  // a silence that names no alert: `alert` means nothing
  bool silenced = false;   // nobody is to be called for it
  friend bool operator==(const AlertTransition&, const AlertTransition&) = default;
};

// What is to be known of an alert beside its state.
struct AlertFlags {
  bool acknowledged = false;  // somebody has said that it is in hand
  bool silenced = false;      // nobody is to be called for it
  bool inhibited = false;     // a symptom: the cause of its incident fires, and explains it
  bool flapping = false;      // it has come back as often as `alerts.flapping` says
  bool stale = false;         // its figure is not known at present, so its state is held
  friend bool operator==(const AlertFlags&, const AlertFlags&) = default;
};

struct AlertView {
  AlertTransition last;            // its latest transition
  std::int64_t since_wall_ns = 0;  // when the episode began
  AlertFlags flags{};
  std::string acknowledged_by{};  // who and why; empty: nobody
  std::string returns{};          // the id of the episode that was cleared before; empty: none

  bool active() const {
    return last.state == AlertState::firing || last.state == AlertState::recovering;
  }
};

}  // namespace ringside
