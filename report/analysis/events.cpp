#include "report/analysis/events.h"

namespace ringside::detail {

std::vector<EventFinding> collect_events(const Snapshot& snapshot, Window window,
                                         names::Topic topic) {
  std::vector<EventFinding> findings;
  for (const names::EventWord& event : names::kEvents) {
    if (event.topic != topic) continue;
    for (const SeriesView& series : snapshot.events) {
      const std::uint64_t since_start = series.window(Window::since_start).count();
      if (series.name != event.name || since_start == 0) continue;
      EventFinding& finding = findings.emplace_back();
      finding.name = series.name;
      finding.ring = series.ring;
      finding.meaning = event.meaning;
      finding.count = series.window(window).count();
      finding.since_start = since_start;
      finding.sum_ns = series.window(window).sum_ns;
      if (series.last.empty()) continue;
      const RecordView& latest = series.last.front();
      finding.last_wall_ns = latest.start_wall_ns + latest.duration_ns;
      finding.last_party = latest.actor.none() ? latest.subject : latest.actor;
    }
  }
  return findings;
}

}  // namespace ringside::detail
