#include "tools/simulate/real_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <iomanip>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "report/model/alerts.h"

namespace ringside::simulate {
namespace {

using nlohmann::json;

// What must be said of each of the load's incidents. A burst of invalid requests is refused, and is
// nothing that anybody must be told of.
struct Kind {
  const char* name;
  std::vector<std::string> causes;
  AlertLevel least;
  bool hard;
};
const std::vector<Kind>& kinds() {
  static const std::vector<Kind> table = {
      {"locked-database", {"database_issue"}, AlertLevel::critical, true},
      {"password-guessing", {"security_threat"}, AlertLevel::warning, false},
      {"connection-surge", {"high_connections", "security_threat"}, AlertLevel::warning, false},
      {"kill-server", {"server_down"}, AlertLevel::critical, true},
  };
  return table;
}

// What the server works off after its trouble, and clients that come back.
constexpr Ns kAftermath = 30 * kSecondNs;

// "2024-11-23T09:15:55.123Z"
std::optional<Ns> wall_of(const std::string& text) {
  std::istringstream in(text);
  std::tm parts{};
  int milliseconds = 0;
  char dot = 0, zulu = 0;
  in >> std::get_time(&parts, "%Y-%m-%dT%H:%M:%S") >> dot >> milliseconds >> zulu;
  if (!in || dot != '.' || zulu != 'Z') return std::nullopt;
  return static_cast<Ns>(timegm(&parts)) * kSecondNs + milliseconds * kMillisecond;
}

// The keys of one logfmt line. Empty where it is none, or is cut off.
std::map<std::string, std::string> fields_of(const std::string& line) {
  std::map<std::string, std::string> fields;
  std::size_t at = 0;
  while (at < line.size()) {
    const std::size_t equals = line.find('=', at);
    if (equals == std::string::npos) return {};
    const std::string key = line.substr(at, equals - at);
    std::string value;
    at = equals + 1;
    if (at < line.size() && line[at] == '"') {
      for (++at; at < line.size() && line[at] != '"'; ++at) {
        if (line[at] == '\\') ++at;
        if (at < line.size()) value += line[at];
      }
      if (at >= line.size()) return {};
      ++at;
    } else {
      const std::size_t end = std::min(line.find(' ', at), line.size());
      value = line.substr(at, end - at);
      at = end;
    }
    fields[key] = value == "-" ? "" : value;
    ++at;  // the space
  }
  return fields;
}

std::map<std::string, std::string> json_fields_of(const std::string& line) {
  std::map<std::string, std::string> fields;
  const json parsed = json::parse(line, nullptr, false);
  if (!parsed.is_object()) return fields;
  for (const auto& [key, value] : parsed.items()) {
    if (value.is_string()) fields[key] = value.get<std::string>();
  }
  return fields;
}

template <std::size_t kCount>
std::optional<std::size_t> index_of(const std::array<const char*, kCount>& names,
                                    const std::string& name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

std::optional<Line> line_of(std::map<std::string, std::string> fields, const Scenario& scenario) {
  const auto wall = wall_of(fields["ts"]);
  const auto alert = index_of(kAlertTypeNames, fields["alert"]);
  const auto level = index_of(kAlertLevelNames, fields["level"]);
  const auto state = index_of(kAlertStateNames, fields["state"]);
  if (!wall || !alert || !level || !state) return std::nullopt;
  if (!is_of_incident(static_cast<AlertState>(*state))) return std::nullopt;
  Line line;
  line.wall = *wall;
  line.at = kWorldBegin + *wall - scenario.begin_wall;
  line.what = static_cast<AlertState>(*state) == AlertState::ended ? Line::What::resolved
                                                                   : Line::What::raised;
  line.alert = static_cast<AlertType>(*alert);
  line.level = static_cast<AlertLevel>(*level);
  line.operation = fields["op"];
  line.group = fields["incident"];
  line.text = fields["msg"];
  return line;
}

}  // namespace

std::optional<Scenario> truth_of(const std::string& text, std::string* why) {
  const json found = json::parse(text, nullptr, false);
  const auto wrong = [&](const std::string& what) {
    *why = "expected what ringside-chatload wrote with --json, found " + what;
    return std::nullopt;
  };
  if (!found.is_object()) return wrong("no JSON object");
  for (const char* key : {"started_wall_ns", "ended_wall_ns"}) {
    if (!found.contains(key) || !found[key].is_number_integer())
      return wrong(std::string("no number ") + key);
  }
  if (!found.contains("incidents") || !found["incidents"].is_array())
    return wrong("no list of incidents");
  Scenario scenario;
  scenario.kind = "real";
  scenario.begin_wall = found["started_wall_ns"].get<Ns>();
  scenario.length = found["ended_wall_ns"].get<Ns>() - scenario.begin_wall;
  for (const json& one : found["incidents"]) {
    const auto kind = std::find_if(kinds().begin(), kinds().end(), [&](const Kind& known) {
      return one.is_object() && one.value("name", "") == known.name;
    });
    if (kind == kinds().end()) continue;
    const json begin = one.value("started_wall_ns", json()),
               end = one.value("ended_wall_ns", json());
    if (!begin.is_number_integer() || !end.is_number_integer()) continue;  // it did not take place
    Incident incident;
    incident.kind = kind->name;
    incident.from = begin.get<Ns>() - scenario.begin_wall;
    incident.until = end.get<Ns>() - scenario.begin_wall;
    incident.aftermath = kAftermath;
    incident.causes = kind->causes;
    incident.least = kind->least;
    incident.hard = kind->hard;
    scenario.incidents.push_back(std::move(incident));
  }
  return scenario;
}

std::vector<Line> lines_of_log(const std::string& log, const Scenario& scenario) {
  std::vector<Line> lines;
  std::istringstream in(log);
  for (std::string text; std::getline(in, text);) {
    if (text.empty()) continue;
    auto line = line_of(text.front() == '{' ? json_fields_of(text) : fields_of(text), scenario);
    // The log may have older stories, and those of what came after the load.
    if (line && line->at >= kWorldBegin) lines.push_back(std::move(*line));
  }
  std::stable_sort(lines.begin(), lines.end(),
                   [](const Line& a, const Line& b) { return a.at < b.at; });
  return lines;
}

RealScore score_log(const std::string& log, const Scenario& truth, Ns tick) {
  Score score;
  const std::vector<Line> lines = lines_of_log(log, truth);
  add_score(score, truth, lines, tick);
  RealScore out;
  const std::uint64_t false_alarms = truth.calm() ? score.calm_alarms : score.false_alarms;
  out.good = false_alarms == 0;
  out.text = "  incident           found  after  level      cause             lines  reset\n";
  for (const IncidentScore& one : score.incidents) {
    out.good = out.good && one.found && one.cause_right && one.level_right;
    out.text += fmt::format("  {:<17}  {:>5}  {:>5}  {:<9}  {:<16}  {:>5}  {:>5}\n", one.kind,
                            one.found ? "yes" : "no",
                            one.found ? fmt::format("{:.1f} s", one.detect_s) : "-",
                            one.found ? ringside::name_of(one.level) : "-",
                            one.found ? ringside::name_of(one.named) : "-", one.lines,
                            one.reset_s ? fmt::format("{:.0f} s", *one.reset_s) : "-");
  }
  out.text += fmt::format("  {} lines, {} false alarms\n", lines.size(), false_alarms);
  return out;
}

}  // namespace ringside::simulate
