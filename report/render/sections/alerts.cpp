#include <fmt/format.h>

#include <algorithm>

#include "report/render/sections/sections.h"

namespace ringside::detail {
namespace {

std::string subject_of(const Snapshot& snapshot, const AlertTransition& transition) {
  return label_of(snapshot, transition.operation.empty() ? "server" : transition.operation,
                  transition.ring);
}

// An episode that began in the future means that the clock was set.
std::string lasted(const Snapshot& snapshot, const AlertView& alert) {
  // As doubles, so that garbage does not overflow.
  const double ns =
      static_cast<double>(snapshot.wall_ns) - static_cast<double>(alert.since_wall_ns);
  return ns < 0 ? "unknown" : format_span(ns);
}

// "firing, acknowledged, flapping"
std::string state_of(const AlertView& alert) {
  std::string text = name_of(alert.last.state);
  const AlertFlags& flags = alert.flags;
  if (flags.acknowledged) text += ", acknowledged";
  if (flags.silenced) text += ", silenced";
  if (flags.inhibited) text += ", inhibited";
  if (flags.flapping) text += ", flapping";
  if (flags.stale) text += ", stale";
  return text;
}

void write_active(const Section& section) {
  if (section.snapshot.alerts.empty()) {
    section.page.sentence("None is active now.");
    return;
  }
  Table active({{"active", Align::left},
                {"level", Align::left},
                {"state", Align::left},
                {"about", Align::left},
                {"value"},
                {"threshold"},
                {"for", Align::span},
                {"episode", Align::left}});
  for (const AlertView& alert : section.snapshot.alerts) {
    const AlertTransition& last = alert.last;
    active.row({name_of(last.alert), name_of(last.level), state_of(alert),
                subject_of(section.snapshot, last), format_value(last.value, last.unit),
                is_fact(last.unit) ? "–" : format_value(last.threshold, last.unit),
                lasted(section.snapshot, alert), escape_visible(last.id)});
  }
  section.page.table(active);
}

void write_incidents(const Section& section) {
  if (section.snapshot.incidents.empty()) return;
  Table incidents({{"incident", Align::left},
                   {"peak", Align::left},
                   {"cause", Align::left},
                   {"about", Align::left},
                   {"lasted", Align::span},
                   {"symptoms"},
                   {"failed"},
                   {"users"}});
  for (const IncidentView& incident : section.snapshot.incidents) {
    const std::int64_t until_ns =
        incident.over() ? incident.ended_wall_ns : section.snapshot.wall_ns;
    const double ns = static_cast<double>(until_ns) - static_cast<double>(incident.began_wall_ns);
    std::string id = escape_visible(incident.id);
    if (incident.over()) id += ", over";
    if (incident.acknowledged) id += ", acknowledged";
    if (incident.silenced) id += ", silenced";
    incidents.row({std::move(id), name_of(incident.peak), name_of(incident.cause.alert),
                   subject_of(section.snapshot, incident.cause),
                   ns < 0 ? "unknown" : format_span(ns), format_count(incident.symptoms.size()),
                   format_count(incident.failed_calls), format_count(incident.users)});
  }
  section.page.table(incidents);
}

}  // namespace

void write_alerts(const Section& section) {
  section.page.heading("ALERT TIMELINE");
  const Snapshot& snapshot = section.snapshot;
  if (snapshot.alerts.empty() && snapshot.transitions.empty()) {
    section.page.sentence("No alert has been raised.");
    return;
  }
  write_incidents(section);
  write_active(section);
  const std::size_t count = snapshot.transitions.size();
  const std::size_t first = count - std::min(count, section.limits.transitions);
  if (first > 0 || snapshot.transitions_forgotten > 0) {
    section.page.sentence(
        fmt::format("{} not shown.", count_of(snapshot.transitions_forgotten + first,
                                              "earlier transition is", "earlier transitions are")));
  }
  std::string day;
  std::vector<Moment> moments;
  const auto finish_day = [&] {
    if (moments.empty()) return;
    section.page.subheading(day);
    section.page.timeline(moments);
    moments.clear();
  };
  for (std::size_t i = first; i < count; ++i) {
    const AlertTransition& transition = snapshot.transitions[i];
    const std::string its_day = format_wall(transition.wall_ns).substr(0, 10);
    if (its_day != day) finish_day();
    day = its_day;
    moments.push_back({format_time_of_day(transition.wall_ns),
                       {name_of(transition.level), name_of(transition.state),
                        name_of(transition.alert), subject_of(snapshot, transition)},
                       escape_visible(transition.message)});
  }
  finish_day();
}

}  // namespace ringside::detail
