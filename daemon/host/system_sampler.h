// What the operating system says about the server's processes, the host and the daemon itself (from /proc).
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
    std::vector<ProcessView> processes;   // of the targets that live; a pid that came back is another process
    HostView host;
    std::optional<double> own_cpu_percent;           // of one core, since the last sample
    std::optional<std::uint64_t> own_resident_bytes;
  };
  // CPU is what was used since the last sample (0 at the first). open_files is 0 where looking is not allowed.
  Sample sample(const std::vector<Target>& targets, std::int64_t monotonic_ns, std::int64_t boottime_ns);

 private:
  struct Used {
    std::uint64_t cpu_ticks = 0;
    std::int64_t at_ns = 0;
  };
  double cpu_percent(std::uint32_t pid, const ProcessStat& stat, std::int64_t now_ns);
  std::string read(const std::string& name) const;

  std::string root_;
  double ticks_per_second_;
  std::uint64_t page_bytes_;
  // By pid and start time. `next_` is filled during a sample and replaces `used_`, so that the dead fall out.
  std::map<std::pair<std::uint32_t, std::uint64_t>, Used> used_, next_;
  HostCpu host_used_;
};

}  // namespace ringside
