// Incidents as stories, then what is active, then a short list of transitions.
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
    if (!section.snapshot.is_past()) section.page.sentence("No alert is active now.");
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

// "6b08e15c · peak emergency · lasted 22.0 s · cause system_overload · 18 symptoms"
std::string facts_of(const Section& section, const IncidentView& incident) {
  const std::int64_t until = incident.over() ? incident.ended_wall_ns : section.snapshot.wall_ns;
  const double ns = static_cast<double>(until) - static_cast<double>(incident.began_wall_ns);
  std::string text = fmt::format(
      "{} · peak {} · {} {} · cause {} {}", escape_visible(incident.id), name_of(incident.peak),
      incident.over() ? "lasted" : "has lasted", ns < 0 ? "unknown" : format_span(ns),
      name_of(incident.cause.alert), subject_of(section.snapshot, incident.cause));
  text += " · " + count_of(incident.symptoms.size(), "symptom", "symptoms");
  if (incident.silenced) text += " · silenced";
  if (incident.acknowledged)
    text += " · acknowledged" + (incident.acknowledged_by.empty()
                                     ? std::string()
                                     : " by " + escape_visible(incident.acknowledged_by));
  return text;
}

void write_evidence(const Section& section, const Story& story) {
  std::vector<Moment> moments;
  for (const Evidence& evidence : story.evidence) {
    if (moments.size() == section.limits.evidence) break;
    moments.push_back({clock_time(section.snapshot, evidence.wall_ns), {}, evidence.text});
  }
  if (!moments.empty()) section.page.timeline(moments);
  if (story.evidence.size() > moments.size()) {
    section.page.sentence(
        fmt::format("… and {} more, in the JSON report.", story.evidence.size() - moments.size()));
  }
}

void write_stories(const Section& section) {
  const auto& stories = section.analysis.stories;
  const std::size_t shown = std::min(stories.size(), section.limits.stories);
  for (std::size_t i = 0; i < shown; ++i) {
    const Story& story = stories[i];
    section.page.numbered(i + 1, story.what,
                          {{"touched", story.whom},
                           {"next", story.next},
                           {"incident", facts_of(section, story.incident)}});
    write_evidence(section, story);
  }
  if (stories.size() == shown) return;
  section.page.subheading("More incidents");
  const std::size_t end = std::min(stories.size(), shown + section.limits.more);
  for (std::size_t i = shown; i < end; ++i) {
    section.page.bullet(fmt::format("{} {} ({})", stories[i].what, stories[i].whom,
                                    escape_visible(stories[i].incident.id)));
  }
  if (end < stories.size()) {
    section.page.sentence(
        fmt::format("… and {} more, in the JSON report.", format_count(stories.size() - end)));
  }
}

void write_transitions(const Section& section) {
  const Snapshot& snapshot = section.snapshot;
  const std::size_t count = snapshot.transitions.size();
  if (count == 0) return;
  const std::size_t shown = std::min(count, section.limits.transitions);
  const std::uint64_t all = count + snapshot.transitions_forgotten;
  section.page.subheading(shown == all ? "Transitions of alerts"
                                       : fmt::format("The latest {} of {} transitions of alerts",
                                                     format_count(shown), format_count(all)));
  std::vector<Moment> moments;
  for (std::size_t i = count - shown; i < count; ++i) {
    const AlertTransition& transition = snapshot.transitions[i];
    moments.push_back({clock_time(snapshot, transition.wall_ns),
                       {name_of(transition.level), name_of(transition.state),
                        name_of(transition.alert), subject_of(snapshot, transition)},
                       ""});
  }
  section.page.timeline(moments);
}

}  // namespace

void write_incidents(const Section& section) {
  section.page.heading("INCIDENTS AND ALERTS");
  const Snapshot& snapshot = section.snapshot;
  if (snapshot.alerts.empty() && snapshot.transitions.empty() && section.analysis.stories.empty()) {
    section.page.sentence("No alert has been raised.");
    return;
  }
  write_stories(section);
  write_active(section);
  write_transitions(section);
}

}  // namespace ringside::detail
