// Incidents: what happened together on one server, as one story.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/model/alerts.h"

namespace ringside {

struct IncidentView {
  std::string id;
  std::string ring;                     // empty: the host
  AlertTransition cause;                // its latest transition
  AlertLevel level = AlertLevel::info;  // now, and the peak once it is over
  AlertLevel peak = AlertLevel::info;
  std::int64_t began_wall_ns = 0;
  std::int64_t ended_wall_ns = 0;       // when its last alert began to recover; 0: it lasts
  std::uint64_t flaps = 0;              // how often it came back after it was quiet
  std::vector<std::string> symptoms;    // "alert figure operation" of all episodes but the cause
  std::vector<std::string> operations;  // whose figures fired
  std::uint64_t failed_calls = 0;       // of the server, while it lasted
  // Users whose calls failed or were slow: at least so many, seen among the last calls of each
  // operation.
  std::uint64_t users = 0;
  bool acknowledged = false;
  bool silenced = false;
  std::string acknowledged_by{};  // who and why; empty: nobody

  bool over() const { return ended_wall_ns != 0; }
};

// A silence that holds: nobody is called for what it matches. What it leaves out matches all.
struct SilenceView {
  std::string id;
  std::string target;  // the id of an alert or an incident; empty: by the rest
  std::optional<AlertType> alert;
  std::string operation;
  std::string ring;
  std::optional<AlertLevel> level;  // this one and those below it
  std::string who;
  std::string why;
  std::int64_t until_wall_ns = 0;
};

}  // namespace ringside
