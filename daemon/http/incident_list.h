// Incidents with their alerts, from the latest tick and from the history: filtered, in a stable
// order, page by page.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "report/model/history.h"
#include "report/model/snapshot.h"

namespace ringside::http {

struct ListedIncident {
  IncidentView incident;
  std::vector<AlertView> alerts;       // that are known one by one, the latest first
  std::vector<AlertTransition> lines;  // that the alert log has, oldest first
};

// What is left out matches everything.
struct IncidentFilter {
  std::optional<bool> over;
  std::vector<AlertLevel> levels;
  std::vector<AlertType> alerts;  // of the cause, a symptom or an alert
  std::string operation;
  std::string ring;
  std::optional<std::int64_t> since_wall_ns;  // lasted then, or began later
  std::optional<std::int64_t> until_wall_ns;  // began before

  bool matches(const ListedIncident& one) const;
  // The same of an alert without an incident.
  bool matches(const AlertView& alert) const;
};

// Those of the snapshot, and of the history (may be null) those that the snapshot does not show.
// `lines` are the latest of the alert log, and may be null. The latest incident comes first, and by
// id where two began together.
std::vector<ListedIncident> list_incidents(const Snapshot& snapshot, const HistorySpan* history,
                                           const std::vector<AlertTransition>* lines);

// Where a page ended: when its last incident began, and its id.
using IncidentPlace = std::pair<std::int64_t, std::string>;
std::string write_cursor(const IncidentPlace& place);
std::optional<IncidentPlace> read_cursor(std::string_view cursor);

}  // namespace ringside::http
