// The host and the server's process, as /proc would show them at a tick.
#pragma once

#include "report/model/system.h"
#include "tools/simulate/site.h"

namespace ringside::simulate {

class Machine {
 public:
  explicit Machine(std::uint64_t seed) : random_(seed) {}

  static constexpr unsigned kCpus = 4;
  static constexpr std::uint64_t kMemory = std::uint64_t{16} << 30;
  static constexpr std::uint64_t kOpenFiles = 8192;  // the soft limit RLIMIT_NOFILE

  // A second has passed.
  void second(const Site& site, double server_cpu_seconds);
  void process_started(const Site& site, std::uint32_t pid);

  // `connections` are the server's. The span is what has passed since the daemon's last sample.
  ProcessView process(const Site& site, std::uint64_t connections, double cpu_seconds,
                      double span_seconds);
  HostView host(const Site& site);
  std::uint32_t pid() const { return pid_; }

 private:
  // Its own, so that the world does not depend on how often the daemon looks.
  Random random_;
  std::uint32_t pid_ = 4242;
  Ns started_ = kWorldBegin;
  double leaked_bytes_ = 0;
  double leaked_files_ = 0;
  double burnt_seconds_ = 0;   // by burn_cpu
  double sampled_cpu_ = 0;     // cpu_seconds at the last sample
  double last_cpu_ = 0;        // at the last second
  double server_percent_ = 0;  // of one core, over the last second
  double waiting_percent_ = 0;  // of the last 10 s, for a CPU
  double load_[3] = {0.3, 0.3, 0.3};
};

}  // namespace ringside::simulate
