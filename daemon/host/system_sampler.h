// What the operating system says about the server's processes, the host and the daemon itself (from
// /proc).
//
// What it does not say is absent, never zero: a /proc that hides other users' processes, one that a
// sandbox has emptied, a figure since the last sample at the first one.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/host/proc_parse.h"
#include "report/model/system.h"

namespace ringside {

class SystemSampler {
 public:
  // Another root than /proc is for tests.
  explicit SystemSampler(std::string root = "/proc");

  struct Target {
    std::string ring;
    std::uint32_t pid = 0;
    std::uint64_t start_time = 0;   // as field 22 of stat; 0 any
  };
  struct Sample {
    // Of the targets that live, one each. A pid that came back is another process. One that lives
    // and that /proc does not show is there without figures.
    std::vector<ProcessView> processes;
    HostView host;
    std::optional<double> own_cpu_percent;           // of one core, since the last sample
    std::optional<double> own_cpu_seconds;           // since this process began
    std::optional<std::uint64_t> own_resident_bytes;
  };
  // CPU is what was used since the last sample.
  Sample sample(const std::vector<Target>& targets, std::int64_t monotonic_ns,
                std::int64_t boottime_ns);

 private:
  struct Used {
    std::uint64_t cpu_ticks = 0;
    std::int64_t at_ns = 0;
  };
  ProcessView view(const Target& target, const ProcessStat& stat, std::int64_t monotonic_ns,
                   std::int64_t boottime_ns);
  HostView host();
  std::optional<std::uint64_t> open_files(const std::string& pid) const;
  std::optional<double> cpu_percent(std::uint32_t pid, const ProcessStat& stat,
                                    std::int64_t now_ns);
  std::string read(const std::string& name) const;

  std::string root_;
  double ticks_per_second_;
  std::uint64_t page_bytes_;
  // By pid and start time. `next_` is filled during a sample and replaces `used_`, so that the dead
  // fall out.
  std::map<std::pair<std::uint32_t, std::uint64_t>, Used> used_, next_;
  HostCpu host_used_;
};

}  // namespace ringside
