// The server: its processes, its connections, and whether it has stopped. What can't wait is in
// emergencies.cpp.
#include <fmt/format.h>

#include <algorithm>

#include "daemon/alerts/readings.h"
#include "report/analysis/judgement.h"
#include "report/model/format.h"

namespace ringside {
namespace {

std::string open_connections(const GaugeView& gauge) {
  return format_signed(gauge.value) +
         (gauge.value == 1 ? " connection is open" : " connections are open");
}

}  // namespace

void Readings::processes(const RingView& ring) {
  const ProcessView* largest = largest_process(s_, ring.name);
  std::optional<double> cpu_percent;
  for (const ProcessView& process : s_.processes) {
    if (process.ring != ring.name || !process.cpu_percent) continue;
    cpu_percent = cpu_percent.value_or(0) + *process.cpu_percent;
  }
  const std::string unknown = "the server's process could not be sampled";
  Reading& memory = add(AlertType::high_memory, "resident",
                        alerts_.memory.times(static_cast<double>(config_.thresholds.memory_bytes)),
                        AlertUnit::bytes);
  memory.ring = ring.name;
  memory.text = unknown;
  if (largest != nullptr) {
    memory.value = judge_memory(*largest, config_.thresholds).value;
    memory.text = fmt::format("process {} has {} resident", largest->pid,
                              format_bytes(*largest->resident_bytes));
  }
  Reading& cpu =
      add(AlertType::system_overload, "server_cpu", alerts_.cpu_percent, AlertUnit::percent);
  cpu.ring = ring.name;
  cpu.text = unknown;
  if (cpu_percent && s_.host.cpus) {
    cpu.value = *cpu_percent / *s_.host.cpus;
    cpu.text = fmt::format("the server uses {} of the host's {} CPUs",
                           format_percent(*cpu.value / 100), *s_.host.cpus);
  }
}

void Readings::connections(const RingView& ring) {
  Reading& r = add(AlertType::high_connections, "connections",
                   alerts_.connections.times(static_cast<double>(config_.thresholds.connections)),
                   AlertUnit::connections);
  r.ring = ring.name;
  r.text = "the server does not say how many connections it has";
  if (!ring.live()) return;
  if (const GaugeView* gauge = connections_of(s_, ring.name)) {
    r.value = judge_connections(*gauge, config_.thresholds).value;
    r.text = open_connections(*gauge);
  }
}

// An orderly restart takes a few ticks and should wake nobody. So a stop is raised like a
// measurement, not like a fact.
void Readings::stopped(const RingView& ring) {
  Reading& r =
      add(AlertType::server_down, "stopped", Levels::of(LevelBounds{1, 1}), AlertUnit::stopped);
  r.ring = ring.name;
  r.text = "the ring cannot be read";
  if (ring.state == RingState::refused) return;
  const bool stopped = ring.state == RingState::closed ||
                       (ring.state == RingState::waiting && ring.instances_seen > 0);
  r.value = stopped ? 1 : 0;
  const std::string who = ring.program.empty() ? "the server" : escape_visible(ring.program);
  if (stopped) {
    r.text = who + " has stopped";
  } else if (ring.live() || ring.state == RingState::crashed) {
    r.text = fmt::format("{} (pid {}) {}", who, ring.pid,
                         ring.live() ? "runs" : "died without closing its ring");
  } else {
    r.text = "no server has come yet";
  }
}

}  // namespace ringside
