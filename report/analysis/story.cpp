#include "report/analysis/story.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <tuple>

#include "report/analysis/analysis.h"
#include "report/analysis/labels.h"
#include "report/model/format.h"

namespace ringside {

std::string clock_time(const Snapshot& snapshot, std::int64_t wall_ns) {
  const std::string instant = format_wall(wall_ns);
  if (instant.size() < 19) return instant;
  const std::string day = instant.substr(0, 10);
  const std::string time = instant.substr(11, 8);
  return day == format_wall(snapshot.wall_ns).substr(0, 10) ? time : day + " " + time;
}

namespace detail {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

bool of_incident(const AlertTransition& t, const IncidentView& incident) {
  return t.incident == incident.id && is_of_episode(t.state);
}

bool on_ring(const IncidentView& incident, const std::string& ring) {
  return incident.ring.empty() || ring == incident.ring;
}

// Calls f for each record kept that failed on the incident's server and ended in its time.
template <class Function>
void for_each_failure(const Snapshot& snapshot, const IncidentView& incident, Function f) {
  const std::int64_t until =
      incident.over() ? incident.ended_wall_ns : std::numeric_limits<std::int64_t>::max();
  const auto look = [&](const RecordView& record) {
    if (!is_failure(record.outcome) || !on_ring(incident, record.ring) || record.duration_ns < 0)
      return;
    const std::int64_t end = record.start_wall_ns + record.duration_ns;
    if (end >= incident.began_wall_ns - kLeadNs && record.start_wall_ns <= until) f(record);
  };
  for (const SeriesView& series : snapshot.operations)
    std::for_each(series.last.begin(), series.last.end(), look);
  std::for_each(snapshot.slowest.begin(), snapshot.slowest.end(), look);
  std::for_each(snapshot.slowest_since_start.begin(), snapshot.slowest_since_start.end(), look);
}

// The instant of the incident's last failure that is known; 0: none is. Errors that go on after the
// incident say nothing of its end.
std::int64_t last_failure(const Snapshot& snapshot, const IncidentView& incident) {
  std::int64_t last = 0;
  for (const ErrorStats& error : snapshot.errors) {
    if (!is_failure(error.outcome) || !on_ring(incident, error.ring)) continue;
    if (error.last_wall_ns > incident.ended_wall_ns) return 0;
    if (error.last_wall_ns >= incident.began_wall_ns) last = std::max(last, error.last_wall_ns);
  }
  return last;
}

bool is_of_calls(AlertType alert) {
  return alert == AlertType::database_issue || alert == AlertType::high_error_rate;
}

// Whether calls waited in vain for the database's lock: the alert says so, or their error.
bool was_locked(const Snapshot& snapshot, const IncidentView& incident) {
  if (incident.cause.figure == "lock_waits") return true;
  for (const std::string& symptom : incident.symptoms) {
    if (symptom.starts_with("database_issue lock_waits")) return true;
  }
  return std::any_of(snapshot.errors.begin(), snapshot.errors.end(), [&](const ErrorStats& error) {
    return is_locked_database(error.name) && on_ring(incident, error.ring) &&
           error.last_wall_ns >= incident.began_wall_ns - kLeadNs &&
           (!incident.over() || error.last_wall_ns <= incident.ended_wall_ns);
  });
}

void find_span(const Snapshot& snapshot, const AlertTransition& subject, bool locked,
               Story& story) {
  const IncidentView& incident = story.incident;
  story.from_wall_ns = incident.began_wall_ns;
  story.until_wall_ns = incident.ended_wall_ns;
  if (!is_of_calls(subject.alert)) return;
  for_each_failure(snapshot, incident, [&](const RecordView& record) {
    if (!locked || is_locked_database(record.error_name))
      story.from_wall_ns = std::min(story.from_wall_ns, record.start_wall_ns);
  });
  // A history knows the minute of the last failure, and the incident's end to the second.
  if (!incident.over() || snapshot.is_past()) return;
  if (const std::int64_t last = last_failure(snapshot, incident); last > story.from_wall_ns)
    story.until_wall_ns = last;
}

std::string sentence_of(const Snapshot& snapshot, const AlertTransition& subject, bool locked,
                        const Story& story) {
  const bool lasts = !story.incident.over();
  std::string text = clause_of(subject, locked, lasts);
  if (has_several_rings(snapshot) && !story.incident.ring.empty())
    text += " (" + escape_visible(story.incident.ring) + ")";
  const std::string from = clock_time(snapshot, story.from_wall_ns);
  const std::string until = lasts ? "" : clock_time(snapshot, story.until_wall_ns);
  // What takes no second has an instant.
  if (lasts)
    text += " since " + from;
  else if (from == until)
    text += " at " + from;
  else
    text += " from " + from + " to " + until;
  if (story.incident.flaps > 0)
    text += fmt::format(", and came back {}", count_of(story.incident.flaps, "time", "times"));
  return text + ".";
}

std::string cost_of(const IncidentView& incident) {
  if (incident.failed_calls == 0 && incident.users == 0)
    return "No call failed on account of it that is known of.";
  std::string text;
  if (incident.failed_calls > 0) {
    text = count_of(incident.failed_calls, "call", "calls") + " failed";
    if (!incident.over()) text += " so far";
  }
  if (!incident.operations.empty()) {
    text +=
        fmt::format("{}{} of {}", text.empty() ? "" : ", ", text.empty() ? "Alerts" : "with alerts",
                    count_of(incident.operations.size(), "operation", "operations"));
  }
  if (incident.users > 0) {
    text +=
        fmt::format("{}{} least {} touched", text.empty() ? "" : "; ", text.empty() ? "At" : "at",
                    count_of(incident.users, "user was", "users were"));
  }
  return text + ".";
}

Story story_of(const Snapshot& snapshot, const IncidentView& incident) {
  Story story;
  story.incident = incident;
  const AlertTransition subject = subject_of(snapshot, incident);
  const bool locked = subject.alert == AlertType::database_issue && was_locked(snapshot, incident);
  find_span(snapshot, subject, locked, story);
  story.what = sentence_of(snapshot, subject, locked, story);
  story.whom = cost_of(incident);
  story.next = next_step(subject, locked, !incident.over(), snapshot.is_past());
  story.evidence = evidence_of(snapshot, incident);
  return story;
}

// What lasts comes first, then what was critical, then what cost the clients most.
bool graver(const Story& a, const Story& b) {
  const auto weight = [](const Story& story) {
    const IncidentView& one = story.incident;
    return std::tuple(!one.over(), one.peak >= AlertLevel::critical, one.failed_calls, one.peak,
                      one.began_wall_ns);
  };
  return weight(a) > weight(b);
}

std::string other_incidents(std::size_t others) {
  return others == 0 ? ""
                     : fmt::format(" {} below.",
                                   count_of(others, "more incident is", "more incidents are"));
}

// Without an incident the gravest reason says what is the matter.
Headline headline_without(const Snapshot& snapshot, const Analysis& analysis) {
  Headline headline;
  headline.what = analysis.reasons.front().text;
  const WindowStats& minute = snapshot.all.window(Window::minute);
  if (minute.errors > 0 && minute.count() >= kMinClaim) {
    headline.whom = fmt::format("{} of {} in the last minute.",
                                count_of(minute.errors, "call", "calls") + " failed",
                                format_count(minute.count()));
  }
  if (!analysis.suggestions.empty()) {
    headline.next = fmt::format("{}{}",
                                analysis.verdict == Verdict::healthy
                                    ? "Nothing is urgent. What would help most: "
                                    : "What would help most: ",
                                analysis.suggestions.front().what);
    if (!headline.next.ends_with('.')) headline.next += '.';
  } else {
    headline.next = analysis.verdict == Verdict::healthy ? "Nothing needs to be done."
                                                         : "What is known of it follows.";
  }
  return headline;
}

}  // namespace

AlertTransition subject_of(const Snapshot& snapshot, const IncidentView& incident) {
  const AlertTransition* first = nullptr;  // the first of those that no overload explains
  std::int64_t cause_fired = 0;
  for (const AlertTransition& t : snapshot.transitions) {
    if (!of_incident(t, incident) || t.state != AlertState::firing) continue;
    const AlertTransition& cause = incident.cause;
    if (cause_fired == 0 && t.alert == cause.alert && t.figure == cause.figure &&
        t.operation == cause.operation && t.ring == cause.ring)
      cause_fired = t.wall_ns;
    const bool grave = t.alert == AlertType::database_issue || t.alert == AlertType::server_down ||
                       t.alert == AlertType::telemetry_loss;
    if (grave && (first == nullptr || t.wall_ns < first->wall_ns)) first = &t;
  }
  if (first == nullptr || incident.cause.alert != AlertType::system_overload) return incident.cause;
  return cause_fired > first->wall_ns ? *first : incident.cause;
}

void find_stories(const Snapshot& snapshot, const HistorySpan* history, Analysis& analysis) {
  for (const IncidentView& incident : snapshot.incidents)
    analysis.stories.push_back(story_of(snapshot, incident));
  if (history != nullptr) {
    for (const IncidentView& incident : history->incidents) {
      const bool known =
          std::any_of(snapshot.incidents.begin(), snapshot.incidents.end(),
                      [&](const IncidentView& one) { return one.id == incident.id; });
      if (!known) analysis.stories.push_back(story_of(snapshot, incident));
    }
  }
  std::stable_sort(analysis.stories.begin(), analysis.stories.end(), graver);
  if (analysis.stories.empty()) {
    analysis.headline = headline_without(snapshot, analysis);
    return;
  }
  const Story& gravest = analysis.stories.front();
  analysis.headline = {gravest.what + other_incidents(analysis.stories.size() - 1), gravest.whom,
                       gravest.next};
}

}  // namespace detail
}  // namespace ringside
