#include "daemon/history/replay.h"

#include <pthread.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <set>
#include <stdexcept>
#include <utility>

#include "daemon/history/baseline.h"
#include "daemon/history/history_reader.h"
#include "daemon/history/spans.h"
#include "report/analysis/in_trouble.h"
#include "report/model/format.h"

namespace ringside {
namespace {

constexpr std::int64_t kPastS = 7 * kDayS;  // of which the usual levels are made
constexpr int kLowPriority = 10;

HistorySpan read(const std::string& path, std::int64_t begin_wall_s, std::int64_t end_wall_s,
                 HistoryQuery::Slots slots) {
  HistoryQuery query;
  query.begin_wall_s = begin_wall_s;
  query.end_wall_s = end_wall_s;
  query.slots = slots;
  HistoryResult result = read_history(path, query);
  if (result.failure) throw std::runtime_error(result.failure->message);
  return std::move(result.span);
}

void learn_hours(RegressionWatch& watch, const std::string& path, std::int64_t begin_wall_s,
                 std::int64_t end_wall_s) {
  const HistorySpan span = read(path, begin_wall_s, end_wall_s, HistoryQuery::Slots::hours);
  for (std::int64_t hour = span.begin_wall_s; hour < span.end_wall_s; hour += kHourS)
    watch.learn_hour(hour, span.series, in_trouble(span.incidents, hour, kHourS));
}

// Minutes in which nobody looked are none.
void add_minutes(RegressionWatch& watch, const std::string& path, std::int64_t begin_wall_s,
                 std::int64_t end_wall_s, const std::atomic<bool>& stop) {
  const HistorySpan span = read(path, begin_wall_s, end_wall_s, HistoryQuery::Slots::minutes);
  // A writer that tidies meanwhile removes the oldest minutes.
  if (span.rings.empty()) learn_hours(watch, path, begin_wall_s, begin_wall_s + kHourS);
  std::set<std::int64_t> observed;
  for (const HistoryRing& ring : span.rings) {
    for (const HistoryRingSlot& slot : ring.slots) observed.insert(slot.begin_wall_s);
  }
  for (const std::int64_t minute : observed) {
    if (stop) return;
    watch.add_minute(minute, span.series, in_trouble(span.incidents, minute, 60));
  }
}

bool overlap(const RegressionOptions& options, std::int64_t begin_wall_s, std::int64_t end_wall_s) {
  return begin_wall_s < options.pinned_end_wall_s && end_wall_s > options.pinned_begin_wall_s;
}

// Whether some hour of the day is known of two days of the week, which makes it usual.
bool knows_two_days(const std::string& path, std::int64_t begin_wall_s, std::int64_t end_wall_s,
                    const std::atomic<bool>& stop) {
  std::array<std::uint8_t, 24> days{};  // a bit for each day of the week
  for (std::int64_t at = begin_wall_s; at < end_wall_s && !stop; at += kDayS) {
    const HistorySpan span =
        read(path, at, std::min(at + kDayS, end_wall_s), HistoryQuery::Slots::hours);
    for (const HistorySeries& series : span.series) {
      for (const HistorySlot& slot : series.slots) {
        std::uint8_t& known = days[static_cast<std::size_t>(slot.begin_wall_s / kHourS % 24)];
        known = static_cast<std::uint8_t>(known | 1U << (slot.begin_wall_s / kDayS % 7));
        if (std::popcount(known) > 1) return true;
      }
    }
  }
  return false;
}

RegressionOptions known_baseline(const std::string& path, RegressionOptions options,
                                 const HistoryExtent& extent, std::int64_t until_wall_s,
                                 const std::atomic<bool>& stop) {
  if (!options.pinned()) return options;
  const std::string from = format_wall(options.pinned_begin_wall_s * kNsPerSecond);
  const std::string to = format_wall(options.pinned_end_wall_s * kNsPerSecond);
  const std::int64_t begin = std::max(extent.first_wall_s, options.pinned_begin_wall_s);
  const std::int64_t end = std::min(extent.last_wall_s + kHourS, options.pinned_end_wall_s);
  // One that has not ended yet is still learned.
  if (options.pinned_end_wall_s > until_wall_s ||
      knows_two_days(path, floor_to(begin, kHourS), end, stop)) {
    spdlog::info("what is usual is the pinned baseline, from {} to {}", from, to);
  } else if (!stop) {
    spdlog::error(
        "{}: the history no longer has two days of the pinned baseline, from {} to {}\n"
        "  the past week is what is usual\n"
        "  next: pin another one with ringside report --pin-baseline",
        baseline_path(path), from, to);
    options.pinned_begin_wall_s = options.pinned_end_wall_s = 0;
  }
  return options;
}

}  // namespace

RegressionWatch replay_history(const std::string& path, const RegressionOptions& options,
                               std::int64_t until_wall_s, const std::atomic<bool>& stop) {
  const HistoryExtent extent = history_extent(path);
  const bool absent = extent.failure && extent.failure->error_number == ENOENT;
  if (extent.failure && !absent) throw std::runtime_error(extent.failure->message);
  RegressionWatch watch(known_baseline(path, options, extent, until_wall_s, stop));
  if (absent) return watch;
  std::int64_t oldest = until_wall_s - kPastS;
  if (watch.options().pinned()) oldest = std::min(oldest, watch.options().pinned_begin_wall_s);
  const std::int64_t first = floor_to(std::max(extent.first_wall_s, oldest), kHourS);
  const std::int64_t minutes =
      extent.first_minute_wall_s == 0 ? until_wall_s : extent.first_minute_wall_s;
  const std::int64_t hours_end = floor_to(std::min(minutes, until_wall_s), kHourS);
  for (std::int64_t at = first; at < hours_end && !stop; at += kDayS) {
    const std::int64_t end = std::min(at + kDayS, hours_end);
    if (!watch.options().pinned() || overlap(watch.options(), at, end))
      learn_hours(watch, path, at, end);
  }
  for (std::int64_t at = std::max(first, hours_end); at < until_wall_s && !stop; at += kHourS)
    add_minutes(watch, path, at, std::min(at + kHourS, until_wall_s), stop);
  return watch;
}

HistoryReplay::~HistoryReplay() { stop(); }

std::future<RegressionWatch> HistoryReplay::start(std::string path,
                                                  const RegressionOptions& options,
                                                  std::int64_t until_wall_s) {
  std::packaged_task<RegressionWatch()> task([this, path = std::move(path), options, until_wall_s] {
    pthread_setname_np(pthread_self(), "replay");
    setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kLowPriority);
    return replay_history(path, options, until_wall_s, stop_);
  });
  std::future<RegressionWatch> watch = task.get_future();
  thread_ = std::thread(std::move(task));
  return watch;
}

void HistoryReplay::stop() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

}  // namespace ringside
