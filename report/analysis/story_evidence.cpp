// What proves a story: the alerts that fired, grouped, the errors, and single calls.
#include <fmt/format.h>

#include <algorithm>

#include "report/analysis/labels.h"
#include "report/analysis/story.h"
#include "report/model/format.h"

namespace ringside::detail {
namespace {

// The episodes of one figure that fired in an incident.
struct Fired {
  const AlertTransition* first = nullptr;
  const AlertTransition* worst = nullptr;  // by value
  AlertLevel level = AlertLevel::info;
  std::vector<std::string> operations;
};

std::vector<Fired> fired_in(const Snapshot& snapshot, const IncidentView& incident) {
  std::vector<Fired> all;
  for (const AlertTransition& t : snapshot.transitions) {
    if (t.incident != incident.id || t.state != AlertState::firing) continue;
    auto at = std::find_if(all.begin(), all.end(), [&](const Fired& one) {
      return one.first->alert == t.alert && one.first->figure == t.figure &&
             one.first->operation.empty() == t.operation.empty();
    });
    if (at == all.end()) at = all.insert(all.end(), Fired{&t, &t, t.level, {}});
    if (t.value > at->worst->value) at->worst = &t;
    at->level = std::max(at->level, t.level);
    if (!t.operation.empty() && std::find(at->operations.begin(), at->operations.end(),
                                          t.operation) == at->operations.end())
      at->operations.push_back(t.operation);
  }
  return all;
}

Evidence line_of(const Snapshot& snapshot, const Fired& fired) {
  const AlertTransition& first = *fired.first;
  const std::string head = fmt::format("{} ({})", name_of(first.alert), name_of(fired.level));
  if (fired.operations.size() <= 1) {
    const std::string on =
        first.operation.empty() ? "" : " " + label_of(snapshot, first.operation, first.ring);
    return {first.wall_ns, fmt::format("{}{}: {}", head, on, escape_visible(first.message))};
  }
  return {first.wall_ns, fmt::format("{} on {}, {} first; at worst {} on {}, threshold {}", head,
                                     count_of(fired.operations.size(), "operation", "operations"),
                                     label_of(snapshot, first.operation, first.ring),
                                     format_value(fired.worst->value, fired.worst->unit),
                                     label_of(snapshot, fired.worst->operation, fired.worst->ring),
                                     format_value(fired.worst->threshold, fired.worst->unit))};
}

// The errors of its server whose last one came while it lasted.
void add_errors(const Snapshot& snapshot, const IncidentView& incident,
                std::vector<Evidence>& out) {
  constexpr std::size_t kMost = 3;
  struct Kind {
    std::string label;
    std::uint64_t count = 0;
    std::int64_t last = 0;
  };
  const Window window = snapshot.is_past() ? Window::since_start : Window::hour;
  std::vector<Kind> kinds;
  for (const ErrorStats& error : snapshot.errors) {
    if (!is_failure(error.outcome) || (!incident.ring.empty() && error.ring != incident.ring))
      continue;
    if (error.last_wall_ns < incident.began_wall_ns - kLeadNs) continue;
    const std::string label = error_label(error.code, error.name);
    auto at = std::find_if(kinds.begin(), kinds.end(),
                           [&](const Kind& kind) { return kind.label == label; });
    if (at == kinds.end()) at = kinds.insert(kinds.end(), Kind{label, 0, 0});
    at->count += error.count[static_cast<std::size_t>(window)];
    at->last = std::max(at->last, error.last_wall_ns);
  }
  std::erase_if(kinds, [&](const Kind& kind) {
    return incident.over() && kind.last > incident.ended_wall_ns;
  });
  std::stable_sort(kinds.begin(), kinds.end(),
                   [](const Kind& a, const Kind& b) { return a.count > b.count; });
  for (std::size_t i = 0; i < std::min(kinds.size(), kMost); ++i) {
    out.push_back({kinds[i].last, fmt::format("the last {}; {} of that kind in {}", kinds[i].label,
                                              count_of(kinds[i].count, "call", "calls"),
                                              snapshot.is_past() ? describe_window(snapshot, window)
                                                                 : "the hour")});
  }
}

// The first call kept that waited for the lock, which is the first sign of it.
void add_first_waiter(const Snapshot& snapshot, const IncidentView& incident,
                      std::vector<Evidence>& out) {
  const RecordView* first = nullptr;
  const auto look = [&](const RecordView& record) {
    const bool here = incident.ring.empty() || record.ring == incident.ring;
    if (!here || !is_locked_database(record.error_name) || record.duration_ns < 0) return;
    if (record.start_wall_ns + record.duration_ns < incident.began_wall_ns - kLeadNs) return;
    if (incident.over() && record.start_wall_ns > incident.ended_wall_ns) return;
    if (first == nullptr || record.start_wall_ns < first->start_wall_ns) first = &record;
  };
  for (const SeriesView& series : snapshot.operations)
    std::for_each(series.last.begin(), series.last.end(), look);
  std::for_each(snapshot.slowest.begin(), snapshot.slowest.end(), look);
  if (first == nullptr) return;
  out.push_back(
      {first->start_wall_ns,
       fmt::format("the first call kept that waited for the lock: {} of {}, {} after {}",
                   label_of(snapshot, first->operation, first->ring), format_party(first->actor),
                   error_label(first->error, first->error_name),
                   format_span(static_cast<double>(first->duration_ns)))});
}

}  // namespace

std::vector<Evidence> evidence_of(const Snapshot& snapshot, const IncidentView& incident) {
  std::vector<Evidence> evidence;
  for (const Fired& fired : fired_in(snapshot, incident))
    evidence.push_back(line_of(snapshot, fired));
  if (evidence.empty() && incident.cause.wall_ns != 0) {
    const AlertTransition& cause = incident.cause;
    evidence.push_back(
        {cause.wall_ns, fmt::format("{} ({}): {}", name_of(cause.alert), name_of(incident.peak),
                                    escape_visible(cause.message))});
  }
  add_first_waiter(snapshot, incident, evidence);
  if (incident.failed_calls > 0) add_errors(snapshot, incident, evidence);
  std::stable_sort(evidence.begin(), evidence.end(),
                   [](const Evidence& a, const Evidence& b) { return a.wall_ns < b.wall_ns; });
  return evidence;
}

}  // namespace ringside::detail
