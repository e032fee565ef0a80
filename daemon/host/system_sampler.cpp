#include "daemon/host/system_sampler.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "shm/file_descriptor.h"

namespace ringside {
namespace {

std::uint64_t count_entries(const std::string& directory) {
  std::uint64_t count = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) ++count;
  return count;
}

std::uint32_t count_cpus(std::string_view stat) {
  std::uint32_t count = 0;
  for (std::size_t at = stat.find("\ncpu"); at != std::string_view::npos; at = stat.find("\ncpu", at + 1)) ++count;
  return count;
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
  while ((n = ::read(fd.get(), buffer, sizeof buffer)) > 0) text.append(buffer, static_cast<std::size_t>(n));
  return text;
}

double SystemSampler::cpu_percent(std::uint32_t pid, const ProcessStat& stat, std::int64_t now_ns) {
  const std::pair key(pid, stat.start_time);
  next_[key] = {stat.cpu_ticks, now_ns};
  const auto before = used_.find(key);
  if (before == used_.end() || now_ns <= before->second.at_ns || stat.cpu_ticks < before->second.cpu_ticks) return 0;
  const double seconds = static_cast<double>(now_ns - before->second.at_ns) / 1e9;
  return static_cast<double>(stat.cpu_ticks - before->second.cpu_ticks) / ticks_per_second_ / seconds * 100;
}

SystemSampler::Sample SystemSampler::sample(const std::vector<Target>& targets, std::int64_t monotonic_ns,
                                            std::int64_t boottime_ns) {
  Sample out;
  next_.clear();
  for (const Target& target : targets) {
    const std::string pid = std::to_string(target.pid);
    const auto stat = parse_process_stat(read(pid + "/stat"));
    if (!stat || (target.start_time != 0 && stat->start_time != target.start_time)) continue;
    ProcessView view;
    view.ring = target.ring;
    view.pid = target.pid;
    view.cpu_percent = cpu_percent(target.pid, *stat, monotonic_ns);
    view.resident_bytes = stat->resident_pages * page_bytes_;
    view.open_files = count_entries(root_ + "/" + pid + "/fd");
    view.threads = stat->threads;
    view.uptime_seconds = std::max(
        0.0, static_cast<double>(boottime_ns) / 1e9 - static_cast<double>(stat->start_time) / ticks_per_second_);
    out.processes.push_back(std::move(view));
  }
  if (const auto self = parse_process_stat(read("self/stat"))) {
    out.own_cpu_percent = cpu_percent(static_cast<std::uint32_t>(getpid()), *self, monotonic_ns);
    out.own_resident_bytes = self->resident_pages * page_bytes_;
  }
  used_.swap(next_);

  const std::string stat = read("stat");
  if (const auto cpu = parse_host_cpu(stat)) {
    const std::uint64_t total = cpu->total - std::min(host_used_.total, cpu->total);
    const std::uint64_t busy = cpu->busy - std::min(host_used_.busy, cpu->busy);
    // At the first sample there is nothing to compare with but the time since boot, which says nothing about now.
    if (host_used_.total > 0 && total > 0) {
      out.host.cpu_percent = std::min(100.0, 100 * static_cast<double>(busy) / static_cast<double>(total));
    }
    host_used_ = *cpu;
    out.host.cpus = count_cpus(stat);
  }
  if (const auto load = parse_loadavg(read("loadavg"))) {
    out.host.load_1m = load->one;
    out.host.load_5m = load->five;
    out.host.load_15m = load->fifteen;
  }
  if (const auto memory = parse_meminfo(read("meminfo"))) {
    out.host.memory_total_bytes = memory->total_bytes;
    out.host.memory_available_bytes = memory->available_bytes;
  }
  return out;
}

}  // namespace ringside
