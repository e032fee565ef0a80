#include "daemon/http/routes.h"

#include <algorithm>
#include <optional>

#include "daemon/http/envelope.h"
#include "daemon/http/routes_parts.h"

namespace ringside::http {
namespace {

constexpr std::string_view kName = "{name}";

// What stands for {name}; empty where there is none. Nothing: the path is another.
std::optional<std::string_view> fits(std::string_view pattern, std::string_view path) {
  const std::size_t at = pattern.find(kName);
  if (at == std::string_view::npos)
    return pattern == path ? std::optional(std::string_view()) : std::nullopt;
  if (!path.starts_with(pattern.substr(0, at)) || path.size() == at) return std::nullopt;
  return path.substr(at);
}

}  // namespace

Match match(Method method, std::string_view path) {
  Match found;
  for (const Route& route : kRoutes) {
    const auto name = fits(route.path, path);
    if (!name) continue;
    const bool post = route.method == Method::post;
    found.allow += found.allow.empty() ? "" : ", ";
    found.allow += post ? "POST" : "GET, HEAD";
    if (post != (method == Method::post)) continue;
    found.route = &route;
    found.name = *name;
  }
  return found;
}

Answer answer(const Match& match, const Request& request, const Sources& sources) {
  switch (match.route->endpoint) {
    case Endpoint::metrics: return answer_metrics(request, sources);
    case Endpoint::operation: return answer_operation(match.name, request, sources);
    case Endpoint::report: return answer_report(request, sources);
    case Endpoint::alerts: return answer_alerts(request, sources);
    case Endpoint::handle_alerts: return answer_handling(request, sources);
    case Endpoint::history: return answer_history(request, sources);
    case Endpoint::healthz: return answer_healthz(request, sources);
    case Endpoint::readyz: return answer_readyz(request, sources);
    case Endpoint::openapi: return answer_openapi(request);
    case Endpoint::stream:
    case Endpoint::exposition: break;
  }
  return unknown_path(request);  // of no route in the table; Work says who answers these two
}

Response busy(const Request& request) {
  // Only POST alerts waits for the drain thread. All other jobs read.
  const bool waits = request.method == Method::post;
  return problem_for_now(
      request, "busy", "Busy",
      waits ? "other requests wait for the alert engine already, and nothing was done; ask again "
              "in a few seconds"
            : "other requests are being answered already; ask again in a few seconds",
      2);
}

}  // namespace ringside::http
