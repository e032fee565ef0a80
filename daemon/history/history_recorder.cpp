#include "daemon/history/history_recorder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <set>

#include "daemon/history/spans.h"
#include "report/model/format.h"

namespace ringside {
namespace {

// Beyond so many between two batches the oldest are left out. The alert log has them all.
constexpr std::size_t kMostTransitions = 10'000;

constexpr double kThousandths = 1000;

template <typename Number>
std::optional<double> as_double(const std::optional<Number>& figure, double factor = 1) {
  if (!figure) return std::nullopt;
  return static_cast<double>(*figure) * factor;
}

// A figure of all the processes of a ring. Absent when it is not known of one of them.
struct Sum {
  double value = 0;
  bool known = true;
  void add(const std::optional<double>& figure) {
    known = known && figure.has_value();
    if (figure) value += *figure;
  }
};

}  // namespace

void HistoryRecorder::sample(const std::string& ring, const char* name, double value,
                             std::int64_t wall_ns) {
  const std::int64_t begin = floor_to(wall_ns / kNsPerSecond, 60);
  const std::int64_t whole = std::llround(std::clamp(value, -9e18, 9e18));
  const auto [at, first] =
      samples_[{ring, name}].try_emplace(begin, HistorySample{begin, whole, whole, whole});
  if (first) return;
  at->second.last = whole;
  at->second.min = std::min(at->second.min, whole);
  at->second.max = std::max(at->second.max, whole);
}

void HistoryRecorder::follow(const Snapshot& snapshot) {
  const std::int64_t now = snapshot.wall_ns;
  for (const GaugeView& gauge : snapshot.gauges)
    sample(gauge.ring, gauge.name.c_str(), static_cast<double>(gauge.value), now);
  sample_processes(snapshot);
  const HostView& host = snapshot.host;
  const auto of_host = [&](const char* name, const std::optional<double>& figure) {
    if (figure) sample({}, name, *figure, now);
  };
  of_host("load_1m_milli", as_double(host.load_1m, kThousandths));
  of_host("cpu_percent_milli", as_double(host.cpu_percent, kThousandths));
  of_host("memory_total_bytes", as_double(host.memory_total_bytes));
  of_host("memory_available_bytes", as_double(host.memory_available_bytes));
  of_host("daemon_cpu_percent_milli", as_double(snapshot.daemon.cpu_percent, kThousandths));
  of_host("daemon_memory_bytes", as_double(snapshot.daemon.resident_bytes));
  for (const RingView& ring : snapshot.rings) follow_ring(ring, now);
  follow_incidents(snapshot);
  follow_error_names(snapshot);
  follow_declared(snapshot);
}

// A gauge of the server's own of that name goes before.
void HistoryRecorder::sample_processes(const Snapshot& snapshot) {
  struct Figures {
    Sum memory, files, limit, threads, cpu;
  };
  std::map<std::string, Figures> rings;
  for (const ProcessView& process : snapshot.processes) {
    Figures& of = rings[process.ring];
    of.memory.add(as_double(process.resident_bytes));
    of.files.add(as_double(process.open_files));
    of.limit.add(as_double(process.open_files_limit));
    of.threads.add(as_double(process.threads));
    of.cpu.add(as_double(process.cpu_percent, kThousandths));
  }
  std::set<std::pair<std::string, std::string>> own;
  for (const GaugeView& gauge : snapshot.gauges) own.emplace(gauge.ring, gauge.name);
  for (const auto& [ring, of] : rings) {
    for (const auto& [name, sum] :
         {std::pair{"memory_bytes", &of.memory}, std::pair{"descriptors", &of.files},
          std::pair{"descriptors_limit", &of.limit}, std::pair{"threads", &of.threads},
          std::pair{"cpu_percent_milli", &of.cpu}}) {
      if (sum->known && !own.contains({ring, name}))
        sample(ring, name, sum->value, snapshot.wall_ns);
    }
  }
}

void HistoryRecorder::follow_ring(const RingView& ring, std::int64_t wall_ns) {
  const auto [at, first] = rings_.try_emplace(ring.name);
  Ring& known = at->second;
  const std::string who =
      fmt::format("{}, pid {}, instance {}", escape_visible(ring.program), ring.pid, ring.instance);
  const bool is_new = ring.instance != known.instance && ring.live();
  const bool over = ring.state == RingState::closed || ring.state == RingState::crashed;
  if (is_new || (over && ring.state != known.state))
    mark_sampling(ring.name, known.sampling.end(), wall_ns);
  if (is_new) {
    mark({ring.created_wall_ns, HistoryMark::Kind::server_start, ring.name, who});
    known.build = {ring.created_wall_ns, ring.name, ring.build_id, ring.configuration_digest};
    builds_.push_back(known.build);
  }
  if (over && ring.state != known.state) {
    mark({wall_ns, HistoryMark::Kind::server_end, ring.name,
          fmt::format("{}: {}", name_of(ring.state), who)});
  }
  if (ring.live()) {
    if (first || is_new) known.sampling.found({ring.enabled, ring.sampled});
    mark_sampling(ring.name, known.sampling.follow({ring.enabled, ring.sampled}, wall_ns), wall_ns);
    known.instance = ring.instance;
  }
  known.state = ring.state;
}

void HistoryRecorder::mark_sampling(const std::string& ring, std::string text,
                                    std::int64_t wall_ns) {
  if (!text.empty()) mark({wall_ns, HistoryMark::Kind::sampling, ring, std::move(text)});
}

void HistoryRecorder::follow_incidents(const Snapshot& snapshot) {
  std::set<std::string> shown;
  for (const IncidentView& incident : snapshot.incidents) {
    incidents_[incident.id] = incident;
    shown.insert(incident.id);
  }
  // With alerts.visible at 0s an incident that is over is not shown any more.
  for (auto& [id, incident] : incidents_) {
    if (incident.over() || shown.contains(id)) continue;
    const auto end = ended_.find(id);
    incident.ended_wall_ns = end != ended_.end() ? end->second : snapshot.wall_ns;
    incident.level = incident.peak;
  }
}

void HistoryRecorder::follow_error_names(const Snapshot& snapshot) {
  for (const ErrorStats& error : snapshot.errors) {
    if (!error.name.empty()) error_names_[{error.ring, error.code}] = error.name;
  }
}

void HistoryRecorder::follow_declared(const Snapshot& snapshot) {
  for (const SeriesView& operation : snapshot.operations) {
    const std::int64_t response_ns = operation.declared.response_ns;
    const auto [at, first] = declared_.try_emplace({operation.ring, operation.name});
    if (first || at->second.response_ns != response_ns)
      at->second = {snapshot.wall_ns, operation.ring, operation.name, response_ns};
  }
}

void HistoryRecorder::tell(const std::vector<AlertTransition>& transitions) {
  for (const AlertTransition& line : transitions) {
    if (line.state == AlertState::ended) ended_[line.incident] = line.wall_ns;
    transitions_.push_back(line);
  }
  if (transitions_.size() > kMostTransitions) {
    transitions_.erase(transitions_.begin(),
                       transitions_.end() - static_cast<std::ptrdiff_t>(kMostTransitions));
  }
}

bool HistoryRecorder::due(std::int64_t wall_ns) {
  const std::int64_t minute = floor_to((wall_ns - kSettleNs) / kNsPerSecond, 60);
  return minute != std::exchange(minute_, minute);
}

void HistoryRecorder::take(HistorySpan& batch) {
  for (auto& [key, minutes] : samples_) {
    HistoryGauge gauge{key.first, key.second, {}};
    for (const auto& [begin, sample] : minutes) gauge.samples.push_back(sample);
    // The latest minute may get more.
    while (minutes.size() > 1) minutes.erase(minutes.begin());
    batch.gauges.push_back(std::move(gauge));
  }
  // A gauge that is gone is handed out once more, and then forgotten.
  std::int64_t latest = INT64_MIN;
  for (const auto& [key, minutes] : samples_) latest = std::max(latest, minutes.rbegin()->first);
  std::erase_if(samples_, [&](const auto& of) { return of.second.rbegin()->first < latest; });
  for (const HistoryRing& ring : batch.rings) {
    for (const HistoryRingSlot& slot : ring.slots) {
      if (slot.lost > 0) {
        mark({slot.begin_wall_s * kNsPerSecond, HistoryMark::Kind::loss, ring.ring,
              fmt::format("{} records were overwritten before they were read", slot.lost)});
      }
    }
  }
  for (const auto& [id, incident] : incidents_) batch.incidents.push_back(incident);
  std::erase_if(incidents_, [](const auto& one) { return one.second.over(); });
  ended_.clear();
  std::move(transitions_.begin(), transitions_.end(), std::back_inserter(batch.transitions));
  transitions_.clear();
  std::move(marks_.begin(), marks_.end(), std::back_inserter(batch.marks));
  marks_.clear();
  take_in_force(batch);
}

// What is in force is told each time: a batch may be dropped, and a damaged file may begin anew.
void HistoryRecorder::take_in_force(HistorySpan& batch) {
  for (const auto& [key, name] : error_names_)
    batch.error_names.push_back({key.first, key.second, name});
  for (const auto& [key, declared] : declared_) batch.declared.push_back(declared);
  batch.builds = std::exchange(builds_, {});
  for (const auto& [name, ring] : rings_) {
    if (!ring.instance.empty()) batch.builds.push_back(ring.build);
  }
  batch.configurations = configurations_;
  if (configurations_.size() > 1)
    configurations_.erase(configurations_.begin(), configurations_.end() - 1);
}

}  // namespace ringside
