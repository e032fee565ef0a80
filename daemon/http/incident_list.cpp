#include "daemon/http/incident_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <tuple>

namespace ringside::http {
namespace {

template <class List, class Value>
bool is_in(const List& list, const Value& value) {
  return list.empty() || std::find(list.begin(), list.end(), value) != list.end();
}

// Each transition once, by time.
void sort_lines(std::vector<AlertTransition>& lines) {
  const auto place = [](const AlertTransition& t) { return std::tie(t.wall_ns, t.id, t.state); };
  std::sort(lines.begin(), lines.end(),
            [&](const auto& a, const auto& b) { return place(a) < place(b); });
  const auto same = [&](const auto& a, const auto& b) { return place(a) == place(b); };
  lines.erase(std::unique(lines.begin(), lines.end(), same), lines.end());
}

bool is_line(const AlertTransition& t) { return is_logged(t.state); }

// An alert by what the history has of it: its transitions, oldest first.
void note_episode(std::map<std::string, AlertView>& episodes, const AlertTransition& t) {
  const auto [at, fresh] = episodes.try_emplace(t.id);
  if (fresh) at->second.since_wall_ns = t.wall_ns;
  at->second.last = t;
}

using Found = std::map<std::string, ListedIncident>;

void add_history(const HistorySpan& history, Found& found) {
  for (const IncidentView& incident : history.incidents) found[incident.id].incident = incident;
  std::map<std::string, std::map<std::string, AlertView>> episodes;  // by incident
  for (const AlertTransition& t : history.transitions) {
    const auto at = found.find(t.incident);
    if (at == found.end()) continue;
    if (is_line(t)) at->second.lines.push_back(t);
    if (is_of_episode(t.state)) note_episode(episodes[t.incident], t);
  }
  for (auto& [incident, alerts] : episodes) {
    for (auto& [id, alert] : alerts) found[incident].alerts.push_back(std::move(alert));
  }
}

// What the snapshot shows is newer, and says more.
void add_snapshot(const Snapshot& snapshot, Found& found) {
  for (const IncidentView& incident : snapshot.incidents) found[incident.id].incident = incident;
  const auto add = [&](const AlertView& alert) {
    const auto at = found.find(alert.last.incident);
    if (at == found.end()) return;
    std::vector<AlertView>& alerts = at->second.alerts;
    std::erase_if(alerts, [&](const AlertView& old) { return old.last.id == alert.last.id; });
    alerts.push_back(alert);
  };
  for (const AlertView& alert : snapshot.resolved_alerts) add(alert);
  for (const AlertView& alert : snapshot.alerts) add(alert);
}

void add_lines(const std::vector<AlertTransition>& lines, Found& found) {
  for (const AlertTransition& line : lines) {
    const auto at = found.find(line.incident);
    if (at != found.end()) at->second.lines.push_back(line);
  }
}

bool has_alert(const ListedIncident& one, AlertType type) {
  if (one.incident.cause.alert == type) return true;
  const std::string symptom = std::string(name_of(type)) + " ";
  return std::any_of(one.incident.symptoms.begin(), one.incident.symptoms.end(),
                     [&](const std::string& text) { return text.starts_with(symptom); }) ||
         std::any_of(one.alerts.begin(), one.alerts.end(),
                     [&](const AlertView& alert) { return alert.last.alert == type; });
}

}  // namespace

bool IncidentFilter::matches(const ListedIncident& one) const {
  const IncidentView& incident = one.incident;
  const auto has = [&](AlertType type) { return has_alert(one, type); };
  return (!over || *over == incident.over()) && is_in(levels, incident.level) &&
         (alerts.empty() || std::any_of(alerts.begin(), alerts.end(), has)) &&
         (operation.empty() || operation == incident.cause.operation ||
          (!incident.operations.empty() && is_in(incident.operations, operation))) &&
         (ring.empty() || ring == incident.ring) &&
         (!since_wall_ns || !incident.over() || incident.ended_wall_ns >= *since_wall_ns) &&
         (!until_wall_ns || incident.began_wall_ns < *until_wall_ns);
}

bool IncidentFilter::matches(const AlertView& alert) const {
  return !over.value_or(false) && is_in(levels, alert.last.level) &&
         is_in(alerts, alert.last.alert) &&
         (operation.empty() || operation == alert.last.operation) &&
         (ring.empty() || ring == alert.last.ring) &&
         (!until_wall_ns || alert.since_wall_ns < *until_wall_ns);
}

std::vector<ListedIncident> list_incidents(const Snapshot& snapshot, const HistorySpan* history,
                                           const std::vector<AlertTransition>* lines) {
  Found found;
  if (history != nullptr) add_history(*history, found);
  add_snapshot(snapshot, found);
  if (lines != nullptr) add_lines(*lines, found);
  std::vector<ListedIncident> list;
  for (auto& [id, one] : found) {
    std::sort(one.alerts.begin(), one.alerts.end(), [](const AlertView& a, const AlertView& b) {
      return std::tie(a.since_wall_ns, a.last.id) > std::tie(b.since_wall_ns, b.last.id);
    });
    sort_lines(one.lines);
    list.push_back(std::move(one));
  }
  std::sort(list.begin(), list.end(), [](const ListedIncident& a, const ListedIncident& b) {
    return std::tie(a.incident.began_wall_ns, a.incident.id) >
           std::tie(b.incident.began_wall_ns, b.incident.id);
  });
  return list;
}

std::string write_cursor(const IncidentPlace& place) {
  std::string hex;
  for (const char c : fmt::format("{}:{}", place.first, place.second))
    hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return hex;
}

std::optional<IncidentPlace> read_cursor(std::string_view cursor) {
  std::string text;
  if (cursor.size() % 2 != 0) return std::nullopt;
  for (std::size_t i = 0; i < cursor.size(); i += 2) {
    unsigned value = 0;
    const char* end = cursor.data() + i + 2;
    const auto [stop, error] = std::from_chars(cursor.data() + i, end, value, 16);
    if (error != std::errc{} || stop != end) return std::nullopt;
    text += static_cast<char>(value);
  }
  IncidentPlace place;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, place.first);
  if (error != std::errc{} || stop == end || *stop != ':' || stop + 1 == end) return std::nullopt;
  place.second.assign(stop + 1, end);
  return place;
}

}  // namespace ringside::http
