// What several endpoints show of a snapshot.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/http/envelope.h"
#include "report/model/snapshot.h"
#include "report/render/json_parts.h"

namespace ringside::http {

// A series with the thresholds that it is judged by.
enum class Judged { operation, all, not_at_all };
Json json_shown_series(const SeriesView& series, const Thresholds& thresholds, Judged judged,
                       const detail::SeriesParts& parts);

Json json_active_alerts(const Snapshot& snapshot);
Json json_open_incidents(const Snapshot& snapshot);

// A 404 for a name that is not there: names the nearest, else all if they are few.
Response unknown_name(const Request& request, std::string_view code, std::string_view what,
                      const std::string& name, const std::vector<std::string>& known);
// Nothing: the snapshot has a ring of this name, or `ring` is nothing.
std::optional<Response> unknown_ring(const Request& request, const Snapshot& snapshot,
                                     const std::optional<std::string>& ring);

}  // namespace ringside::http
