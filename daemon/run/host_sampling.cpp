#include "daemon/run/host_sampling.h"

#include <ctime>
#include <vector>

namespace ringside {

void HostSampling::sample(const Watch& watch, const Instant& now) {
  std::vector<SystemSampler::Target> targets;
  for (const RingProcess& process : watch.processes()) {
    targets.push_back({process.ring, process.pid, process.start_time});
  }
  sample_ = sampler_.sample(targets, now.monotonic_ns, clock_ns(CLOCK_BOOTTIME));
}

void HostSampling::fill_in(Pulse& pulse, const Watch& watch) const {
  for (const RingProcess& process : watch.processes()) {
    if (!sampler_.stopped({process.ring, process.pid, process.start_time})) continue;
    for (RingPulse& ring : pulse.rings) {
      if (ring.ring == process.ring) ring.stopped_pid = process.pid;
    }
  }
}

void HostSampling::fill_in(Snapshot& snapshot) const {
  snapshot.processes = sample_.processes;
  snapshot.host = sample_.host;
  snapshot.daemon.cpu_percent = sample_.own_cpu_percent;
  snapshot.daemon.cpu_seconds = sample_.own_cpu_seconds;
  snapshot.daemon.resident_bytes = sample_.own_resident_bytes;
}

}  // namespace ringside
