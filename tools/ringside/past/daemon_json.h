// What a running daemon answers, as figures. What is missing counts as nothing: a daemon may be
// older or newer than this program.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "tools/ringside/past/figures.h"

namespace ringside::tool::past {

// A time of the API, RFC 3339 in UTC, as nanoseconds since the Unix epoch; 0 for none.
std::int64_t wall_ns_of(const nlohmann::json& object, const char* key);

// The operations, events and errors of the metrics, or of a report: of one of their windows.
void take_figures(const nlohmann::json& data, const char* window, Figures& out);
// Who works on what now: lanes, actors, the state of the only ring.
void take_present(const nlohmann::json& metrics, bool actors_by_failures, Figures& out);
// The single calls of an operation, from its own page.
void take_calls(const nlohmann::json& ring_of_operation, Figures& out);

}  // namespace ringside::tool::past
