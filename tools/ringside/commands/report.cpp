// Any report of any span of the past, of a history file: one that a daemon is writing, or a copy.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "daemon/config/units.h"
#include "daemon/history/history_reader.h"
#include "daemon/storage/files.h"
#include "report/analysis/past_snapshot.h"
#include "report/model/format.h"
#include "report/render/html/html.h"
#include "report/render/json.h"
#include "report/render/markdown.h"
#include "report/render/text.h"
#include "shm/clock.h"
#include "tools/ringside/commands/commands.h"
#include "tools/ringside/commands/instants.h"

namespace ringside::tool {
namespace {

constexpr std::int64_t kHourS = 3600;

int refuse(const std::string& what) {
  std::fprintf(stderr, "ringside report: %s\n", what.c_str());
  return 1;
}

std::string minute_of(std::int64_t wall_s) {
  return format_wall(wall_s * kSecond).substr(0, 16) + "Z";
}

// The span that is asked for, cut to what the file holds. Empty: `why` says what is wrong.
std::optional<HistoryQuery> query_of(const ReportOptions& options, const HistoryExtent& extent,
                                     std::int64_t now_wall_s, std::string* why) {
  const auto instant = [&](const char* flag, const std::string& text, std::int64_t otherwise) {
    if (text.empty()) return std::optional(otherwise);
    const auto found = parse_instant(text, now_wall_s);
    if (!found) {
      *why = fmt::format(
          "{} '{}': expected a UTC time such as 2026-11-27T02:00Z, or how long ago, such as 8h\n"
          "  next: ringside report --help",
          flag, escape_visible(text));
    }
    return found;
  };
  const std::int64_t end_of_file = extent.end_wall_s;
  const auto until = instant("--until", options.until, end_of_file);
  if (!until) return std::nullopt;
  const auto since = instant("--since", options.since, std::min(*until, end_of_file) - 8 * kHourS);
  if (!since) return std::nullopt;
  HistoryQuery query;
  query.ring = options.ring;
  query.begin_wall_s = std::max(*since, extent.first_wall_s) / 60 * 60;
  // A slot belongs to the span that holds its begin.
  query.end_wall_s = (std::min(*until, end_of_file) + 59) / 60 * 60;
  if (options.until.empty() && *since >= end_of_file) {
    *why = fmt::format("--since {}: the history ends at {}\n  next: give an earlier --since",
                       minute_of(*since), minute_of(end_of_file));
    return std::nullopt;
  }
  if (*since >= *until) {
    *why = fmt::format("--since {} is not before --until {}\n  next: give an earlier --since",
                       minute_of(*since), minute_of(*until));
    return std::nullopt;
  }
  if (query.begin_wall_s >= query.end_wall_s) {
    *why = fmt::format(
        "{}: it holds nothing of {} to {}, only {} to {}\n  next: give --since and --until within",
        options.history, minute_of(*since), minute_of(*until), minute_of(extent.first_wall_s),
        minute_of(end_of_file));
    return std::nullopt;
  }
  // Of old times only hours are kept: whole ones, with those that the span begins and ends in.
  if (extent.first_minute_wall_s == 0 || query.begin_wall_s < extent.first_minute_wall_s) {
    query.slots = HistoryQuery::Slots::hours;
    query.begin_wall_s = query.begin_wall_s / kHourS * kHourS;
    query.end_wall_s = (query.end_wall_s + kHourS - 1) / kHourS * kHourS;
  }
  return query;
}

// Leaves the one operation, and all events: security and the database are told by them.
bool keep_only(const std::string& operation, HistorySpan& span) {
  std::erase_if(span.series, [&](const HistorySeries& series) {
    return !series.event && series.name != operation;
  });
  return std::any_of(span.series.begin(), span.series.end(),
                     [](const HistorySeries& series) { return !series.event; });
}

std::string names_of(const HistorySpan& span) {
  std::string names;
  for (const HistorySeries& series : span.series) {
    if (!series.event) names += (names.empty() ? "" : ", ") + escape_visible(series.name);
  }
  return names.empty() ? "none" : names;
}

std::string unknown_ring(const ReportOptions& options, HistoryQuery query) {
  query.ring.clear();
  std::string rings;
  for (const HistoryRing& ring : read_history(options.history, query).span.rings)
    rings += (rings.empty() ? "" : ", ") + escape_visible(ring.ring);
  return fmt::format("--ring '{}' is not in that span; it has: {}\n  next: name one of these",
                     escape_visible(options.ring), rings.empty() ? "none" : rings);
}

std::string rendered(const Report& report, const std::string& format) {
  if (format == "markdown") return render_markdown(report);
  if (format == "html") return render_html(report);
  if (format == "json") return render_json(report) + "\n";
  return render_text(report);
}

}  // namespace

int report(const ReportOptions& options) {
  const HistoryExtent extent = history_extent(options.history);
  if (extent.failure) return refuse(extent.failure->message);
  if (extent.last_wall_s == 0) {
    return refuse(options.history +
                  ": this history is empty\n  next: let the daemon run for a minute");
  }
  std::string why;
  const auto query = query_of(options, extent, clock_ns(CLOCK_REALTIME) / kSecond, &why);
  if (!query) return refuse(why);
  HistoryResult result = read_history(options.history, *query);
  if (result.failure) return refuse(result.failure->message);
  HistorySpan& span = result.span;
  if (!options.ring.empty() && span.rings.empty()) return refuse(unknown_ring(options, *query));
  const std::string names = names_of(span);
  if (!options.operation.empty() && !keep_only(options.operation, span)) {
    return refuse(
        fmt::format("--operation '{}' is not in that span; it has: {}\n  next: name one of these",
                    escape_visible(options.operation), names));
  }
  // The hour under way is not over.
  span.end_wall_s = std::min(span.end_wall_s, extent.end_wall_s);
  const Snapshot snapshot = past_snapshot(span);
  const std::string bytes = rendered(Report(snapshot, &span), options.format);
  if (options.output.empty()) {
    std::fwrite(bytes.data(), 1, bytes.size(), stdout);
    return 0;
  }
  std::error_code error;
  if (std::filesystem::equivalent(options.output, options.history, error)) {
    return refuse(options.output + ": this is the history itself\n  next: give -o another path");
  }
  const auto failure = write_whole_file(options.output, bytes, 0640);
  if (!failure) return 0;
  return refuse(failure->message +
                "\n  next: give -o a path in a directory that exists and that you may write");
}

}  // namespace ringside::tool
