// For probes: does the process live, and does it do its work? And the API's own document.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "daemon/http/envelope.h"
#include "daemon/http/gzip.h"
#include "daemon/http/openapi.h"
#include "daemon/http/parameters.h"
#include "daemon/http/routes_parts.h"

namespace ringside::http {
namespace {

// A snapshot that is older than this many ticks says that the drain thread hangs.
constexpr double kMostTicks = 3;

std::vector<std::string> reasons_against(const Sources& sources) {
  std::vector<std::string> reasons;
  if (sources.present) {
    const double tick_seconds = std::max(sources.present->snapshot().tick_seconds, 1.0);
    if (sources.age_seconds > kMostTicks * tick_seconds) {
      reasons.push_back(
          fmt::format("the latest snapshot is {:.1f} s old, expected one each {:.1f} s",
                      sources.age_seconds, tick_seconds));
    }
  } else {
    reasons.emplace_back("there is no snapshot yet");
  }
  if (!sources.history_problem.empty())
    reasons.push_back("the history is not written: " + sources.history_problem);
  if (!sources.log_problem.empty())
    reasons.push_back("the alert log is not written: " + sources.log_problem);
  return reasons;
}

}  // namespace

Response answer_healthz(const Request& request, const Sources& sources) {
  const Parameters parameters(request, {});
  if (parameters.wrong()) return *parameters.wrong();
  return short_enveloped(request, sources, {{"alive", true}});
}

Response answer_readyz(const Request& request, const Sources& sources) {
  const Parameters parameters(request, {});
  if (parameters.wrong()) return *parameters.wrong();
  const std::vector<std::string> reasons = reasons_against(sources);
  if (reasons.empty()) {
    return short_enveloped(request, sources,
                           {{"ready", true},
                            {"tick", sources.present->snapshot().tick},
                            {"age_seconds", sources.age_seconds}});
  }
  std::string detail;
  for (const std::string& reason : reasons) detail += (detail.empty() ? "" : "; ") + reason;
  return with_member(problem_for_now(request, "not_ready", "Not ready", detail, 5), "reasons",
                     reasons);
}

Response answer_openapi(const Request& request) {
  const Parameters parameters(request, {});
  if (parameters.wrong()) return *parameters.wrong();
  static const std::string etag = weak_etag(openapi_document());
  Response response;
  response.headers.emplace_back("Cache-Control", "no-cache");
  response.body = openapi_document();
  response.headers.emplace_back("ETag", etag);
  response.gzipped = gzipped_once(openapi_document());
  return response;
}

}  // namespace ringside::http
