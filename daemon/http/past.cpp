#include "daemon/http/past.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "daemon/history/history_reader.h"
#include "daemon/history/spans.h"
#include "daemon/http/envelope.h"
#include "daemon/http/shown.h"

namespace ringside::http {
namespace {

// What messages call the file: its path tells a reader of the API nothing.
constexpr const char* kCalled = "the history";

// A message of a tool has what to do next in a second line.
std::string in_one_line(std::string text) {
  constexpr std::string_view kNext = "\n  next: ";
  if (const std::size_t at = text.find(kNext); at != std::string::npos)
    text.replace(at, kNext.size(), "; ");
  return text;
}

// Only the snapshot knows what rings there are.
std::variant<Past, Response> nothing_of(const Request& request, const Sources& sources,
                                        const PastAsked& asked, const TimeSpan& times) {
  if (sources.present && !asked.ring.empty()) {
    if (auto wrong = unknown_ring(request, sources.present->snapshot(), asked.ring)) return *wrong;
  }
  Past past;
  past.asked = times;
  past.recorded = false;
  past.span.begin_wall_s = floor_to(times.begin_wall_s, 60);
  past.span.end_wall_s = minute_after(times.end_wall_s);
  return past;
}

}  // namespace

SpanWords request_words() {
  return {"since", "until", "compare_to", "ring", "operation", "see /api/v1/openapi.json"};
}

Response no_history(const Request& request) {
  return problem(request, 503, "no_history", "No history",
                 "this daemon keeps no history; set history.enabled = true in its configuration");
}

Response past_problem(const Request& request, const PastReportProblem& wrong) {
  using Kind = PastReportProblem::Kind;
  const std::string detail = in_one_line(wrong.text);
  switch (wrong.kind) {
    case Kind::span: return problem(request, 400, "invalid_span", "Invalid span", detail);
    case Kind::nothing_recorded:
      return problem(request, 404, "nothing_recorded", "Nothing is recorded", detail);
    case Kind::unknown_ring: return problem(request, 404, "unknown_ring", "Unknown ring", detail);
    case Kind::unknown_operation:
      return problem(request, 404, "unknown_operation", "Unknown operation", detail);
    case Kind::no_baseline: return problem(request, 404, "no_baseline", "No baseline", detail);
    case Kind::failed: break;
  }
  return problem(request, 500, "history_failed", "The history can't be read", detail);
}

std::variant<Past, Response> read_past(const Request& request, const Sources& sources,
                                       const PastAsked& asked) {
  const auto refuse = [&](PastReportProblem::Kind kind, std::string text) {
    return past_problem(request, {kind, std::move(text)});
  };
  using Kind = PastReportProblem::Kind;
  const HistoryExtent extent = history_extent(sources.history);
  if (extent.failure) return refuse(Kind::failed, extent.failure->message);
  const std::int64_t now_s = sources.now_wall_ns / kNsPerSecond;
  const AskedSpan span{kCalled, asked.since, asked.until, asked.otherwise_s, request_words()};
  std::string why;
  const std::int64_t end = end_of_history(span, extent, now_s);
  const auto uncut = uncut_span(span, end, now_s, &why);
  if (uncut && extent.last_wall_s == 0) return nothing_of(request, sources, asked, *uncut);
  if (!uncut && asked.until.empty()) {
    std::string still_wrong;
    if (const auto later = uncut_span(span, minute_after(now_s), now_s, &still_wrong))
      return nothing_of(request, sources, asked, *later);
  }
  const auto times = uncut ? asked_span(span, extent, now_s, &why) : std::nullopt;
  if (!times) return refuse(Kind::span, std::move(why));
  HistoryQuery query = query_of(*times, has_minutes(extent, times->begin_wall_s));
  query.ring = asked.ring;
  query.name = asked.operation;
  query.series = asked.series;
  HistoryResult result = read_history(sources.history, query);
  if (result.failure) return refuse(Kind::failed, result.failure->message);
  // A ring that is there now may be new.
  const bool is_there =
      sources.present && !unknown_ring(request, sources.present->snapshot(), asked.ring);
  if (!asked.ring.empty() && result.span.rings.empty() && !is_there) {
    query.ring.clear();
    std::vector<std::string> rings;
    for (const HistoryRing& ring : read_history(sources.history, query).span.rings)
      rings.push_back(ring.ring);
    return unknown_name(request, "unknown_ring", "ring", asked.ring, rings);
  }
  // The hour under way is not over.
  result.span.end_wall_s = std::min(result.span.end_wall_s, extent.end_wall_s);
  return Past{std::move(result.span), *uncut};
}

}  // namespace ringside::http
