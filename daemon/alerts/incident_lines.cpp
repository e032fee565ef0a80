// What is said of an incident: its lines, and how it is shown.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "daemon/alerts/incidents.h"
#include "daemon/alerts/normals.h"
#include "report/model/format.h"

namespace ringside {
namespace {

constexpr std::uint64_t kMostRises = 2;

std::string counted(std::uint64_t count, const char* one, const char* many) {
  return format_count(count) + ' ' + (count == 1 ? one : many);
}

std::string where_to_look(const AlertTransition& cause) {
  switch (cause.alert) {
    case AlertType::server_down:
      return traffic_gone(cause) ? "what lies between clients and the server: network, names, proxy"
                                 : "the server's own log, and what it did last (ringside tail)";
    case AlertType::system_overload:
      if (of_process(cause.figure))
        return "what the server does not give back (/proc/PID/fd, task)";
      return cause.figure == kTrafficFigure ? "who sends so much: the report's most active users"
                                            : "what else runs on the host";
    case AlertType::database_issue: return "what holds the database's lock";
    case AlertType::security_threat: return "the addresses in the report's section on security";
    case AlertType::high_connections: return "who connects, and who does not leave";
    case AlertType::high_memory: return "what grows; restart before memory is gone";
    case AlertType::telemetry_loss: return "the daemon's CPU time, and the ring's size";
    case AlertType::slo_burn:
      return cause.suspect.empty() ? "what fails or is slow, by operation, in the report"
                                   : "the last calls of " + escape_visible(cause.suspect);
    case AlertType::performance_regression:
      if (cause.suspect.empty()) return "what was deployed or has grown since the baseline";
      break;
    case AlertType::high_error_rate:
    case AlertType::high_latency: break;
  }
  if (cause.suspect.empty()) return "the operation's last calls in the report";
  return cause.alert != AlertType::high_error_rate ? "stage " + escape_visible(cause.suspect)
                                                   : "error " + escape_visible(cause.suspect);
}

}  // namespace

// The highest level of its active episodes. Nothing: none is active that keeps it open. A budget's
// windows remember a trouble for hours, so a burn keeps no incident open whose cause is another.
std::optional<AlertLevel> Incidents::level_of(const Incident& incident) const {
  bool kept_open = false;
  std::optional<AlertLevel> level;
  for (const auto& [key, member] : incident.members) {
    if (!member.active) continue;
    kept_open = kept_open || keeps_open(incident, member);
    if (!level || member.last.level > *level) level = member.last.level;
  }
  return kept_open ? level : std::nullopt;
}

bool Incidents::keeps_open(const Incident& incident, const Member& member) {
  const bool burns = incident.members.at(incident.cause).last.alert == AlertType::slo_burn;
  return member.active && (burns || member.last.alert != AlertType::slo_burn);
}

void Incidents::note_calm(Incident& incident) const {
  const bool fires =
      std::any_of(incident.members.begin(), incident.members.end(), [&](const auto& one) {
        const Member& member = one.second;
        return keeps_open(incident, member) && member.last.state == AlertState::firing;
      });
  if (fires) {
    incident.calm_since_ns.reset();
  } else if (!incident.calm_since_ns) {
    incident.calm_since_ns = observed_ns_;
    incident.calm_wall_ns = wall_ns_;
  }
}

void Incidents::tell(Incident& incident, std::vector<AlertTransition>& lines) {
  note_calm(incident);
  const std::optional<AlertLevel> level = level_of(incident);
  if (!level) return tell_end(incident, lines);
  incident.peak = std::max(incident.peak, *level);
  if (incident.fresh) {
    incident.fresh = false;
    incident.told = *level;
    say(incident, line(incident, AlertState::begun, story(incident)), lines);
  } else if ((*level > incident.told || incident.cause_is_new) && incident.rises < kMostRises) {
    ++incident.rises;
    const bool higher = *level > incident.told;
    std::string text = higher ? fmt::format("risen from {}", name_of(incident.told))
                              : std::string("the cause is known now");
    incident.told = std::max(incident.told, *level);
    say(incident, line(incident, AlertState::risen, text + ": " + story(incident)), lines);
  } else if (repeat_due(incident, *level)) {
    AlertTransition again =
        line(incident, AlertState::repeated,
             fmt::format("goes on for {}: ",
                         format_span(static_cast<double>(observed_ns_ - incident.began_ns))) +
                 story(incident));
    again.level = *level;
    say(incident, std::move(again), lines);
  }
  incident.cause_is_new = false;
}

bool Incidents::repeat_due(const Incident& incident, AlertLevel level) const {
  const std::int64_t repeat_ns = config_->repeat_ns[static_cast<std::size_t>(level)];
  if (repeat_ns == 0 || observed_ns_ - incident.told_ns < repeat_ns) return false;
  const AlertTransition& cause = incident.members.at(incident.cause).last;
  return handling_->acknowledged(cause, level) == nullptr && !handling_->silenced(cause, level);
}

// Adds the line, and notes whether anybody was called. The end of what was told is always told.
void Incidents::say(Incident& incident, AlertTransition line,
                    std::vector<AlertTransition>& lines) const {
  line.silenced =
      handling_->silenced(line, line.level) && !(line.state == AlertState::ended && incident.heard);
  if (!line.silenced) incident.heard = true;
  incident.told_ns = observed_ns_;
  lines.push_back(std::move(line));
}

void Incidents::tell_end(Incident& incident, std::vector<AlertTransition>& lines) {
  if (!incident.quiet_since_ns) incident.quiet_since_ns = observed_ns_;
  if (!ends(incident)) return;
  std::string text =
      fmt::format("over after {}, at its peak {}: {} failed",
                  format_span(static_cast<double>(*incident.calm_since_ns - incident.began_ns)),
                  name_of(incident.peak), counted(incident.failed, "call", "calls"));
  if (!incident.users.empty())
    text += fmt::format(", at least {} touched",
                        counted(incident.users.size(), "user was", "users were"));
  if (incident.flaps > 0)
    text += fmt::format("; it came back {}", counted(incident.flaps, "time", "times"));
  if (!incident.cleared_by.empty()) text = "cleared by " + incident.cleared_by + "; " + text;
  say(incident, line(incident, AlertState::ended, std::move(text)), lines);
}

// The symptom whose level is higher than the cause's, and highest. Null: none is.
const AlertTransition* Incidents::worse_than(const AlertTransition& cause,
                                             const Incident& incident) {
  const AlertTransition* worst = nullptr;
  for (const auto& [key, member] : incident.members) {
    const AlertTransition& last = member.last;
    if (member.active && last.level > (worst != nullptr ? worst->level : cause.level))
      worst = &last;
  }
  return worst;
}

// The cause in its own words, what else fires, whom it touches, and what to look at first.
std::string Incidents::story(const Incident& incident) const {
  const AlertTransition& cause = incident.members.at(incident.cause).last;
  std::string text = cause.message;
  if (const AlertTransition* worst = worse_than(cause, incident)) {
    text += fmt::format("; at worst {}{}{} ({})", name_of(worst->alert),
                        worst->operation.empty() ? "" : " ", escape_visible(worst->operation),
                        name_of(worst->level));
  }
  if (incident.members.size() > 1)
    text += fmt::format("; it explains {}",
                        counted(incident.members.size() - 1, "other alert", "other alerts"));
  const std::size_t others = incident.operations.size();
  if (others > 0 && (others > 1 || cause.operation.empty())) {
    text += fmt::format("; {} touched:", counted(others, "operation is", "operations are"));
    std::size_t named = 0;
    for (const std::string& operation : incident.operations) {
      if (++named > 4) break;
      text += (named > 1 ? ", " : " ") + escape_visible(operation);
    }
    if (others > 4) text += ", ...";
  }
  if (incident.failed > 0)
    text += fmt::format("; {} failed so far", counted(incident.failed, "call has", "calls have"));
  if (!incident.users.empty())
    text += fmt::format("; at least {} touched",
                        counted(incident.users.size(), "user is", "users are"));
  return text + "; look first at " + where_to_look(cause);
}

AlertTransition Incidents::line(const Incident& incident, AlertState state,
                                std::string text) const {
  AlertTransition line = incident.members.at(incident.cause).last;
  line.wall_ns = wall_ns_;
  line.state = state;
  line.level = state == AlertState::ended ? incident.peak : incident.told;
  line.incident = incident.id;
  line.message = std::move(text);
  return line;
}

IncidentView Incidents::view(const Incident& incident, const Handling& handling) const {
  IncidentView out;
  out.id = incident.id;
  out.cause = incident.members.at(incident.cause).last;
  out.ring = out.cause.ring;
  out.peak = incident.peak;
  out.level = incident.quiet_since_ns ? incident.peak : AlertLevel::info;
  out.began_wall_ns = incident.began_wall_ns;
  out.flaps = incident.flaps;
  for (const auto& [key, member] : incident.members) {
    const AlertTransition& last = member.last;
    if (member.active) out.level = std::max(out.level, last.level);
    if (key == incident.cause) continue;
    out.symptoms.push_back(fmt::format("{} {} {}", name_of(last.alert), last.figure,
                                       last.operation.empty() ? "-" : last.operation));
  }
  out.operations.assign(incident.operations.begin(), incident.operations.end());
  out.failed_calls = incident.failed;
  out.users = incident.users.size();
  const Handling::Mark* mark = handling.acknowledged(out.cause, out.level);
  out.acknowledged = mark != nullptr;
  if (mark != nullptr) out.acknowledged_by = Handling::said_by(mark->who, mark->why);
  out.silenced = handling.silenced(out.cause, out.level);
  return out;
}

void Incidents::show(Snapshot& snapshot, const Handling& handling) const {
  snapshot.incidents.clear();
  for (const Incident& incident : open_) snapshot.incidents.push_back(view(incident, handling));
  for (auto over = over_.rbegin(); over != over_.rend(); ++over)
    snapshot.incidents.push_back(over->view);
}

}  // namespace ringside
