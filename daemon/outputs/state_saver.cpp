#include "daemon/outputs/state_saver.h"

#include <functional>
#include <string>

namespace ringside {
namespace {

// Everything that the state depends on except the time.
std::vector<std::uint64_t> figures_of(const Snapshot& s) {
  std::vector<std::uint64_t> figures = {s.books.written, s.books.read, s.books.lost, s.books.torn,
                                        s.books.rejected};
  for (const auto* series : {&s.operations, &s.events}) {
    for (const SeriesView& one : *series) figures.push_back(one.server_count);
  }
  for (const RingView& ring : s.rings) {
    figures.insert(figures.end(), {ring.instances_seen, ring.crashes_seen, ring.restarts_seen,
                                   ring.processes.died, ring.untraced_records,
                                   static_cast<std::uint64_t>(ring.state),
                                   std::hash<std::string>{}(ring.instance)});
  }
  for (const GaugeView& gauge : s.gauges) figures.push_back(static_cast<std::uint64_t>(gauge.max));
  figures.push_back(s.transitions_forgotten + s.transitions.size());
  for (const SilenceView& silence : s.silences) {
    figures.insert(figures.end(), {std::hash<std::string>{}(silence.id),
                                   static_cast<std::uint64_t>(silence.until_wall_ns)});
  }
  figures.push_back(s.resolved_alerts.size());
  figures.push_back(s.incidents.size());
  // An episode's bits and timers change at every tick.
  if (!s.alerts.empty()) figures.push_back(s.tick);
  return figures;
}

}  // namespace

bool StateSaver::due(const Snapshot& snapshot, std::int64_t monotonic_ns, bool failed) const {
  if (saved_ns_ && monotonic_ns - *saved_ns_ < interval_ns_) return false;
  return failed || !saved_ns_ || figures_of(snapshot) != saved_figures_;
}

void StateSaver::handed_over(const Snapshot& snapshot, std::int64_t monotonic_ns) {
  saved_figures_ = figures_of(snapshot);
  saved_ns_ = monotonic_ns;
}

}  // namespace ringside
