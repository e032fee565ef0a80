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
  pressure();
}

// Others that wait harm nobody either. It is an alert with a second sign: calls that suffer, or for
// a stall a host that is over another limit.
void Readings::pressure() {
  const auto is_over = [](const Reading& r) {
    return r.alert == AlertType::system_overload && r.ring.empty() && r.value &&
           r.levels.reached(*r.value);
  };
  const bool busy_too = std::any_of(out_.begin(), out_.end(), is_over);
  if (s_.host.cpu_pressure) {
    Reading& r = add(AlertType::system_overload, "cpu_pressure", alerts_.cpu_pressure_percent,
                     AlertUnit::percent);
    r.value = s_.host.cpu_pressure->some;
    r.text = fmt::format("something waited for a CPU in {} of the last 10 s",
                         format_percent(*r.value / 100));
    busy(r);
  }
  struct Stall {
    const char* figure;
    const char* what;
    const std::optional<Pressure>& pressure;
  };
  for (const Stall& stall : {Stall{"memory_pressure", "memory", s_.host.memory_pressure},
                             Stall{"io_pressure", "a disk", s_.host.io_pressure}}) {
    if (!stall.pressure) continue;
    Reading& r =
        add(AlertType::system_overload, stall.figure, alerts_.stall_percent, AlertUnit::percent);
    r.value = stall.pressure->full;
    r.text = fmt::format("everything waited for {} in {} of the last 10 s", stall.what,
                         format_percent(*r.value / 100));
    if (busy_too) {
      judge_by_value(r);
      r.judged = true;
    } else {
      busy(r);
    }
  }
}

// A host that is merely busy harms nobody. It is an alert while calls are slow or fail, and then it
// is their cause.
void Readings::busy(Reading& r) const {
  judge_by_value(r);
  r.judged = true;
  const Suffering suffers = suffering();
  if (suffers == Suffering::some) return;
  r.reached.reset();
  // What fires goes on while the host is as busy, whatever the database does meanwhile.
  if (suffers == Suffering::none) r.below.fill(true);
}

}  // namespace ringside
