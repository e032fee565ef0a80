#include "daemon/history/replay.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <utility>

#include "daemon/history/history_reader.h"
#include "daemon/history/spans.h"
#include "report/analysis/in_trouble.h"

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

}  // namespace

RegressionWatch replay_history(const std::string& path, const RegressionOptions& options,
                               std::int64_t until_wall_s, const std::atomic<bool>& stop) {
  RegressionWatch watch(options);
  const HistoryExtent extent = history_extent(path);
  if (extent.failure && extent.failure->error_number == ENOENT) return watch;
  if (extent.failure) throw std::runtime_error(extent.failure->message);
  std::int64_t oldest = until_wall_s - kPastS;
  if (options.pinned_end_wall_s > options.pinned_begin_wall_s)
    oldest = std::min(oldest, options.pinned_begin_wall_s);
  const std::int64_t first = floor_to(std::max(extent.first_wall_s, oldest), kHourS);
  const std::int64_t minutes =
      extent.first_minute_wall_s == 0 ? until_wall_s : extent.first_minute_wall_s;
  const std::int64_t hours_end = floor_to(std::min(minutes, until_wall_s), kHourS);
  for (std::int64_t at = first; at < hours_end && !stop; at += kDayS)
    learn_hours(watch, path, at, std::min(at + kDayS, hours_end));
  for (std::int64_t at = std::max(first, hours_end); at < until_wall_s && !stop; at += kHourS) {
    const HistorySpan span =
        read(path, at, std::min(at + kHourS, until_wall_s), HistoryQuery::Slots::minutes);
    // A writer that tidies meanwhile removes the oldest minutes.
    if (span.rings.empty()) learn_hours(watch, path, at, at + kHourS);
    for (std::int64_t minute = span.begin_wall_s; minute < span.end_wall_s && !stop; minute += 60)
      watch.add_minute(minute, span.series, in_trouble(span.incidents, minute, 60));
  }
  return watch;
}

HistoryReplay::~HistoryReplay() { stop(); }

std::future<RegressionWatch> HistoryReplay::start(std::string path,
                                                  const RegressionOptions& options,
                                                  std::int64_t until_wall_s) {
  std::packaged_task<RegressionWatch()> task([this, path = std::move(path), options, until_wall_s] {
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
