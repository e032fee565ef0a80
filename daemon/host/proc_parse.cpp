#include "daemon/host/proc_parse.h"

#include <array>
#include <charconv>

#include "shm/identity.h"

namespace ringside {
namespace {

// Removes the next word from the front. Words are separated by white space.
std::string_view take_word(std::string_view& text) {
  const std::size_t begin = text.find_first_not_of(" \t\n");
  if (begin == std::string_view::npos) {
    text = {};
    return {};
  }
  text.remove_prefix(begin);
  const std::string_view word = text.substr(0, text.find_first_of(" \t\n"));
  text.remove_prefix(word.size());
  return word;
}

template <typename T>
bool take_number(std::string_view& text, T& value) {
  const std::string_view word = take_word(text);
  const auto result = std::from_chars(word.data(), word.data() + word.size(), value);
  return result.ec == std::errc{} && result.ptr == word.data() + word.size();
}

}  // namespace

std::optional<ProcessStat> parse_process_stat(std::string_view text) {
  ProcessStat stat;
  stat.start_time = start_time_from_stat(text);
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos || stat.start_time == 0) return std::nullopt;
  std::string_view rest = text.substr(name_end + 1);
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  for (int field = 3; field <= 24; ++field) {
    bool read = true;
    if (field == 3) {
      const std::string_view state = take_word(rest);
      stat.stopped = state == "T" || state == "t";
    } else if (field == 14) {
      read = take_number(rest, user);
    } else if (field == 15) {
      read = take_number(rest, system);
    } else if (field == 20) {
      read = take_number(rest, stat.threads);
    } else if (field == 24) {
      read = take_number(rest, stat.resident_pages);
    } else {
      take_word(rest);
    }
    if (!read) return std::nullopt;
  }
  stat.cpu_ticks = user + system;
  return stat;
}

std::optional<HostCpu> parse_host_cpu(std::string_view text) {
  if (take_word(text) != "cpu") return std::nullopt;
  // The fields are user nice system idle iowait irq softirq steal. The guest times that follow are
  // already part of user and nice.
  std::array<std::uint64_t, 8> ticks{};
  for (std::uint64_t& field : ticks) {
    if (!take_number(text, field)) return std::nullopt;
  }
  HostCpu cpu;
  for (const std::uint64_t field : ticks) cpu.total += field;
  cpu.busy = cpu.total - ticks[3] - ticks[4];
  return cpu;
}

std::optional<LoadAverage> parse_loadavg(std::string_view text) {
  LoadAverage load;
  if (!take_number(text, load.one) || !take_number(text, load.five) ||
      !take_number(text, load.fifteen)) {
    return std::nullopt;
  }
  return load;
}

std::optional<MemoryInfo> parse_meminfo(std::string_view text) {
  std::optional<std::uint64_t> total, available;
  while (!text.empty() && !(total && available)) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() < text.size() ? line.size() + 1 : text.size());
    const std::string_view name = take_word(line);
    std::uint64_t kilobytes = 0;
    if ((name == "MemTotal:" || name == "MemAvailable:") && take_number(line, kilobytes)) {
      (name == "MemTotal:" ? total : available) = kilobytes * 1024;
    }
  }
  if (!total || !available) return std::nullopt;
  return MemoryInfo{*total, *available};
}

std::optional<std::uint64_t> parse_open_files_limit(std::string_view text) {
  constexpr std::string_view kName = "Max open files";
  const std::size_t at = text.find(kName);
  if (at == std::string_view::npos || (at > 0 && text[at - 1] != '\n')) return std::nullopt;
  text.remove_prefix(at + kName.size());
  text = text.substr(0, text.find('\n'));
  std::uint64_t soft = 0;
  if (!take_number(text, soft)) return std::nullopt;
  return soft;
}

std::optional<Pressure> parse_pressure(std::string_view text) {
  std::optional<double> some;
  double full = 0;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() < text.size() ? line.size() + 1 : text.size());
    const std::string_view kind = take_word(line);
    std::string_view average = take_word(line);
    constexpr std::string_view kTen = "avg10=";
    if (!average.starts_with(kTen)) continue;
    average.remove_prefix(kTen.size());
    double percent = 0;
    if (!take_number(average, percent) || !(percent >= 0 && percent <= 100)) continue;
    if (kind == "some") some = percent;
    if (kind == "full") full = percent;
  }
  if (!some) return std::nullopt;
  return Pressure{*some, full};
}

}  // namespace ringside
