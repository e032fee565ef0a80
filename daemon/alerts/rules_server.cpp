// The server: its processes, its connections, whether it is there, and what of its telemetry got
// lost.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "daemon/alerts/readings.h"
#include "report/analysis/judgement.h"
#include "report/model/format.h"

namespace ringside {

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
    r.text = format_signed(gauge->value) + " connections are open";
  }
}

void Readings::down(const RingView& ring) {
  const bool known = ring.state != RingState::refused;
  const bool crashed = ring.state == RingState::crashed;
  const bool stopped = ring.state == RingState::closed ||
                       (ring.state == RingState::waiting && ring.instances_seen > 0);
  const RuleMemory::Ring* before = before_of(ring);
  const bool crashed_since = before != nullptr && ring.crashes_seen > before->crashes;

  Reading& crash =
      add(AlertType::server_down, "crashed", Levels::of({}, LevelBounds{1, 1}), AlertUnit::crashed);
  crash.ring = ring.name;
  crash.certain = true;
  crash.text = "the ring cannot be read";
  if (known) crash.value = crashed || crashed_since ? 1 : 0;
  const std::string who = ring.program.empty() ? "the server" : escape_visible(ring.program);
  if (crashed) {
    crash.text = fmt::format("{} (pid {}) died without closing its ring", who, ring.pid);
  } else if (crashed_since) {
    crash.text = fmt::format("{} crashed and was started again", who);
  } else if (known) {
    crash.text = ring.live() ? fmt::format("{} (pid {}) runs", who, ring.pid) : "no crash";
  }

  // An orderly restart takes a few ticks and should wake nobody. So a stop is raised like a
  // measurement, not like a fact.
  Reading& stop =
      add(AlertType::server_down, "stopped", Levels::of(LevelBounds{1, 1}), AlertUnit::stopped);
  stop.ring = ring.name;
  stop.text = known ? (stopped ? who + " has stopped" : "") : "the ring cannot be read";
  if (known) stop.value = stopped ? 1 : 0;
  if (stop.text.empty()) stop.text = crash.text;
}

void Readings::stuck(const RingView& ring, const SeriesView& all) {
  // So many calls were to be expected that none of them completes by chance once in 10^9 ticks.
  constexpr double kSurelySome = 20;
  Reading& r =
      add(AlertType::server_down, "stuck", Levels::of({}, LevelBounds{1, 1}), AlertUnit::stuck);
  r.ring = ring.name;
  r.text = "the ring is not live";
  if (!ring.live()) return;
  r.value = 0;
  r.text = "calls complete, or none is expected";
  const GaugeView* gauge = connections_of(s_, ring.name);
  if (gauge == nullptr || gauge->value <= 0) return;
  const double usual =
      std::max(all.window(Window::five_minutes).rate(), all.window(Window::hour).rate());
  struct Silence {
    const WindowStats& window;
    double seconds;
    const char* name;
  };
  for (const Silence& silence : {Silence{all.last_15s, 15, "15 s"},
                                 Silence{all.window(Window::minute), 60, "minute"}}) {
    if (silence.window.count() > 0 || usual * silence.seconds < kSurelySome) continue;
    r.value = 1;
    r.text = fmt::format(
        "no call has completed in the last {}, where {} were usual, and {} connections are open",
        silence.name, format_number(std::round(usual * silence.seconds)),
        format_signed(gauge->value));
    return;
  }
}

void Readings::unreadable(const RingView& ring) {
  Reading& r = add(AlertType::telemetry_loss, "refused", Levels::of({}, LevelBounds{1, 1}),
                   AlertUnit::refused);
  r.ring = ring.name;
  r.certain = true;
  r.value = ring.state == RingState::refused ? 1 : 0;
  r.text = ring.state == RingState::refused ? "the ring is refused: " + escape_visible(ring.problem)
                                            : "the ring can be read";
}

void Readings::loss(const RingView& ring) {
  RuleMemory::Ring& now = now_[ring.name];
  now.crashes = ring.crashes_seen;
  now.untraced_records = ring.untraced_records;
  now.lost = ring.books.lost;
  now.torn = ring.books.torn;
  now.rejected = ring.books.rejected;
  added("lost", ring, &RuleMemory::Ring::lost, "were overwritten before they were read");
  added("rejected", ring, &RuleMemory::Ring::rejected, "were read but could not be believed");
  added("torn", ring, &RuleMemory::Ring::torn, "were half-written when their thread died");
  added("untraced", ring, &RuleMemory::Ring::untraced_records,
        "of threads without a lane were not written");
}

void Readings::added(const char* figure, const RingView& ring,
                     std::uint64_t RuleMemory::Ring::*count, const char* words) {
  const RuleMemory::Ring* before = before_of(ring);
  if (before == nullptr) return;
  Reading& r = add(AlertType::telemetry_loss, figure, alerts_.lost_records, AlertUnit::records);
  r.ring = ring.name;
  r.certain = true;
  const std::uint64_t now = now_[ring.name].*count;
  const std::uint64_t added = added_to(before->*count, now);
  r.value = static_cast<double>(added);
  r.text = fmt::format("{} records {} since the last tick, {} in all", format_count(added), words,
                       format_count(now));
}

}  // namespace ringside
