#include "daemon/host/system_sampler.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "shm/file_descriptor.h"

namespace ringside {
namespace {

std::uint32_t count_cpus(std::string_view stat) {
  std::uint32_t count = 0;
  for (std::size_t at = stat.find("\ncpu"); at != std::string_view::npos;
       at = stat.find("\ncpu", at + 1))
    ++count;
  return count;
}

// Asks the kernel without /proc, which may hide the process.
bool lives(std::uint32_t pid) {
  return pid > 0 && pid <= INT32_MAX && (kill(static_cast<pid_t>(pid), 0) == 0 || errno == EPERM);
}

}  // namespace

SystemSampler::SystemSampler(std::string root)
    : root_(std::move(root)),
      ticks_per_second_(static_cast<double>(sysconf(_SC_CLK_TCK))),
      page_bytes_(static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE))) {}

std::string SystemSampler::read(const std::string& name) const {
  const FileDescriptor fd(open((root_ + "/" + name).c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  if (!fd) return text;
  char buffer[8192];
  ssize_t n = 0;
  while ((n = ::read(fd.get(), buffer, sizeof buffer)) > 0)
    text.append(buffer, static_cast<std::size_t>(n));
  return text;
}

std::optional<double> SystemSampler::cpu_percent(std::uint32_t pid, const ProcessStat& stat,
                                                 std::int64_t now_ns) {
  const std::pair key(pid, stat.start_time);
  next_[key] = {stat.cpu_ticks, now_ns};
  const auto before = used_.find(key);
  if (before == used_.end() || now_ns <= before->second.at_ns ||
      stat.cpu_ticks < before->second.cpu_ticks) {
    return std::nullopt;
  }
  const double seconds = static_cast<double>(now_ns - before->second.at_ns) / 1e9;
  return static_cast<double>(stat.cpu_ticks - before->second.cpu_ticks) / ticks_per_second_ /
         seconds * 100;
}

std::optional<std::uint64_t> SystemSampler::open_files(const std::string& pid) const {
  const std::string directory = root_ + "/" + pid + "/fd";
  std::uint64_t count = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator it(directory, error), end; !error && it != end;
       it.increment(error))
    ++count;
  if (!error) return count;
  // The directory of another user's process may not be listed. But since Linux 6.2 its size is the
  // number of entries. Before, the size was 0.
  struct stat info {};
  if (stat(directory.c_str(), &info) != 0 || info.st_size <= 0) return std::nullopt;
  return static_cast<std::uint64_t>(info.st_size);
}

ProcessView SystemSampler::view(const Target& target, const ProcessStat& stat,
                                std::int64_t monotonic_ns, std::int64_t boottime_ns) {
  ProcessView view;
  view.ring = target.ring;
  view.pid = target.pid;
  view.cpu_percent = cpu_percent(target.pid, stat, monotonic_ns);
  view.cpu_seconds = static_cast<double>(stat.cpu_ticks) / ticks_per_second_;
  // A running process has memory and at least one thread. A 0 means that the figure is not known.
  if (stat.resident_pages > 0) view.resident_bytes = stat.resident_pages * page_bytes_;
  if (stat.threads > 0) view.threads = stat.threads;
  view.open_files = open_files(std::to_string(target.pid));
  view.stopped = stat.stopped;
  view.open_files_limit = parse_open_files_limit(read(std::to_string(target.pid) + "/limits"));
  const double uptime = static_cast<double>(boottime_ns) / 1e9 -
                        static_cast<double>(stat.start_time) / ticks_per_second_;
  if (uptime >= 0) view.uptime_seconds = uptime;
  return view;
}

HostView SystemSampler::host() {
  HostView host;
  const std::string stat = read("stat");
  if (const auto cpu = parse_host_cpu(stat)) {
    const std::uint64_t total = cpu->total - std::min(host_used_.total, cpu->total);
    const std::uint64_t busy = cpu->busy - std::min(host_used_.busy, cpu->busy);
    // The first sample could only be compared with boot. An average since boot says nothing about
    // now.
    if (host_used_.total > 0 && total > 0) {
      host.cpu_percent =
          std::min(100.0, 100 * static_cast<double>(busy) / static_cast<double>(total));
    }
    host_used_ = *cpu;
    if (const std::uint32_t cpus = count_cpus(stat); cpus > 0) host.cpus = cpus;
  }
  if (const auto load = parse_loadavg(read("loadavg"))) {
    host.load_1m = load->one;
    host.load_5m = load->five;
    host.load_15m = load->fifteen;
  }
  if (const auto memory = parse_meminfo(read("meminfo")); memory && memory->total_bytes > 0) {
    host.memory_total_bytes = memory->total_bytes;
    host.memory_available_bytes = memory->available_bytes;
  }
  host.cpu_pressure = parse_pressure(read("pressure/cpu"));
  host.memory_pressure = parse_pressure(read("pressure/memory"));
  host.io_pressure = parse_pressure(read("pressure/io"));
  return host;
}

bool SystemSampler::stopped(const Target& target) const {
  const auto stat = parse_process_stat(read(std::to_string(target.pid) + "/stat"));
  return stat && stat->stopped && (target.start_time == 0 || stat->start_time == target.start_time);
}

SystemSampler::Sample SystemSampler::sample(const std::vector<Target>& targets,
                                            std::int64_t monotonic_ns, std::int64_t boottime_ns) {
  Sample out;
  next_.clear();
  for (const Target& target : targets) {
    const auto stat = parse_process_stat(read(std::to_string(target.pid) + "/stat"));
    if (stat) {
      if (target.start_time != 0 && stat->start_time != target.start_time) continue;
      out.processes.push_back(view(target, *stat, monotonic_ns, boottime_ns));
    } else if (lives(target.pid)) {
      ProcessView hidden;
      hidden.ring = target.ring;
      hidden.pid = target.pid;
      out.processes.push_back(std::move(hidden));
    }
  }
  if (const auto self = parse_process_stat(read("self/stat"))) {
    out.own_cpu_percent = cpu_percent(static_cast<std::uint32_t>(getpid()), *self, monotonic_ns);
    out.own_cpu_seconds = static_cast<double>(self->cpu_ticks) / ticks_per_second_;
    if (self->resident_pages > 0) out.own_resident_bytes = self->resident_pages * page_bytes_;
  }
  used_.swap(next_);
  out.host = host();
  return out;
}

}  // namespace ringside
