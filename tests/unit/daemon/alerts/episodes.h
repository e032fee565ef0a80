// Transitions of episodes, made by hand.
#pragma once

#include <string>

#include "report/model/alerts.h"

namespace ringside {

inline AlertTransition episode(AlertType alert, const std::string& operation = "",
                               const std::string& suspect = "", const std::string& ring = "chat") {
  AlertTransition t;
  t.alert = alert;
  t.figure = "figure";
  t.operation = operation;
  t.ring = ring;
  t.suspect = suspect;
  t.level = AlertLevel::warning;
  t.message = "it is so";
  return t;
}
inline AlertTransition burn(const std::string& figure, const std::string& suspect = "") {
  AlertTransition t = episode(AlertType::slo_burn, "", suspect);
  t.figure = figure;
  return t;
}

inline const AlertTransition kSlow = episode(AlertType::high_latency, "SEND_MESSAGE", "database");
inline const AlertTransition kDatabase = episode(AlertType::database_issue);

}  // namespace ringside
