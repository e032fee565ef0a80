// An alert as an Alertmanager knows it. The labels are its identity there, so nothing that changes
// while an alert lasts may be a label, but for the level: a level that rises is another alert. What
// changes is an annotation.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "report/model/alerts.h"

namespace ringside {

// Sorted by name. Names are those of the Prometheus data model; values are valid UTF-8.
using LabelSet = std::vector<std::pair<std::string, std::string>>;

// alertname, severity, instance; and ring, operation, figure where the alert has them.
LabelSet labels_of(const AlertTransition& transition, const std::string& instance);

// summary (the message), state, value, threshold, unit, id (the episode), incident, suspect.
LabelSet annotations_of(const AlertTransition& transition);

// A dead man's switch: alertname "Watchdog", severity "none".
LabelSet watchdog_labels(const std::string& instance);
LabelSet watchdog_annotations();

}  // namespace ringside
