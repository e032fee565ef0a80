// What the server's processes hold and may run out of: descriptors, threads, memory. How much of it
// is used, and how long what is left will last.
#include <fmt/format.h>

#include <algorithm>

#include "daemon/alerts/readings.h"
#include "report/analysis/judgement.h"
#include "report/model/format.h"

namespace ringside {

namespace {

// A process that has just started grows until it is warm.
constexpr double kWarmS = 300;

std::string key_of(const ProcessView& process) {
  return fmt::format("{}|{}", process.pid, process.ring);
}

// The lowest raise that the value has not reached yet. Absent: none.
std::optional<double> next_level(const Levels& levels, double value) {
  for (const auto& bounds : levels.bounds) {
    if (bounds && bounds->raise > value) return bounds->raise;
  }
  return std::nullopt;
}

}  // namespace

void Readings::remember_processes() {
  std::map<std::string, RuleMemory::Process> now;
  for (const ProcessView& process : s_.processes) {
    const double up_s = process.uptime_seconds.value_or(0);
    if (up_s < kWarmS) continue;
    const std::string key = key_of(process);
    RuleMemory::Process& memory = now[key] = std::move(memory_.processes[key]);
    if (process.resident_bytes)
      memory.resident.add(up_s, static_cast<double>(*process.resident_bytes));
    if (process.threads) memory.threads.add(up_s, static_cast<double>(*process.threads));
    if (process.open_files) memory.open_files.add(up_s, other_files(process));
  }
  memory_.processes = std::move(now);
}

// A connection is a descriptor, and clients that come are no leak. With several processes it is not
// known whose the connections are.
double Readings::other_files(const ProcessView& process) const {
  const auto files = static_cast<double>(*process.open_files);
  const auto of_ring = std::count_if(s_.processes.begin(), s_.processes.end(),
                                     [&](const auto& p) { return p.ring == process.ring; });
  const GaugeView* gauge = connections_of(s_, process.ring);
  if (of_ring != 1 || gauge == nullptr) return files;
  return std::max(0.0, files - static_cast<double>(gauge->value));
}

void Readings::add_growth(AlertType alert, const char* figure, const Levels& levels,
                          const RingView& ring, Growth RuleMemory::Process::*of,
                          const std::function<std::optional<Room>(const ProcessView&)>& room_of) {
  struct Nearest {
    Growth::Pace pace;
    std::string text;
  };
  std::optional<Nearest> nearest;
  bool any = false;
  for (const ProcessView& process : s_.processes) {
    const auto memory = memory_.processes.find(key_of(process));
    const std::optional<Room> room = room_of(process);
    if (process.ring != ring.name || !room) continue;
    any = true;
    // A process that has just started does not leak yet.
    if (memory == memory_.processes.end()) continue;
    const auto pace = (memory->second.*of).until(room->now, room->limit);
    if (!pace || (nearest && nearest->pace.seconds_left <= pace->seconds_left)) continue;
    const double hourly = pace->per_second * 3600;
    nearest = Nearest{
        *pace, fmt::format("{} of process {} grow by {} an hour: at this pace {} is reached in {}",
                           room->what, process.pid, room->text_of(hourly), room->limit_text,
                           format_span(std::max(pace->seconds_left, 0.0) * 1e9))};
  }
  if (!any) return;
  Reading& r = add(alert, figure, levels, AlertUnit::per_hour);
  r.ring = ring.name;
  // At the limit nothing is left. A second is as good as nothing.
  r.value = nearest ? 3600 / std::max(nearest->pace.seconds_left, 1.0) : 0;
  r.text = nearest ? nearest->text : "nothing grows so that its limit would be reached soon";
}

void Readings::growth(const RingView& ring) {
  add_growth(AlertType::high_memory, "growth", alerts_.memory_growth, ring,
             &RuleMemory::Process::resident,
             [&](const ProcessView& process) { return memory_room(process); });
  add_growth(AlertType::system_overload, "open_files_growth", alerts_.resource_growth, ring,
             &RuleMemory::Process::open_files,
             [](const ProcessView& process) -> std::optional<Room> {
               if (!process.open_files || !process.open_files_limit) return std::nullopt;
               return Room{static_cast<double>(*process.open_files),
                           static_cast<double>(*process.open_files_limit), "open files",
                           fmt::format("the limit of {}", format_count(*process.open_files_limit)),
                           [](double n) { return format_number(n); }};
             });
  add_growth(AlertType::system_overload, "threads_growth", alerts_.resource_growth, ring,
             &RuleMemory::Process::threads, [&](const ProcessView& process) -> std::optional<Room> {
               if (!process.threads) return std::nullopt;
               const auto now = static_cast<double>(*process.threads);
               const auto limit = next_level(alerts_.threads, now);
               if (!limit) return std::nullopt;
               return Room{now, *limit, "threads",
                           fmt::format("the threshold of {}", format_number(*limit)),
                           [](double n) { return format_number(n); }};
             });
}

// Until the configured threshold, or until the host has no memory left, whichever comes first.
std::optional<Readings::Room> Readings::memory_room(const ProcessView& process) const {
  if (!process.resident_bytes) return std::nullopt;
  const auto bytes = [](double n) { return format_bytes(static_cast<std::uint64_t>(n)); };
  const auto now = static_cast<double>(*process.resident_bytes);
  std::optional<double> limit;
  std::string text;
  if (const auto next = next_level(
          alerts_.memory.times(static_cast<double>(config_.thresholds.memory_bytes)), now)) {
    limit = *next;
    text = "the threshold of " + bytes(*next);
  }
  if (const auto available = s_.host.memory_available_bytes) {
    const double host = now + static_cast<double>(*available);
    if (!limit || host < *limit) {
      limit = host;
      text = "the end of the host's memory";
    }
  }
  if (!limit) return std::nullopt;
  return Room{now, *limit, "the resident bytes", text, bytes};
}

void Readings::descriptors(const RingView& ring) {
  const ProcessView* fullest = nullptr;
  const ProcessView* most_threads = nullptr;
  const auto share = [](const ProcessView& process) {
    return static_cast<double>(*process.open_files) /
           static_cast<double>(std::max<std::uint64_t>(*process.open_files_limit, 1));
  };
  for (const ProcessView& process : s_.processes) {
    if (process.ring != ring.name) continue;
    if (process.open_files && process.open_files_limit &&
        (fullest == nullptr || share(process) > share(*fullest)))
      fullest = &process;
    if (process.threads && (most_threads == nullptr || *process.threads > *most_threads->threads))
      most_threads = &process;
  }
  if (fullest != nullptr) {
    Reading& r = add(AlertType::system_overload, "open_files", alerts_.open_files_percent,
                     AlertUnit::percent);
    r.ring = ring.name;
    r.value = share(*fullest) * 100;
    r.text =
        fmt::format("process {} has {} of {} files open", fullest->pid,
                    format_count(*fullest->open_files), format_count(*fullest->open_files_limit));
  }
  if (most_threads != nullptr) {
    Reading& r = add(AlertType::system_overload, "threads", alerts_.threads, AlertUnit::threads);
    r.ring = ring.name;
    r.value = static_cast<double>(*most_threads->threads);
    r.text = fmt::format("process {} has {} threads", most_threads->pid,
                         format_count(*most_threads->threads));
  }
}

}  // namespace ringside
