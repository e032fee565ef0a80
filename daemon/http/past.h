// A span of the history, as a request asks for it, or the problem in its place.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "daemon/http/past_report.h"
#include "daemon/http/routes.h"
#include "report/model/history.h"

namespace ringside::http {

// The names of the parameters, for messages.
SpanWords request_words();

struct PastAsked {
  std::string since, until;  // as past_span.h reads them
  std::int64_t otherwise_s = 8 * 3600;
  std::string ring;       // only this one; empty: all
  std::string operation;  // only the series of this name; empty: all
  bool series = true;     // false: no operation and no event
};
struct Past {
  HistorySpan span;  // cut to what the history holds
  TimeSpan asked;    // not cut
  // False: the history is empty, or nothing was written since the asked begin. A daemon's first
  // minute is so. The span is empty, too, and has the asked times.
  bool recorded = true;
};
// Reads it: on a thread that may wait.
std::variant<Past, Response> read_past(const Request& request, const Sources& sources,
                                       const PastAsked& asked);

// The problem of a request for a past that there is not.
Response no_history(const Request& request);
Response past_problem(const Request& request, const PastReportProblem& problem);

}  // namespace ringside::http
