#include "daemon/run/api_metrics.h"

#include <string>
#include <utility>

namespace ringside {
namespace {

using http::Figure;

struct Part {
  Figure figure;
  const char* label;
};

template <std::size_t n>
MetricFamily family(const http::Figures& figures, MetricKind kind, const char* name,
                    const char* unit, const char* help, const char* label, const Part (&parts)[n],
                    std::int64_t since_wall_ns) {
  MetricFamily all{name, kind, unit, help, {}};
  for (const Part& part : parts) {
    Metric& one = all.metrics.emplace_back();
    if (*label != '\0') one.labels = {{label, part.label}};
    one.value = static_cast<double>(figures.value(part.figure));
    if (kind == MetricKind::counter) one.since_wall_ns = since_wall_ns;
  }
  return all;
}

}  // namespace

std::vector<MetricFamily> api_metrics(const http::Figures& figures, std::int64_t since_wall_ns) {
  const auto gauge = [&](const char* name, const char* help, Figure figure) {
    return family(figures, MetricKind::gauge, name, "", help, "", {{figure, ""}}, 0);
  };
  const auto counter = [&](const char* name, const char* unit, const char* help, Figure figure) {
    return family(figures, MetricKind::counter, name, unit, help, "", {{figure, ""}},
                  since_wall_ns);
  };
  std::vector<MetricFamily> all;
  all.push_back(gauge("ringside_api_connections", "Open connections to the daemon's API.",
                      Figure::connections));
  all.push_back(gauge("ringside_api_streams", "Open event streams of the API.", Figure::streams));
  all.push_back(
      counter("ringside_api_accepted_connections", "", "Connections that came.", Figure::accepted));
  all.push_back(counter("ringside_api_evicted_connections", "",
                        "Connections that were closed to make room for others.", Figure::evicted));
  all.push_back(
      counter("ringside_api_requests", "", "Requests whose head came whole.", Figure::requests));
  all.push_back(family(figures, MetricKind::counter, "ringside_api_answers", "",
                       "Answers, by the class of their status.", "status",
                       {{Figure::answers_2xx, "2xx"},
                        {Figure::answers_3xx, "3xx"},
                        {Figure::answers_4xx, "4xx"},
                        {Figure::answers_5xx, "5xx"}},
                       since_wall_ns));
  all.push_back(family(figures, MetricKind::counter, "ringside_api_refusals", "",
                       "Requests and connections that were refused, by the reason.", "reason",
                       {{Figure::rejected_tokens, "rejected_token"},
                        {Figure::rate_limited, "rate_limited"},
                        {Figure::forbidden, "forbidden"},
                        {Figure::misdirected, "misdirected"},
                        {Figure::bad_requests, "bad_request"},
                        {Figure::timeouts, "timeout"},
                        {Figure::refused_full, "full"},
                        {Figure::tls_failures, "tls"}},
                       since_wall_ns));
  all.push_back(counter("ringside_api_sent_bytes", "bytes", "Bytes of answers and streams.",
                        Figure::sent_bytes));
  all.push_back(counter("ringside_api_dropped_streams", "",
                        "Streams that were ended, as they were read too slowly.",
                        Figure::streams_dropped));
  return all;
}

}  // namespace ringside
