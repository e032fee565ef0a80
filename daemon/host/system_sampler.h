// What the operating system says about the server's processes, the host and the daemon itself (from
// /proc).
//
// A figure that is not known is absent, never zero. /proc may hide other users' processes, or a
// sandbox may have emptied it. A figure "since the last sample" is absent at the first sample.
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
  // Tests pass another root than /proc.
  explicit SystemSampler(std::string root = "/proc");

  struct Target {
    std::string ring;
    std::uint32_t pid = 0;
    std::uint64_t start_time = 0;   // field 22 of stat; 0 matches any
  };
  struct Sample {
    // One entry for each target that is alive. A pid with another start time is another process and
    // has no entry. A process that is alive but not shown by /proc has an entry without figures.
    std::vector<ProcessView> processes;
    HostView host;
    std::optional<double> own_cpu_percent;           // of one core, since the last sample
    std::optional<double> own_cpu_seconds;           // since this process began
    std::optional<std::uint64_t> own_resident_bytes;
  };
  // CPU percentages are over the time since the last sample.
  Sample sample(const std::vector<Target>& targets, std::int64_t monotonic_ns,
                std::int64_t boottime_ns);
  // Whether a signal, or what traces it, has stopped that process.
  bool stopped(const Target& target) const;

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
  // By pid and start time. `next_` is filled during a sample and then replaces `used_`. So dead
  // processes drop out.
  std::map<std::pair<std::uint32_t, std::uint64_t>, Used> used_, next_;
  HostCpu host_used_;
};

}  // namespace ringside
