// The server's processes, the host and the daemon itself. A figure that could not be read is
// absent, never zero.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace ringside {

struct ProcessView {   // one process of the server
  std::string ring;
  std::uint32_t pid = 0;
  std::optional<double> cpu_percent;             // of one core; over the last tick
  std::optional<std::uint64_t> resident_bytes;
  std::optional<std::uint64_t> open_files;
  std::optional<std::uint64_t> threads;
  std::optional<double> uptime_seconds;
  std::optional<double> cpu_seconds;             // used since it began
  std::optional<bool> stopped = {};              // by a signal, or a debugger
  // How many files it may have open: its soft limit RLIMIT_NOFILE.
  std::optional<std::uint64_t> open_files_limit = {};
};

// Pressure stall information of one resource: the share of the last 10 s in which tasks waited for
// it, in percent.
struct Pressure {
  double some = 0;  // at least one task waited
  double full = 0;  // no task ran, as all waited; of the CPU always 0 for a whole host
};

struct HostView {
  std::optional<double> load_1m, load_5m, load_15m;
  std::optional<unsigned> cpus;
  std::optional<double> cpu_percent;             // of all cores; over the last tick
  std::optional<std::uint64_t> memory_total_bytes;
  std::optional<std::uint64_t> memory_available_bytes;
  // Absent where the kernel has none (before Linux 4.20, or switched off).
  std::optional<Pressure> cpu_pressure{}, memory_pressure{}, io_pressure{};
};

struct DaemonView {
  std::string version;
  std::uint32_t pid = 0;
  std::int64_t started_wall_ns = 0;
  double uptime_seconds = 0;              // by a clock that is never set
  // When the figures "since start" begin. After a restart this is before started_wall_ns.
  std::int64_t state_since_wall_ns = 0;
  std::uint64_t restarts = 0;
  std::optional<double> cpu_percent;      // of one core; over the last tick
  std::optional<std::uint64_t> resident_bytes;
  std::uint64_t metrics_bytes = 0;
  std::uint64_t passes = 0;
  std::optional<double> cpu_seconds;      // used since it began
};

}  // namespace ringside
