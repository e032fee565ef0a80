#include "daemon/history/alert_rows.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include "daemon/storage/codec.h"

namespace ringside {
namespace {

// The enumerator of that name. Throws when there is none.
template <typename Enumerator, std::size_t N>
Enumerator named(const std::array<const char*, N>& names, std::string_view name) {
  for (std::size_t i = 0; i < N; ++i) {
    if (name == names[i]) return static_cast<Enumerator>(i);
  }
  throw DatabaseError(SQLITE_CORRUPT, "'" + std::string(name) + "' is no word of an alert");
}

// A list as lines, and back. No name has a line feed: they are escaped where they come in.
std::string lines_of(const std::vector<std::string>& list) {
  std::string out;
  for (const std::string& one : list) {
    if (!out.empty()) out += '\n';
    for (const char c : one) out += c == '\n' ? ' ' : c;
  }
  return out;
}
std::vector<std::string> list_of(std::string_view lines) {
  std::vector<std::string> out;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    out.emplace_back(lines.substr(0, end));
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return out;
}

double finite(double value) { return std::isfinite(value) ? value : 0; }

std::string encode(const AlertTransition& t) {
  Encoder out;
  out.i64(t.wall_ns);
  for (const std::string& text :
       {t.id, t.operation, t.figure, t.ring, t.message, t.suspect, t.incident}) {
    out.text(text);
  }
  out.u64(static_cast<std::uint64_t>(t.alert));
  out.u64(static_cast<std::uint64_t>(t.level));
  out.u64(static_cast<std::uint64_t>(t.state));
  out.u64(static_cast<std::uint64_t>(t.unit));
  out.real(finite(t.value));
  out.real(finite(t.threshold));
  out.flag(t.any_alert);
  out.flag(t.silenced);
  return out.take();
}

AlertTransition decode(std::string_view bytes) {
  Decoder in(bytes);
  AlertTransition t;
  t.wall_ns = in.i64();
  for (std::string* text :
       {&t.id, &t.operation, &t.figure, &t.ring, &t.message, &t.suspect, &t.incident}) {
    *text = in.text();
  }
  t.alert = static_cast<AlertType>(in.below(kAlertTypes));
  t.level = static_cast<AlertLevel>(in.below(kAlertLevels));
  t.state = static_cast<AlertState>(in.below(kAlertStates));
  t.unit = static_cast<AlertUnit>(in.below(kAlertUnits));
  t.value = in.real();
  t.threshold = in.real();
  t.any_alert = in.flag();
  t.silenced = in.flag();
  if (!in.at_end()) throw DatabaseError(SQLITE_CORRUPT, "the cause of an incident is damaged");
  return t;
}

}  // namespace

void write_incident(Database& database, const IncidentView& incident) {
  const std::string symptoms = lines_of(incident.symptoms);
  const std::string operations = lines_of(incident.operations);
  const std::string cause = encode(incident.cause);
  auto row = database.query(
      "INSERT OR REPLACE INTO incidents (id, ring, began_ns, ended_ns, level, peak, flaps,"
      " failed_calls, users, acknowledged, silenced, acknowledged_by, symptoms, operations,"
      " cause_message, cause) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  row.bind(incident.id).bind(incident.ring).bind(incident.began_wall_ns);
  row.bind(incident.ended_wall_ns).bind(name_of(incident.level)).bind(name_of(incident.peak));
  row.bind(static_cast<std::int64_t>(incident.flaps));
  row.bind(static_cast<std::int64_t>(incident.failed_calls));
  row.bind(static_cast<std::int64_t>(incident.users));
  row.bind(std::int64_t{incident.acknowledged}).bind(std::int64_t{incident.silenced});
  row.bind(incident.acknowledged_by).bind(symptoms).bind(operations);
  row.bind(incident.cause.message).bind_blob(cause).run();
}

void end_untold_incidents(Database& database, const std::vector<IncidentView>& told) {
  std::vector<std::string> untold;
  {
    auto row = database.query("SELECT id FROM incidents WHERE ended_ns = 0");
    while (row.row()) {
      std::string id(row.text());
      if (std::none_of(told.begin(), told.end(), [&](const auto& one) { return one.id == id; }))
        untold.push_back(std::move(id));
    }
  }
  for (const std::string& id : untold) {
    auto end = database.query(
        "UPDATE incidents SET level = peak, ended_ns = MAX(began_ns,"
        " COALESCE((SELECT MAX(wall_ns) FROM alerts WHERE incident = ?1), 1)) WHERE id = ?1");
    end.bind(id).run();
  }
}

void write_transition(Database& database, const AlertTransition& t) {
  auto row = database.query(
      "INSERT OR REPLACE INTO alerts (wall_ns, id, state, ring, incident, alert, level, operation,"
      " figure, value, threshold, unit, message, suspect, any_alert, silenced)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  row.bind(t.wall_ns).bind(t.id).bind(name_of(t.state)).bind(t.ring).bind(t.incident);
  row.bind(name_of(t.alert)).bind(name_of(t.level)).bind(t.operation).bind(t.figure);
  row.bind(finite(t.value)).bind(finite(t.threshold)).bind(name_of(t.unit)).bind(t.message);
  row.bind(t.suspect).bind(std::int64_t{t.any_alert}).bind(std::int64_t{t.silenced}).run();
}

std::vector<IncidentView> read_incidents(Database& database, std::int64_t begin_ns,
                                         std::int64_t end_ns, const std::string& ring) {
  auto row = database.query(
      "SELECT id, ring, began_ns, ended_ns, level, peak, flaps, failed_calls, users, acknowledged,"
      " silenced, acknowledged_by, symptoms, operations, cause FROM incidents"
      " WHERE began_ns < ?1 AND (ended_ns = 0 OR ended_ns >= ?2) AND (?3 = '' OR ring IN (?3, ''))"
      " ORDER BY began_ns, id");
  row.bind(end_ns).bind(begin_ns).bind(ring);
  std::vector<IncidentView> out;
  while (row.row()) {
    IncidentView one;
    one.id = row.text();
    one.ring = row.text();
    one.began_wall_ns = row.integer();
    one.ended_wall_ns = row.integer();
    one.level = named<AlertLevel>(kAlertLevelNames, row.text());
    one.peak = named<AlertLevel>(kAlertLevelNames, row.text());
    one.flaps = row.count();
    one.failed_calls = row.count();
    one.users = row.count();
    one.acknowledged = row.integer() != 0;
    one.silenced = row.integer() != 0;
    one.acknowledged_by = row.text();
    one.symptoms = list_of(row.text());
    one.operations = list_of(row.text());
    one.cause = decode(row.blob());
    out.push_back(std::move(one));
  }
  return out;
}

std::vector<AlertTransition> read_transitions(Database& database, std::int64_t begin_ns,
                                              std::int64_t end_ns, const std::string& ring) {
  auto row = database.query(
      "SELECT wall_ns, id, state, ring, incident, alert, level, operation, figure, value,"
      " threshold, unit, message, suspect, any_alert, silenced FROM alerts"
      " WHERE wall_ns >= ?1 AND wall_ns < ?2 AND (?3 = '' OR ring IN (?3, ''))"
      " ORDER BY wall_ns, id, state");
  row.bind(begin_ns).bind(end_ns).bind(ring);
  std::vector<AlertTransition> out;
  while (row.row()) {
    AlertTransition t;
    t.wall_ns = row.integer();
    t.id = row.text();
    t.state = named<AlertState>(kAlertStateNames, row.text());
    t.ring = row.text();
    t.incident = row.text();
    t.alert = named<AlertType>(kAlertTypeNames, row.text());
    t.level = named<AlertLevel>(kAlertLevelNames, row.text());
    t.operation = row.text();
    t.figure = row.text();
    t.value = row.real();
    t.threshold = row.real();
    t.unit = named<AlertUnit>(kAlertUnitNames, row.text());
    t.message = row.text();
    t.suspect = row.text();
    t.any_alert = row.integer() != 0;
    t.silenced = row.integer() != 0;
    out.push_back(std::move(t));
  }
  return out;
}

}  // namespace ringside
