#include "tools/simulate/machine.h"

#include <algorithm>
#include <cmath>

namespace ringside::simulate {

void Machine::second(const Site& site, double server_cpu_seconds) {
  const Conditions& c = site.conditions;
  leaked_bytes_ += c.leak_bytes_per_s;
  leaked_files_ += c.leak_files_per_s;
  burnt_seconds_ += c.burn_percent / 100;
  server_percent_ = std::max(0.0, server_cpu_seconds - last_cpu_) * 100 + c.burn_percent;
  last_cpu_ = server_cpu_seconds;
  const double running =
      server_percent_ / 100 + c.host_busy_percent / 100 * kCpus + random_.between(0, 0.4);
  // Something waits for a CPU for as long as more want to run than there are; as an average over
  // 10 s. Tasks come in bursts, so some wait before all CPUs are busy.
  const double wanting = running / kCpus;
  const double waiting = wanting >= 1 ? 100.0 : 100 * std::pow(wanting, 6);
  waiting_percent_ += (waiting - waiting_percent_) * (1 - std::exp(-1 / 10.0));
  // As the kernel does it: an average that forgets over 1, 5 and 15 minutes.
  const double minutes[3] = {1, 5, 15};
  for (int i = 0; i < 3; ++i)
    load_[i] += (running - load_[i]) * (1 - std::exp(-1 / (60 * minutes[i])));
}

void Machine::process_started(const Site& site, std::uint32_t pid) {
  pid_ = pid;
  started_ = site.now;
  leaked_bytes_ = leaked_files_ = burnt_seconds_ = 0;
  sampled_cpu_ = last_cpu_ = 0;
}

ProcessView Machine::process(const Site& site, std::uint64_t connections, double cpu_seconds,
                             double span_seconds) {
  ProcessView view;
  view.ring = "chat";
  view.pid = pid_;
  const double used = cpu_seconds + burnt_seconds_;
  if (span_seconds > 0) view.cpu_percent = std::max(0.0, used - sampled_cpu_) / span_seconds * 100;
  sampled_cpu_ = used;
  view.cpu_seconds = used;
  // Caches breathe: plus and minus a tenth within some hours.
  const double breath =
      1 + 0.1 * std::sin(seconds_of(site.now) / 5400) + 0.02 * std::sin(seconds_of(site.now) / 311);
  const double bytes = 180e6 * breath + 210e3 * static_cast<double>(connections) + leaked_bytes_;
  view.resident_bytes = static_cast<std::uint64_t>(bytes);
  view.open_files = 42 + connections + static_cast<std::uint64_t>(leaked_files_);
  view.open_files_limit = kOpenFiles;
  view.threads = 14;
  view.uptime_seconds = seconds_of(site.now - started_);
  return view;
}

HostView Machine::host(const Site& site) {
  const Conditions& c = site.conditions;
  HostView view;
  view.load_1m = load_[0];
  view.load_5m = load_[1];
  view.load_15m = load_[2];
  view.cpus = kCpus;
  const double noise = random_.between(0, 4);
  view.cpu_percent = std::min(100.0, server_percent_ / kCpus + c.host_busy_percent + noise);
  view.memory_total_bytes = kMemory;
  const double used_percent =
      std::max(c.host_memory_percent, 30 + leaked_bytes_ / static_cast<double>(kMemory) * 100);
  view.memory_available_bytes = static_cast<std::uint64_t>(
      static_cast<double>(kMemory) * (1 - std::min(used_percent, 99.5) / 100));
  view.cpu_pressure = Pressure{waiting_percent_, 0};
  // Below one part in twenty the kernel takes back what it can, and what runs waits for it.
  const double stalled = std::clamp((used_percent - 95) / 4.5, 0.0, 1.0) * 60;
  view.memory_pressure = Pressure{std::min(100.0, 2 * stalled), stalled};
  view.io_pressure = Pressure{std::min(100.0, 1.5 * stalled), stalled / 2};
  return view;
}

}  // namespace ringside::simulate
