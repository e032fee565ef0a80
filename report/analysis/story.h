// Incidents as stories: what happened from when to when, whom it touched, what to do, and what
// proves it. The verdict begins with the three sentences of the gravest story.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "report/model/history.h"
#include "report/model/snapshot.h"

namespace ringside {

// Alerts need a few ticks, and a call must end before it is known. So the first sign of an incident
// may be so much older than its first alert.
inline constexpr std::int64_t kLeadNs = 60'000'000'000;

// One line that proves a part of a story.
struct Evidence {
  std::int64_t wall_ns = 0;
  std::string text;  // a sentence part without a full stop; foreign names are harmless in it
};

struct Story {
  IncidentView incident;
  // From the first sign of it to the last, which may lie before the first alert and before the end
  // of the incident: alerts need a few ticks to be sure.
  std::int64_t from_wall_ns = 0;
  std::int64_t until_wall_ns = 0;  // 0: it lasts
  std::string what;                // three sentences
  std::string whom;
  std::string next;
  std::vector<Evidence> evidence;  // oldest first
};

// The verdict's three sentences. `whom` may be empty: nobody.
struct Headline {
  std::string what;
  std::string whom;
  std::string next;
};

// "09:15:55", with the day before it where it is another day than `wall_ns` of the snapshot.
std::string clock_time(const Snapshot& snapshot, std::int64_t wall_ns);

namespace detail {

// What happened, as a clause with its verb: "The database was locked". `lasts` puts it into the
// present. `locked`: calls waited in vain for the database's lock.
std::string clause_of(const AlertTransition& cause, bool locked, bool lasts);
// What to do about it, as a sentence.
std::string next_step(const AlertTransition& cause, bool locked, bool lasts, bool is_past);

// What most of an incident comes from. It is the incident's cause, unless the cause fired only
// after the database, the server or our own sight had failed: no cause comes after its effect.
AlertTransition subject_of(const Snapshot& snapshot, const IncidentView& incident);

// Whether a name says that a lock of the database was not to be had.
bool is_locked_database(std::string_view error_name);

std::vector<Evidence> evidence_of(const Snapshot& snapshot, const IncidentView& incident);

}  // namespace detail

}  // namespace ringside
