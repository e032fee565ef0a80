// The span of a history that regressions are measured against.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "daemon/config/units.h"
#include "daemon/history/baseline.h"
#include "daemon/history/history_reader.h"
#include "daemon/http/past_span.h"
#include "report/model/format.h"
#include "report/model/sums.h"
#include "shm/clock.h"
#include "tools/ringside/commands/commands.h"

namespace ringside::tool {
namespace {

constexpr std::int64_t kWeekS = 7 * 86'400;
constexpr double kEnough = 0.95;  // of two days: a restart is no reason to refuse

int refuse_pin(const std::string& what) {
  std::fprintf(stderr, "ringside report: %s\n", what.c_str());
  return 1;
}

int remove_pin(const std::string& history) {
  bool removed = false;
  if (const auto failure = remove_baseline(history, &removed)) return refuse_pin(failure->message);
  std::printf("%s\n",
              removed
                  ? "the baseline is removed: the past week is what is usual, for the daemon from "
                    "its next start on"
                  : "there was no baseline");
  return 0;
}

}  // namespace

int pin_baseline(const ReportOptions& options, bool remove) {
  const HistoryExtent extent = history_extent(options.history);
  if (extent.failure) return refuse_pin(extent.failure->message);
  if (remove) return remove_pin(options.history);
  if (extent.last_wall_s == 0) {
    return refuse_pin(options.history +
                      ": this history is empty\n  next: let the daemon run for two days");
  }
  std::string why;
  const auto span = asked_span({options.history, options.since, options.until, kWeekS}, extent,
                               clock_ns(CLOCK_REALTIME) / kSecond, &why);
  if (!span) return refuse_pin(why);
  const std::string begin = minute_text(span->begin_wall_s);
  const std::string end = minute_text(span->end_wall_s);
  if (span->seconds() < kShortestBaselineS) {
    return refuse_pin(fmt::format(
        "{} to {} is too short: two days are needed to know what is usual at each hour, and the "
        "history holds {} to {}\n  next: {}",
        begin, end, minute_text(extent.first_wall_s), minute_text(extent.end_wall_s),
        extent.end_wall_s - extent.first_wall_s < kShortestBaselineS
            ? "let the daemon run for two days"
            : "give --since and --until two days apart or more"));
  }
  const HistoryResult held = read_history(options.history, query_of(*span, false));
  if (held.failure) return refuse_pin(held.failure->message);
  const double observed = observed_seconds(held.span);
  if (observed < kEnough * static_cast<double>(kShortestBaselineS)) {
    return refuse_pin(fmt::format(
        "of {} to {} the daemon saw only {}: two days are needed to know what is usual at each "
        "hour\n  next: give a longer span with --since and --until",
        begin, end, format_span(observed * 1e9)));
  }
  if (const auto failure =
          write_baseline(options.history, {span->begin_wall_s, span->end_wall_s})) {
    return refuse_pin(failure->message +
                      "\n  next: run it as the user whom the history's directory belongs to");
  }
  std::printf("baseline: %s to %s, %s of it seen; in %s\n%s\n", begin.c_str(), end.c_str(),
              format_span(observed * 1e9).c_str(), baseline_path(options.history).c_str(),
              "  --compare-to baseline takes it now, the daemon at its next start");
  return 0;
}

}  // namespace ringside::tool
