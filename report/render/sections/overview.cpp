// Rings and servers, host and daemon.
#include <fmt/format.h>

#include "report/render/sections/sections.h"

namespace ringside::detail {
namespace {

// One process that began with its ring and lives is what everybody expects.
void write_processes(const Section& section, const ProcessCounts& processes) {
  if (processes.entered <= 1 && processes.died + processes.restarted + processes.refused == 0)
    return;
  std::string text =
      fmt::format("{} of {} that entered", format_count(processes.alive),
                  count_of(processes.entered, "process", "processes"));
  text += processes.alive == 1 ? " lives" : " live";
  const auto add = [&](std::uint64_t count, const char* what) {
    if (count > 0) text += fmt::format(" · {} {}", format_count(count), what);
  };
  add(processes.left, "left in order");
  add(processes.restarted, "became another program (exec) or trace no more");
  add(processes.died, "died");
  section.page.field("", text);
}

// " · build 1.2.3, configuration 91ac"; nothing where the server gives neither.
std::string build_text(const RingView& ring) {
  std::string text;
  if (!ring.build_id.empty()) text += "build " + escape_visible(ring.build_id);
  if (!ring.configuration_digest.empty()) {
    text += text.empty() ? "configuration " : ", configuration ";
    text += escape_visible(ring.configuration_digest);
  }
  return text.empty() ? text : " · " + text;
}

void write_rings(const Section& section) {
  for (const RingView& ring : section.snapshot.rings) {
    const std::string program =
        ring.program.empty() ? "no server yet" : escape_visible(ring.program);
    std::string text = fmt::format("{} · {}", name_of(ring.state), program);
    if (ring.pid != 0) text += fmt::format(" (pid {})", ring.pid);
    text += build_text(ring);
    if (ring.created_wall_ns != 0) {
      text += fmt::format(" · opened {}, {}", format_wall(ring.created_wall_ns),
                          ago(section.snapshot, ring.created_wall_ns));
    }
    if (ring.live() && !ring.enabled) text += " · tracing is switched off";
    section.page.field("ring " + escape_visible(ring.name), text);
    std::string detail = escape_visible(ring.path);
    if (ring.segment_bytes != 0) detail += " · " + format_bytes(ring.segment_bytes);
    if (!ring.clock.empty()) {
      detail += fmt::format(" · clock {}", escape_visible(ring.clock));
      if (ring.ticks_per_second > 0)
        detail += fmt::format(" at {} MHz", format_number(ring.ticks_per_second / 1e6));
    }
    if (ring.instances_seen > 0) {
      detail += fmt::format(" · {} followed, {}",
                            count_of(ring.instances_seen, "server start", "server starts"),
                            count_of(ring.crashes_seen, "crash", "crashes"));
      if (ring.restarts_seen > 0) {
        detail += fmt::format(", {} in place",
                              count_of(ring.restarts_seen, "restart", "restarts"));
      }
    }
    section.page.field("", detail);
    write_processes(section, ring.processes);
    // Of a live ring it is a finding about the data.
    if (!ring.problem.empty() && !ring.live())
      section.page.field("", "problem: " + problem_text(ring.problem));
  }
}

// Percent of one core. Processor time is counted in steps of 10 ms, so 0 means less than one step
// in the tick.
std::string cpu_over_tick(const Snapshot& snapshot, double percent) {
  constexpr double kStepSeconds = 0.01;
  if (percent > 0) return format_percent(percent / 100);
  return "<" +
         format_percent(snapshot.tick_seconds > 0 ? kStepSeconds / snapshot.tick_seconds : 0.001);
}

// "14 % of a core since it began, 12 % over the last tick"
std::string cpu_text(const Snapshot& snapshot, const std::optional<double>& cpu_seconds,
                     const std::optional<double>& uptime_seconds,
                     const std::optional<double>& percent) {
  const std::string tick = "over the last tick";
  const std::string now = known(percent, [&](double p) { return cpu_over_tick(snapshot, p); });
  if (!cpu_seconds || uptime_seconds.value_or(0) <= 0)
    return fmt::format("{} of a core {}", now, tick);
  return fmt::format("{} of a core since it began, {} {}",
                     format_percent(*cpu_seconds / *uptime_seconds), now, tick);
}

void write_server(const Section& section, const ProcessView& process) {
  section.page.field(
      "server",
      fmt::format("{} · pid {} · up {} · {} · {} resident · open files {}{} · threads {}",
                  escape_visible(process.ring), process.pid,
                  known(process.uptime_seconds, [](double s) { return format_span(s * 1e9); }),
                  cpu_text(section.snapshot, process.cpu_seconds, process.uptime_seconds,
                           process.cpu_percent),
                  known(process.resident_bytes, format_bytes),
                  known(process.open_files, format_count),
                  process.open_files_limit ? " of " + format_count(*process.open_files_limit) : "",
                  known(process.threads, format_count)));
}

void write_gauges(const Section& section) {
  std::string text;
  for (const GaugeView& gauge : section.snapshot.gauges) {
    text += fmt::format("{}{} {}, at most {}", text.empty() ? "" : " · ",
                        label_of(section.snapshot, gauge.name, gauge.ring),
                        format_signed(gauge.value), format_signed(gauge.max));
  }
  if (!text.empty()) section.page.field("gauges", text);
}

// " · waiting over the last 10 s: CPU 12 %, memory 0 %, disk 3 %". Empty: the kernel says nothing.
std::string pressure_text(const HostView& host) {
  std::string text;
  const auto part = [&](const char* name, const std::optional<Pressure>& pressure) {
    if (!pressure) return;
    text += text.empty() ? " · waiting over the last 10 s: " : ", ";
    text += fmt::format("{} {}", name, format_percent(pressure->some / 100));
  };
  part("CPU", host.cpu_pressure);
  part("memory", host.memory_pressure);
  part("disk", host.io_pressure);
  return text;
}

void write_host(const Section& section) {
  const HostView& host = section.snapshot.host;
  const auto load = [](double value) { return fmt::format("{:.2f}", value); };
  const std::string loads = host.load_1m || host.load_5m || host.load_15m
                                ? fmt::format("{} {} {}", known(host.load_1m, load),
                                              known(host.load_5m, load), known(host.load_15m, load))
                                : "unknown";
  const std::string cores =
      host.cpus ? count_of(*host.cpus, "core", "cores") : "an unknown number of cores";
  section.page.field(
      "host",
      fmt::format("load {} on {} · {} busy over the last tick · {} of {} memory available{}", loads,
                  cores, known(host.cpu_percent, [](double p) { return format_percent(p / 100); }),
                  known(host.memory_available_bytes, format_bytes),
                  known(host.memory_total_bytes, format_bytes), pressure_text(host)));
}

void write_daemon(const Section& section) {
  const DaemonView& daemon = section.snapshot.daemon;
  if (daemon.started_wall_ns == 0) return;
  const std::string since =
      daemon.state_since_wall_ns == 0 ? "an unknown time" : format_wall(daemon.state_since_wall_ns);
  section.page.field("daemon", fmt::format("ringsided {} · pid {} · up {} · figures since {} ({})",
                                           escape_visible(daemon.version), daemon.pid,
                                           format_span(daemon.uptime_seconds * 1e9), since,
                                           count_of(daemon.restarts, "restart", "restarts")));
  section.page.field(
      "its cost", fmt::format("{} · {} resident, {} of it metrics · {} passes over the rings",
                              cpu_text(section.snapshot, daemon.cpu_seconds, daemon.uptime_seconds,
                                       daemon.cpu_percent),
                              known(daemon.resident_bytes, format_bytes),
                              format_bytes(daemon.metrics_bytes), format_count(daemon.passes)));
}

// What the history says: how long a ring was observed, its state at the end, its starts.
void write_past_rings(const Section& section) {
  for (const RingView& ring : section.snapshot.rings) {
    const std::uint64_t lost = ring.losses.while_observed[0];
    section.page.field(
        "ring " + escape_visible(ring.name),
        fmt::format("{} at the end{} · {}, {} · {} lost", name_of(ring.state), build_text(ring),
                    count_of(ring.instances_seen, "server start", "server starts"),
                    count_of(ring.crashes_seen, "crash", "crashes"),
                    count_of(lost, "record", "records")));
  }
  section.page.field("observed", section.window());
  section.page.field("from", "the history: it has no single records, and says not who called");
  if (section.snapshot.configuration.empty())
    section.page.field("judged by",
                       "the default thresholds: the history does not hold the daemon's");
}

}  // namespace

void write_overview(const Section& section) {
  if (section.snapshot.is_past()) {
    section.page.heading("OVERVIEW AND DATA QUALITY");
    write_past_rings(section);
    write_gauges(section);
    return;
  }
  section.page.heading("OVERVIEW AND DATA QUALITY");
  write_rings(section);
  for (const ProcessView& process : section.snapshot.processes) write_server(section, process);
  if (section.snapshot.processes.empty())
    section.page.field("server", "no live server process to measure");
  write_gauges(section);
  write_host(section);
  write_daemon(section);
  write_data_quality(section);
}

}  // namespace ringside::detail
