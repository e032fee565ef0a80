// GET alerts: incidents with their alerts, of now and of the past.
#include <algorithm>
#include <iterator>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "daemon/config/units.h"
#include "daemon/history/history_reader.h"
#include "daemon/history/spans.h"
#include "daemon/http/envelope.h"
#include "daemon/http/incident_list.h"
#include "daemon/http/instants.h"
#include "daemon/http/parameters.h"
#include "daemon/http/past.h"
#include "daemon/http/routes_parts.h"
#include "daemon/http/shown.h"
#include "report/render/json_parts.h"

namespace ringside::http {
namespace {

using detail::array_of;

struct AlertsAsked {
  IncidentFilter filter;
  std::size_t limit = 50;
  std::optional<IncidentPlace> after;
};

std::optional<std::int64_t> instant(Parameters& parameters, const char* name,
                                    std::int64_t now_wall_ns) {
  const auto text = parameters.text(name, 40);
  if (!text) return std::nullopt;
  if (const auto wall_s = parse_instant(*text, now_wall_ns / kNsPerSecond))
    return *wall_s * kNsPerSecond;
  parameters.refuse_value(name, *text,
                          "a UTC time such as 2026-11-27T02:00Z, now, or how long ago, such as 8h");
  return std::nullopt;
}

AlertsAsked asked_of(Parameters& parameters, std::int64_t now_wall_ns) {
  constexpr const char* kStates[] = {"active", "over"};
  AlertsAsked asked;
  IncidentFilter& filter = asked.filter;
  if (const auto state = parameters.choice("state", kStates)) filter.over = *state == 1;
  for (const std::size_t level : parameters.choices("level", kAlertLevelNames))
    filter.levels.push_back(static_cast<AlertLevel>(level));
  for (const std::size_t type : parameters.choices("alert", kAlertTypeNames))
    filter.alerts.push_back(static_cast<AlertType>(type));
  filter.operation = parameters.text("operation").value_or("");
  filter.ring = parameters.text("ring", 400).value_or("");
  filter.since_wall_ns = instant(parameters, "since", now_wall_ns);
  filter.until_wall_ns = instant(parameters, "until", now_wall_ns);
  if (filter.since_wall_ns && filter.until_wall_ns &&
      *filter.since_wall_ns >= *filter.until_wall_ns)
    parameters.refuse("invalid_span", "Invalid span", "since is not before until");
  asked.limit = parameters.number("limit", 1, 200).value_or(50);
  if (const auto cursor = parameters.text("cursor", 400)) {
    asked.after = read_cursor(*cursor);
    if (!asked.after) {
      parameters.refuse("invalid_cursor", "Invalid cursor",
                        "cursor: found " + in_quotes(*cursor) +
                            ", expected data.next_cursor of a page; begin again without it");
    }
  }
  return asked;
}

Json json_listed(const ListedIncident& one) {
  Json json = detail::json_incident(one.incident);
  json["alerts"] = array_of(one.alerts, detail::json_alert);
  json["lines"] = array_of(one.lines, detail::json_transition);
  return json;
}

Json json_pending(const Snapshot& snapshot, const IncidentFilter& filter) {
  Json json = Json::array();
  for (const AlertView& alert : snapshot.alerts) {
    if (alert.last.incident.empty() && filter.matches(alert))
      json.push_back(detail::json_alert(alert));
  }
  return json;
}

Json alerts_of(const Sources& sources, const HistorySpan* history, const AlertsAsked& asked) {
  const Snapshot& snapshot = sources.present->snapshot();
  std::vector<ListedIncident> list = list_incidents(snapshot, history, sources.lines.get());
  std::erase_if(list, [&](const ListedIncident& one) { return !asked.filter.matches(one); });
  const std::size_t matching = list.size();
  const auto place = [](const ListedIncident& one) {
    return IncidentPlace{one.incident.began_wall_ns, one.incident.id};
  };
  auto begin = list.begin();
  if (asked.after) {
    begin = std::find_if(list.begin(), list.end(),
                         [&](const ListedIncident& one) { return place(one) < *asked.after; });
  }
  const auto left = static_cast<std::size_t>(list.end() - begin);
  const auto end = begin + static_cast<std::ptrdiff_t>(std::min(asked.limit, left));
  Json incidents = Json::array();
  for (auto it = begin; it != end; ++it) incidents.push_back(json_listed(*it));
  return {{"incidents", std::move(incidents)},
          {"matching", matching},
          {"next_cursor",
           end == list.end() ? Json(nullptr) : Json(write_cursor(place(*std::prev(end))))},
          {"pending", asked.after ? Json::array() : json_pending(snapshot, asked.filter)},
          {"silences", array_of(snapshot.silences, detail::json_silence)},
          {"active_alerts", json_active_alerts(snapshot)},
          {"open_incidents", json_open_incidents(snapshot)}};
}

// Incidents are kept as long as hours are.
Response with_past(const Request& request, const Sources& sources, const AlertsAsked& asked) {
  const std::int64_t now_s = sources.now_wall_ns / kNsPerSecond;
  const TimeSpan span{asked.filter.since_wall_ns.value_or(0) / kNsPerSecond,
                      asked.filter.until_wall_ns.value_or(now_s * kNsPerSecond) / kNsPerSecond + 1};
  HistoryQuery query = query_of(span, false);
  query.ring = asked.filter.ring;
  query.series = false;
  const HistoryResult result = read_history(sources.history, query);
  if (result.failure)
    return past_problem(request, {PastReportProblem::Kind::failed, result.failure->message});
  return enveloped(request, sources, alerts_of(sources, &result.span, asked));
}

}  // namespace

Answer answer_alerts(const Request& request, const Sources& sources) {
  Parameters parameters(request, {"state", "level", "alert", "operation", "ring", "since", "until",
                                  "limit", "cursor"});
  const AlertsAsked asked = asked_of(parameters, sources.now_wall_ns);
  if (parameters.wrong()) return *parameters.wrong();
  if (!sources.present) return not_known_yet(request);
  const bool past = asked.filter.since_wall_ns || asked.filter.until_wall_ns;
  if (!past) return enveloped(request, sources, alerts_of(sources, nullptr, asked));
  if (sources.history.empty()) return no_history(request);
  return Job{Job::Kind::reading,
             [request, sources, asked] { return with_past(request, sources, asked); }};
}

}  // namespace ringside::http
