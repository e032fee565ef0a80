#include "tools/simulate/score.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ringside::simulate {
namespace {

struct Alarm {
  std::optional<Ns> raised;
  std::optional<Ns> resolved;  // and not raised again since
  AlertLevel level{};
  AlertType alert{};  // of the latest line at the highest level
  std::string operation;
  std::vector<Ns> lines;
};

std::map<std::string, Alarm> alarms_of(const std::vector<Line>& lines) {
  std::map<std::string, Alarm> alarms;
  for (const Line& line : lines) {
    Alarm& alarm = alarms[line.group];
    const Ns at = line.at - kWorldBegin;
    alarm.lines.push_back(at);
    if (line.what == Line::What::resolved) alarm.resolved = at;
    if (line.what != Line::What::raised) continue;
    if (!alarm.raised) alarm.raised = at;
    alarm.resolved.reset();
    if (line.level < alarm.level) continue;
    alarm.level = line.level;
    alarm.alert = line.alert;
    alarm.operation = line.operation;
  }
  return alarms;
}

bool names_it(const Incident& incident, const Alarm& alarm) {
  return std::find(incident.causes.begin(), incident.causes.end(),
                   std::string(ringside::name_of(alarm.alert))) != incident.causes.end() &&
         (incident.op == Op::none || alarm.operation == name_of(incident.op));
}

bool within(const Incident& incident, Ns at) {
  return at >= incident.from && at <= incident.until + incident.aftermath + kLate;
}

// Of several incidents at once: the one that the alarm names, else the one that began last.
std::optional<std::size_t> incident_of(const Scenario& scenario, const Alarm& alarm) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < scenario.incidents.size(); ++i) {
    const Incident& incident = scenario.incidents[i];
    if (!within(incident, *alarm.raised)) continue;
    if (!best) {
      best = i;
      continue;
    }
    const bool named = names_it(incident, alarm);
    const bool best_named = names_it(scenario.incidents[*best], alarm);
    const bool later = incident.from > scenario.incidents[*best].from;
    if (named != best_named ? named : later) best = i;
  }
  return best;
}

IncidentScore score_of(const Scenario& scenario, const Incident& incident,
                       const std::vector<const Alarm*>& alarms, Ns tick) {
  IncidentScore score;
  score.kind = incident.kind.empty() ? scenario.kind : incident.kind;
  score.seed = scenario.seed;
  score.hard = incident.hard;
  const Alarm* loudest = nullptr;
  Ns first = std::numeric_limits<Ns>::max();
  Ns last = std::numeric_limits<Ns>::min();
  bool all_resolved = true;
  for (const Alarm* alarm : alarms) {
    first = std::min(first, *alarm->raised);
    score.lines += alarm->lines.size();
    all_resolved = all_resolved && alarm->resolved;
    if (alarm->resolved) last = std::max(last, *alarm->resolved);
    if (loudest == nullptr || alarm->level > loudest->level ||
        (alarm->level == loudest->level && *alarm->raised < *loudest->raised))
      loudest = alarm;
  }
  if (loudest == nullptr) return score;
  score.found = true;
  score.detect_s = seconds_of(first - incident.from);
  score.after_tick_s = seconds_of(first - (incident.from + tick - 1) / tick * tick);
  if (all_resolved) score.reset_s = seconds_of(last - incident.until);
  score.level = loudest->level;
  score.level_right = loudest->level >= incident.least;
  score.named = loudest->alert;
  score.named_operation = loudest->operation;
  score.cause_right = names_it(incident, *loudest);
  return score;
}

double part(double of, double all) { return all > 0 ? of / all : 0; }

template <typename Predicate>
double share_of_found(const Score& score, const Predicate& predicate) {
  double found = 0;
  double right = 0;
  for (const IncidentScore& incident : score.incidents) {
    if (!incident.found) continue;
    ++found;
    if (predicate(incident)) ++right;
  }
  return part(right, found);
}

}  // namespace

void add_score(Score& score, const Scenario& scenario, const std::vector<Line>& lines, Ns tick) {
  const std::map<std::string, Alarm> alarms = alarms_of(lines);
  std::vector<std::vector<const Alarm*>> by_incident(scenario.incidents.size());
  // Lines of alarms that never were raised: they are read all the same.
  std::vector<Ns> loose;
  for (const auto& [group, alarm] : alarms) {
    if (!alarm.raised) {
      loose.insert(loose.end(), alarm.lines.begin(), alarm.lines.end());
      continue;
    }
    if (scenario.calm()) {
      ++score.calm_alarms;
    } else {
      ++score.alarms;
    }
    if (const auto incident = incident_of(scenario, alarm)) {
      by_incident[*incident].push_back(&alarm);
      continue;
    }
    if (!scenario.calm()) ++score.false_alarms;
    ++score.false_by_name[scenario.kind + ": " + ringside::name_of(alarm.alert) +
                          (alarm.operation.empty() ? "" : " " + alarm.operation)];
  }
  for (std::size_t i = 0; i < scenario.incidents.size(); ++i) {
    const Incident& incident = scenario.incidents[i];
    IncidentScore one = score_of(scenario, incident, by_incident[i], tick);
    one.lines += static_cast<std::uint64_t>(
        std::count_if(loose.begin(), loose.end(), [&](Ns at) { return within(incident, at); }));
    score.incidents.push_back(std::move(one));
  }
  if (scenario.calm()) {
    score.calm_days += seconds_of(scenario.length) / seconds_of(kDayNs);
    score.calm_lines += lines.size();
  }
}

void merge(Score& to, const Score& from) {
  to.incidents.insert(to.incidents.end(), from.incidents.begin(), from.incidents.end());
  to.alarms += from.alarms;
  to.false_alarms += from.false_alarms;
  to.calm_alarms += from.calm_alarms;
  to.calm_lines += from.calm_lines;
  to.calm_days += from.calm_days;
  for (const auto& [name, count] : from.false_by_name) to.false_by_name[name] += count;
}

double Score::recall() const {
  const auto found = std::count_if(incidents.begin(), incidents.end(),
                                   [](const IncidentScore& i) { return i.found; });
  return part(static_cast<double>(found), static_cast<double>(incidents.size()));
}

double Score::precision() const {
  return part(static_cast<double>(alarms - false_alarms), static_cast<double>(alarms));
}

double Score::cause_right() const {
  return share_of_found(*this, [](const IncidentScore& i) { return i.cause_right; });
}

double Score::level_right() const {
  return share_of_found(*this, [](const IncidentScore& i) { return i.level_right; });
}

double Score::false_per_calm_day() const {
  return part(static_cast<double>(calm_alarms), calm_days);
}

double quantile(std::vector<double> values, double q) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(values.size())));
  return values[std::max<std::size_t>(rank, 1) - 1];
}

}  // namespace ringside::simulate
