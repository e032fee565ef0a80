// The incidents of a daemon, as its API has them.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "tools/ringside/commands/alerts.h"
#include "tools/ringside/daemon_client.h"

namespace ringside::tool {

inline constexpr const char* kAlertsPath = "/api/v1/admin/performance/alerts";
inline constexpr const char* kStreamPath = "/api/v1/admin/performance/stream";

// `data` and `meta` of an answer; nothing: it is told on standard error why there is none.
struct ApiAnswer {
  nlohmann::json data, meta;
};
std::optional<ApiAnswer> api_answer(const DaemonClient::Result& result);

// `results` of a refusal: what became of each alert or incident that was meant. Null: it has none,
// or it is no refusal.
nlohmann::json refused_results(const DaemonClient::Result& result);

// The latest `options.limit` incidents that match, of one page or of several.
std::optional<ApiAnswer> matching_incidents(const DaemonClient& client,
                                            const AlertsOptions& options);
// The incident of that id, from the latest tick or from the history; null: there is none.
std::optional<nlohmann::json> find_incident(const DaemonClient& client, const std::string& id);

}  // namespace ringside::tool
