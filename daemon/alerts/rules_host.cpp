// The host.
#include <fmt/format.h>

#include <algorithm>

#include "daemon/alerts/readings.h"
#include "report/model/format.h"

namespace ringside {

void Readings::host() {
  const HostView& host = s_.host;
  const std::string unknown = "the host could not be sampled";
  Reading& cpu =
      add(AlertType::system_overload, "host_cpu", alerts_.cpu_percent, AlertUnit::percent);
  cpu.text = unknown;
  if (host.cpu_percent && host.cpus) {
    cpu.value = *host.cpu_percent;
    cpu.text = fmt::format("the host's {} CPUs are {} busy", *host.cpus,
                           format_percent(*host.cpu_percent / 100));
    busy(cpu);
  }
  Reading& load =
      add(AlertType::system_overload, "host_load", alerts_.load_per_cpu, AlertUnit::per_cpu);
  load.text = unknown;
  if (host.load_1m && host.cpus) {
    load.value = *host.load_1m / *host.cpus;
    load.text =
        fmt::format("the host's load is {} on {} CPUs", format_number(*host.load_1m), *host.cpus);
    busy(load);
  }
  Reading& memory =
      add(AlertType::system_overload, "host_memory", alerts_.memory_percent, AlertUnit::percent);
  memory.text = unknown;
  if (host.memory_available_bytes && host.memory_total_bytes.value_or(0) > 0) {
    const auto available = std::min(*host.memory_available_bytes, *host.memory_total_bytes);
    const double used =
        1 - static_cast<double>(available) / static_cast<double>(*host.memory_total_bytes);
    memory.value = used * 100;
    memory.text =
        fmt::format("{} of the host's memory is used, {} of {} are available", format_percent(used),
                    format_bytes(available), format_bytes(*host.memory_total_bytes));
  }
  judge_by_value(memory);
}

// A host that is merely busy harms nobody. It is an alert while calls are slow or fail, and then it
// is their cause.
void Readings::busy(Reading& r) const {
  judge_by_value(r);
  r.judged = true;
  if (a_server_suffers()) return;
  r.reached.reset();
  r.below.fill(true);
}

}  // namespace ringside
