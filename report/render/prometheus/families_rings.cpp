// The rings, how far their figures can be believed, and the servers behind them.
#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "report/model/names.h"
#include "report/render/prometheus/family_parts.h"

namespace ringside::metrics {

namespace {

// One counter of each ring, since the books began.
template <typename Figure>
void add_each(const Snapshot& snapshot, Families& out, const char* name, const char* help,
              const Figure& figure) {
  Family family(out, name, MetricKind::counter, "", help);
  for (const RingView& ring : snapshot.rings)
    family.add({{"ring", ring.name}}, figure(ring), snapshot.daemon.state_since_wall_ns);
}

// One counter that the segment keeps, so it begins anew with each segment.
template <typename Figure>
void add_each_of_segment(const Snapshot& snapshot, Families& out, const char* name,
                         const char* help, const Figure& figure) {
  Family family(out, name, MetricKind::counter, "", help);
  for (const RingView& ring : snapshot.rings) {
    if (ring.segment_bytes > 0)
      family.add({{"ring", ring.name}}, figure(ring), ring.created_wall_ns);
  }
}

void add_states(const Snapshot& snapshot, Families& out) {
  {
    Family family(out, "ringside_ring_up", MetricKind::gauge, "",
                  "1: the ring is there and its server lives.");
    for (const RingView& ring : snapshot.rings)
      family.add({{"ring", ring.name}}, ring.live() ? 1.0 : 0.0);
  }
  {
    Family family(out, "ringside_ring_state", MetricKind::gauge, "",
                  "1 for the state in which the ring is, 0 for the others.");
    for (const RingView& ring : snapshot.rings) {
      for (std::size_t i = 0; i < kRingStateNames.size(); ++i)
        family.add({{"ring", ring.name}, {"state", kRingStateNames[i]}},
                   ring.state == static_cast<RingState>(i) ? 1.0 : 0.0);
    }
  }
  Family family(out, "ringside_ring_enabled", MetricKind::gauge, "",
                "1: the server traces; 0: tracing is switched off.");
  for (const RingView& ring : snapshot.rings) {
    if (ring.live()) family.add({{"ring", ring.name}}, ring.enabled ? 1.0 : 0.0);
  }
}

void add_lanes(const Snapshot& snapshot, Families& out) {
  std::map<std::pair<std::string, std::string>, std::uint64_t> lanes;
  std::map<std::string, std::uint64_t> pending;
  for (const LaneView& lane : snapshot.lanes) {
    ++lanes[{lane.ring, name_of(lane.state)}];
    pending[lane.ring] += lane.pending;
  }
  {
    Family family(out, "ringside_lanes", MetricKind::gauge, "",
                  "Lanes that were ever used, by state.");
    for (const auto& [key, count] : lanes)
      family.add({{"ring", key.first}, {"state", key.second}}, count);
  }
  Family family(out, "ringside_records_pending", MetricKind::gauge, "",
                "Places of the overflow lane that are reserved and not yet written.");
  for (const auto& [ring, count] : pending) family.add({{"ring", ring}}, count);
}

// Sums a figure over the processes of each ring for which it is known.
template <typename Figure, typename Fold>
void add_of_processes(const Snapshot& snapshot, Families& out, const char* name, const char* unit,
                      const char* help, const Figure& figure, const Fold& fold) {
  std::map<std::string, double> folded;
  for (const ProcessView& process : snapshot.processes) {
    const auto value = figure(process);
    if (!value) continue;
    const auto [at, first] = folded.try_emplace(process.ring, static_cast<double>(*value));
    if (!first) at->second = fold(at->second, static_cast<double>(*value));
  }
  Family family(out, name, MetricKind::gauge, unit, help);
  for (const auto& [ring, value] : folded) family.add({{"ring", ring}}, value);
}

void add_processes(const Snapshot& snapshot, Families& out) {
  const auto plus = [](double a, double b) { return a + b; };
  const auto least = [](double a, double b) { return std::min(a, b); };
  const auto most = [](double a, double b) { return std::max(a, b); };
  add_of_processes(
      snapshot, out, "ringside_server_cpu_cores", "",
      "Processor cores that the server's processes kept busy over the last tick.",
      [](const ProcessView& p) {
        return p.cpu_percent ? std::optional(*p.cpu_percent / 100) : std::nullopt;
      },
      plus);
  const auto resident = [](const ProcessView& p) { return p.resident_bytes; };
  add_of_processes(snapshot, out, "ringside_server_resident_memory_bytes", "bytes",
                   "Resident memory of the server's processes together.", resident, plus);
  add_of_processes(snapshot, out, "ringside_server_largest_resident_memory_bytes", "bytes",
                   "Resident memory of the server's largest process.", resident, most);
  add_of_processes(
      snapshot, out, "ringside_server_open_files", "",
      "Files that the server's processes have open.",
      [](const ProcessView& p) { return p.open_files; }, plus);
  add_of_processes(
      snapshot, out, "ringside_server_open_files_limit", "",
      "How many files a process of the server may have open: the least limit.",
      [](const ProcessView& p) { return p.open_files_limit; }, least);
  add_of_processes(
      snapshot, out, "ringside_server_threads", "", "Threads of the server's processes.",
      [](const ProcessView& p) { return p.threads; }, plus);
  add_of_processes(
      snapshot, out, "ringside_server_stopped_processes", "",
      "Processes that a signal or a debugger has stopped.",
      [](const ProcessView& p) {
        return p.stopped ? std::optional(*p.stopped ? 1.0 : 0.0) : std::nullopt;
      },
      plus);
}

void add_process_counts(const Snapshot& snapshot, Families& out) {
  {
    Family family(out, "ringside_server_processes", MetricKind::gauge, "",
                  "Living processes that write the ring.");
    for (const RingView& ring : snapshot.rings) {
      if (ring.segment_bytes > 0) family.add({{"ring", ring.name}}, ring.processes.alive);
    }
  }
  add_each_of_segment(snapshot, out, "ringside_server_processes_entered",
                      "Processes that have begun to write the ring.",
                      [](const RingView& ring) { return ring.processes.entered; });
  add_each_of_segment(snapshot, out, "ringside_server_processes_refused",
                      "Processes that found no place among those that write the ring.",
                      [](const RingView& ring) { return ring.processes.refused; });
  Family family(
      out, "ringside_server_process_exits", MetricKind::counter, "",
      "Processes that write the ring no more: left in order, restarted by exec, or died.");
  for (const RingView& ring : snapshot.rings) {
    if (ring.segment_bytes == 0) continue;
    const std::pair<const char*, std::uint64_t> reasons[] = {
        {"left", ring.processes.left},
        {"restarted", ring.processes.restarted},
        {"died", ring.processes.died}};
    for (const auto& [reason, count] : reasons)
      family.add({{"ring", ring.name}, {"reason", reason}}, count, ring.created_wall_ns);
  }
}

void add_readings(const Snapshot& snapshot, Families& out) {
  // Another process wrote the names. Of those that appear twice the first one counts.
  std::map<std::pair<std::string, std::string>, std::int64_t> readings;
  for (const GaugeView& gauge : snapshot.gauges)
    readings.try_emplace({gauge.ring, gauge.name}, gauge.value);
  {
    Family family(out, "ringside_server_connections", MetricKind::gauge, "",
                  "Open client connections, as the server says.");
    for (const auto& [key, value] : readings) {
      if (key.second == names::kConnections)
        family.add({{"ring", key.first}}, static_cast<double>(value));
    }
  }
  Family family(out, "ringside_server_reading", MetricKind::gauge, "",
                "A current value that the server publishes, in the unit that its name says.");
  for (const auto& [key, value] : readings)
    family.add({{"ring", key.first}, {"reading", key.second}}, static_cast<double>(value));
}

}  // namespace

void add_rings(const Snapshot& snapshot, Families& out) {
  add_states(snapshot, out);
  {
    Family family(out, "ringside_server", MetricKind::info, "",
                  "The server that writes the ring, as it says itself.");
    for (const RingView& ring : snapshot.rings) {
      if (ring.segment_bytes > 0)
        family.add({{"ring", ring.name},
                    {"program", ring.program},
                    {"build_id", ring.build_id},
                    {"configuration_digest", ring.configuration_digest}},
                   1.0);
    }
  }
  {
    Family family(out, "ringside_ring_created_timestamp_seconds", MetricKind::gauge, "seconds",
                  "When the server made the ring.");
    for (const RingView& ring : snapshot.rings) {
      if (ring.created_wall_ns > 0)
        family.add({{"ring", ring.name}}, seconds(ring.created_wall_ns));
    }
  }
  {
    Family family(out, "ringside_ring_segment_bytes", MetricKind::gauge, "bytes",
                  "Shared memory that the ring may take.");
    for (const RingView& ring : snapshot.rings) {
      if (ring.segment_bytes > 0) family.add({{"ring", ring.name}}, ring.segment_bytes);
    }
  }
  add_each(snapshot, out, "ringside_ring_instances", "Rings that were read under the name.",
           [](const RingView& ring) { return ring.instances_seen; });
  add_each(snapshot, out, "ringside_ring_crashes", "Servers that died without closing the ring.",
           [](const RingView& ring) { return ring.crashes_seen; });
  add_each(snapshot, out, "ringside_ring_restarts",
           "Servers that began anew by exec, in the same process.",
           [](const RingView& ring) { return ring.restarts_seen; });
  add_lanes(snapshot, out);
}

void add_data_quality(const Snapshot& snapshot, Families& out) {
  add_each(snapshot, out, "ringside_records_written", "Records that the server wrote.",
           [](const RingView& ring) { return ring.books.written; });
  add_each(snapshot, out, "ringside_records_read", "Records that were read.",
           [](const RingView& ring) { return ring.books.read; });
  {
    Family family(
        out, "ringside_records_lost", MetricKind::counter, "",
        "Records that were overwritten before they were read: overrun, because the daemon "
        "was too slow; unwatched, because it was not there.");
    const std::int64_t since = snapshot.daemon.state_since_wall_ns;
    for (const RingView& ring : snapshot.rings) {
      const std::uint64_t overrun =
          ring.losses.while_observed[static_cast<std::size_t>(Window::since_start)];
      family.add({{"ring", ring.name}, {"reason", "overrun"}}, overrun, since);
      family.add({{"ring", ring.name}, {"reason", "unwatched"}}, ring.losses.before_attach, since);
    }
  }
  add_each(snapshot, out, "ringside_records_torn",
           "Records that were half-written when their thread died.",
           [](const RingView& ring) { return ring.books.torn; });
  add_each(snapshot, out, "ringside_records_rejected",
           "Records that were read and are not believable; they are in no other figure.",
           [](const RingView& ring) { return ring.books.rejected; });
  {
    Family family(
        out, "ringside_records_late", MetricKind::counter, "",
        "Records that came after their slice of time was stored; they are counted in it.");
    family.add({}, snapshot.late_records, snapshot.daemon.state_since_wall_ns);
  }
  {
    Family family(out, "ringside_books_balanced", MetricKind::gauge, "",
                  "1: written = read + lost holds for the ring.");
    for (const RingView& ring : snapshot.rings)
      family.add({{"ring", ring.name}}, ring.books.balance() ? 1.0 : 0.0);
  }
  add_each_of_segment(snapshot, out, "ringside_untraced_records",
                      "Calls that found no lane to be recorded in.",
                      [](const RingView& ring) { return ring.untraced_records; });
  add_each_of_segment(snapshot, out, "ringside_untraced_threads",
                      "Threads that found no lane, not even the overflow lane.",
                      [](const RingView& ring) { return ring.untraced_threads; });
  add_each_of_segment(snapshot, out, "ringside_names_refused",
                      "Names for which the ring had no room.",
                      [](const RingView& ring) { return ring.names_refused; });
  add_each_of_segment(snapshot, out, "ringside_names_merged",
                      "Names that were cut to the name of another.",
                      [](const RingView& ring) { return ring.names_merged; });
  Family family(out, "ringside_misuses", MetricKind::counter, "",
                "Calls of the tracing library that the server's code got wrong.");
  for (const RingView& ring : snapshot.rings) {
    if (ring.segment_bytes == 0) continue;
    for (std::size_t i = 0; i < kMisuses; ++i)
      family.add({{"ring", ring.name}, {"reason", kMisuseNames[i]}}, ring.misused[i],
                 ring.created_wall_ns);
  }
}

void add_servers(const Snapshot& snapshot, Families& out) {
  add_process_counts(snapshot, out);
  add_processes(snapshot, out);
  add_readings(snapshot, out);
}

}  // namespace ringside::metrics
