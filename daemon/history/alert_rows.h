// Incidents and their alerts as rows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/history/database.h"
#include "report/model/incidents.h"

namespace ringside {

void write_incident(Database& database, const IncidentView& incident);
// Of the incidents that last, as the file has them, ends those that are not among `told`: their
// daemon lost its state, so nobody tells their end. They end with the last that was heard of them.
void end_untold_incidents(Database& database, const std::vector<IncidentView>& told);
void write_transition(Database& database, const AlertTransition& transition);

// Those that lasted at some time of the span, oldest first. Nanoseconds since the Unix epoch;
// `end_ns` is exclusive. `ring` empty: of all rings.
std::vector<IncidentView> read_incidents(Database& database, std::int64_t begin_ns,
                                         std::int64_t end_ns, const std::string& ring);
std::vector<AlertTransition> read_transitions(Database& database, std::int64_t begin_ns,
                                              std::int64_t end_ns, const std::string& ring);

}  // namespace ringside
