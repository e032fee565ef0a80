// Parses the texts of /proc that system sampling needs. system_sampler reads the files.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "report/model/system.h"

namespace ringside {

struct ProcessStat {   // /proc/PID/stat
  // User and system, of all its threads; sysconf(_SC_CLK_TCK) a second.
  std::uint64_t cpu_ticks = 0;
  std::uint64_t threads = 0;
  std::uint64_t start_time = 0;    // clock ticks after boot
  std::uint64_t resident_pages = 0;
  bool stopped = false;  // by a signal, or by what traces it
};
// The name in parentheses may hold anything, spaces and parentheses included.
std::optional<ProcessStat> parse_process_stat(std::string_view text);

struct HostCpu {   // first line of /proc/stat, in clock ticks
  std::uint64_t busy = 0;
  std::uint64_t total = 0;
};
// Time spent waiting for a disk counts as idle. Time that the hypervisor took away counts as busy:
// the host wanted it.
std::optional<HostCpu> parse_host_cpu(std::string_view text);

struct LoadAverage {
  double one = 0, five = 0, fifteen = 0;
};
std::optional<LoadAverage> parse_loadavg(std::string_view text);

struct MemoryInfo {
  std::uint64_t total_bytes = 0;
  std::uint64_t available_bytes = 0;
};
std::optional<MemoryInfo> parse_meminfo(std::string_view text);

// The soft limit in the line "Max open files" of /proc/PID/limits. Absent when it is unlimited,
// too.
std::optional<std::uint64_t> parse_open_files_limit(std::string_view text);

// /proc/pressure/{cpu,memory,io}: the averages over 10 s. A file without a line "full" (the CPU's
// before Linux 5.13) has a `full` of 0.
std::optional<Pressure> parse_pressure(std::string_view text);

}  // namespace ringside
