#include "daemon/alerts/incidents.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "daemon/alerts/explains_burn.h"
#include "daemon/alerts/normals.h"
#include "report/model/format.h"
#include "report/model/names.h"
#include "shm/clock.h"

namespace ringside {
namespace {

// The order of causes. A performance_regression and an slo_burn have no symptoms.
int rank_of(const AlertTransition& t) {
  switch (t.alert) {
    case AlertType::server_down: return traffic_gone(t) ? 7 : 0;
    case AlertType::system_overload: return 1;
    case AlertType::database_issue: return 2;
    case AlertType::security_threat: return 3;
    case AlertType::high_connections: return 4;
    case AlertType::high_memory: return 5;
    case AlertType::telemetry_loss: return 6;
    case AlertType::high_error_rate: return 8;
    case AlertType::high_latency: return 9;
    case AlertType::performance_regression: return 10;
    case AlertType::slo_burn: return 11;
  }
  return 12;
}

bool of_calls(AlertType alert) {
  return alert == AlertType::high_error_rate || alert == AlertType::high_latency ||
         alert == AlertType::performance_regression;
}

bool same_server(const AlertTransition& a, const AlertTransition& b) {
  return a.ring.empty() || b.ring.empty() || a.ring == b.ring;
}

bool suspects(const AlertTransition& symptom, std::string_view stage, std::string_view code) {
  return symptom.suspect.empty() || symptom.suspect == stage ||
         (!code.empty() && symptom.suspect.starts_with(code));
}

// The errors of a server that can't use its database, and the stages in which calls wait for it.
bool waits_for_database(const AlertTransition& symptom) {
  if (suspects(symptom, names::kDatabase, "DATABASE_") || symptom.suspect == names::kQueue)
    return true;
  constexpr std::string_view kErrors[] = {"BREAKER_OPEN", "QUERY_TIMEOUT", "OVERLOADED"};
  return std::find(std::begin(kErrors), std::end(kErrors), symptom.suspect) != std::end(kErrors);
}

// Two operations in trouble of one kind: the same stage, the same error, or one operation.
bool alike(const AlertTransition& a, const AlertTransition& b) {
  if (!of_calls(a.alert)) return a.alert == b.alert && of_process(a.figure) == of_process(b.figure);
  if (a.operation == b.operation) return true;
  return !a.suspect.empty() && a.suspect == b.suspect;
}

std::string figure_key(const AlertTransition& t) {
  return fmt::format("{}|{}|{}|{}", name_of(t.alert), t.figure, t.ring, t.operation);
}

bool active(AlertState state) {
  return state == AlertState::firing || state == AlertState::recovering;
}

std::uint64_t failed_calls_of(const Snapshot& snapshot, const std::string& ring) {
  std::uint64_t failed = 0;
  for (const SeriesView& series : snapshot.operations) {
    if (ring.empty() || series.ring == ring) failed += series.window(Window::since_start).errors;
  }
  return failed;
}

}  // namespace

bool traffic_gone(const AlertTransition& t) {
  return t.alert == AlertType::server_down && t.figure == kTrafficFigure;
}

bool of_process(std::string_view figure) {
  return figure.starts_with("open_files") || figure.starts_with("threads");
}

bool explains(const AlertTransition& cause, const AlertTransition& symptom) {
  if (!same_server(cause, symptom)) return false;
  if (symptom.alert == AlertType::slo_burn) return explains_burn(cause, symptom);
  const int rank = rank_of(cause);
  if (rank == rank_of(symptom)) return alike(cause, symptom);
  if (rank > rank_of(symptom)) return false;
  const bool calls = of_calls(symptom.alert);
  switch (cause.alert) {
    case AlertType::server_down:
      return traffic_gone(cause) ? calls : symptom.alert != AlertType::security_threat;
    case AlertType::system_overload:
      if (of_process(cause.figure)) return calls || symptom.alert == AlertType::high_connections;
      return symptom.alert != AlertType::security_threat && symptom.alert != AlertType::high_memory;
    case AlertType::database_issue:
      return symptom.alert == AlertType::high_connections || traffic_gone(symptom) ||
             (calls && waits_for_database(symptom));
    case AlertType::security_threat:
      return symptom.alert == AlertType::high_connections || traffic_gone(symptom) ||
             (calls && suspects(symptom, names::kSecurity, "RATE_LIMIT"));
    case AlertType::high_connections: return calls && suspects(symptom, names::kQueue, "");
    case AlertType::high_error_rate:
    case AlertType::high_latency: return alike(cause, symptom);
    case AlertType::high_memory:
    case AlertType::telemetry_loss:
    case AlertType::performance_regression:
    case AlertType::slo_burn: break;
  }
  return false;
}

std::vector<AlertTransition> Incidents::follow(std::vector<AlertTransition>& transitions,
                                               const Snapshot& snapshot, const AlertConfig& config,
                                               const Handling& handling, std::int64_t observed_ns,
                                               std::int64_t wall_ns) {
  observed_ns_ = observed_ns;
  wall_ns_ = wall_ns;
  config_ = &config;
  handling_ = &handling;
  absorb(transitions);
  count_cost(snapshot);

  std::vector<AlertTransition> lines;
  for (Incident& incident : open_) tell(incident, lines);
  std::erase_if(open_, [&](const Incident& incident) {
    if (!ends(incident)) return false;
    IncidentView ended = view(incident, handling);
    ended.ended_wall_ns = incident.calm_wall_ns;
    over_.push_back({std::move(ended), wall_ns_});
    return true;
  });
  std::erase_if(over_, [&](const Over& incident) {
    return subtract_ns(wall_ns_, incident.told_wall_ns) > config.visible_ns;
  });
  return lines;
}

void Incidents::absorb(std::vector<AlertTransition>& transitions) {
  // Causes first, so that what begins in one tick begins with its cause.
  std::vector<AlertTransition*> in_order;
  for (AlertTransition& transition : transitions) in_order.push_back(&transition);
  std::stable_sort(in_order.begin(), in_order.end(),
                   [](const auto* a, const auto* b) { return rank_of(*a) < rank_of(*b); });
  for (AlertTransition* transition : in_order) absorb_one(*transition);
}

// Twice as long for each time that it came back.
std::int64_t Incidents::quiet_needed_ns(const Incident& incident) const {
  return config_->quiet_ns << std::min(incident.flaps, config_->most_doublings);
}

bool Incidents::ends(const Incident& incident) const {
  return incident.quiet_since_ns &&
         (!incident.cleared_by.empty() ||
          observed_ns_ - *incident.quiet_since_ns >= quiet_needed_ns(incident));
}

void Incidents::absorb_one(AlertTransition& transition) {
  const std::string key = figure_key(transition);
  if (transition.state == AlertState::firing) {
    Incident& incident = place_of(transition);
    transition.incident = incident.id;
    incident.members[key] = {transition, true};
    if (!transition.operation.empty()) incident.operations.insert(transition.operation);
    if (incident.quiet_since_ns) ++incident.flaps;
    incident.quiet_since_ns.reset();
    return;
  }
  for (Incident& incident : open_) {
    const auto member = incident.members.find(key);
    if (member == incident.members.end() || member->second.last.id != transition.id) continue;
    transition.incident = incident.id;
    member->second = {transition, active(transition.state)};
  }
}

// Where an episode that fires belongs. Its own figure's incident comes first, then one whose cause
// explains it, then those that it explains.
Incidents::Incident& Incidents::place_of(const AlertTransition& firing) {
  const std::string key = figure_key(firing);
  for (Incident& incident : open_) {
    if (incident.cleared_by.empty() && incident.members.contains(key)) return incident;
  }
  for (Incident& incident : open_) {
    if (incident.cleared_by.empty() && explains(incident.members.at(incident.cause).last, firing))
      return incident;
  }
  Incident* into = nullptr;
  for (Incident& incident : open_) {
    if (!incident.cleared_by.empty() || !explains(firing, incident.members.at(incident.cause).last))
      continue;
    if (into == nullptr) {
      into = &incident;
      into->members[key] = {firing, true};
      into->cause = key;
      into->cause_is_new = true;
    } else {
      take_over(*into, incident);
    }
  }
  if (into == nullptr) return begin(firing);
  const std::string id = into->id;
  std::erase_if(open_, [](const Incident& incident) { return incident.members.empty(); });
  return *std::find_if(open_.begin(), open_.end(),
                       [&](const Incident& incident) { return incident.id == id; });
}

Incidents::Incident& Incidents::begin(const AlertTransition& firing) {
  Incident& incident = open_.emplace_back();
  incident.id = firing.id;
  incident.cause = figure_key(firing);
  incident.members[incident.cause] = {firing, true};
  incident.began_wall_ns = firing.wall_ns;
  incident.began_ns = observed_ns_;
  return incident;
}

// `other` is left without members, to be erased.
void Incidents::take_over(Incident& incident, Incident& other) {
  incident.members.merge(other.members);
  other.members.clear();
  incident.operations.merge(other.operations);
  incident.users.merge(other.users);
  incident.began_ns = std::min(incident.began_ns, other.began_ns);
  incident.began_wall_ns = std::min(incident.began_wall_ns, other.began_wall_ns);
  incident.failed = std::max(incident.failed, other.failed);
  incident.told = std::max(incident.told, other.told);
  incident.peak = std::max(incident.peak, other.peak);
  incident.rises = std::max(incident.rises, other.rises);
  incident.told_ns = std::max(incident.told_ns, other.told_ns);
  incident.heard = incident.heard || other.heard;
}

// Failed calls are counted for all of a server. Users are those among the last calls that failed,
// or were slower than their threshold, since the incident began.
void Incidents::count_cost(const Snapshot& snapshot) {
  std::map<std::string, std::uint64_t> errors_now;
  for (const RingView& ring : snapshot.rings)
    errors_now[ring.name] = failed_calls_of(snapshot, ring.name);
  for (Incident& incident : open_) {
    if (incident.quiet_since_ns) continue;
    const std::string& ring = incident.members.at(incident.cause).last.ring;
    for (const auto& [name, now] : errors_now) {
      const auto before = errors_before_.find(name);
      if ((ring.empty() || ring == name) && before != errors_before_.end() && now > before->second)
        incident.failed += now - before->second;
    }
    for (const SeriesView& series : snapshot.operations) {
      if (!ring.empty() && series.ring != ring) continue;
      const std::int64_t slow_ns = snapshot.thresholds.response_of(series.name, series.declared);
      for (const RecordView& record : series.last) {
        if (record.start_wall_ns + record.duration_ns < incident.began_wall_ns) break;
        const bool failed =
            record.outcome == RecordOutcome::error || record.outcome == RecordOutcome::timeout;
        const bool slow = slow_ns > 0 && record.duration_ns > slow_ns;
        if ((failed || slow) && record.actor.kind == PartyKind::user &&
            incident.users.size() < kMostUsers)
          incident.users.insert(record.actor.id);
      }
    }
  }
  errors_before_ = std::move(errors_now);
}

std::optional<AlertTransition> Incidents::about(const std::string& id) const {
  for (const Incident& incident : open_) {
    if (incident.id == id && incident.cleared_by.empty())
      return line(incident, AlertState::begun, "");
  }
  return std::nullopt;
}

bool Incidents::is_over(const std::string& id) const {
  return std::any_of(over_.begin(), over_.end(),
                     [&](const Over& over) { return over.view.id == id; }) ||
         std::any_of(open_.begin(), open_.end(), [&](const Incident& incident) {
           return incident.id == id && !incident.cleared_by.empty();
         });
}

std::vector<std::string> Incidents::active_episodes(const std::string& id) const {
  std::vector<std::string> out;
  for (const Incident& incident : open_) {
    if (incident.id != id) continue;
    for (const auto& [key, member] : incident.members) {
      if (member.active) out.push_back(member.last.id);
    }
  }
  return out;
}

void Incidents::clear(const std::string& id, std::string by) {
  for (Incident& incident : open_) {
    if (incident.id == id) incident.cleared_by = std::move(by);
  }
}

bool Incidents::inhibited(const AlertTransition& episode) const {
  const std::string key = figure_key(episode);
  for (const Incident& incident : open_) {
    const auto member = incident.members.find(key);
    if (member == incident.members.end() || member->second.last.id != episode.id) continue;
    const Member& cause = incident.members.at(incident.cause);
    return key != incident.cause && cause.active && cause.last.state == AlertState::firing &&
           explains(cause.last, episode);
  }
  return false;
}

}  // namespace ringside
