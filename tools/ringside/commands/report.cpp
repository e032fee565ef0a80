// Any report of any span of the past, of a history file: one that a daemon is writing, or a copy.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "daemon/config/units.h"
#include "daemon/history/baseline.h"
#include "daemon/history/history_reader.h"
#include "daemon/storage/files.h"
#include "report/analysis/comparison.h"
#include "report/analysis/past_snapshot.h"
#include "report/model/format.h"
#include "report/render/html/html.h"
#include "report/render/json.h"
#include "report/render/markdown.h"
#include "report/render/text.h"
#include "shm/clock.h"
#include "tools/ringside/commands/commands.h"
#include "tools/ringside/commands/past_span.h"

namespace ringside::tool {
namespace {

int refuse(const std::string& what) {
  std::fprintf(stderr, "ringside report: %s\n", what.c_str());
  return 1;
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

// The span of --compare-to. Empty: `why` says what is wrong.
std::optional<TimeSpan> other_span(const ReportOptions& options, const TimeSpan& reported,
                                   const HistoryExtent& extent, std::int64_t now_wall_s,
                                   std::string* why) {
  std::optional<TimeSpan> span;
  if (options.compare_to == "baseline") {
    const BaselineResult result = read_baseline(options.history);
    if (result.failure) *why = result.failure->message;
    if (result.baseline) span = {result.baseline->begin_wall_s, result.baseline->end_wall_s};
    if (!span && !result.failure) {
      *why = fmt::format(
          "--compare-to baseline: {} has none\n  next: ringside report {} --pin-baseline",
          options.history, options.history);
    }
  } else {
    span = compared_span(options.compare_to, reported, now_wall_s, why);
  }
  if (!span) return std::nullopt;
  const std::string asked =
      fmt::format("--compare-to {} ({} to {})", options.compare_to, minute_text(span->begin_wall_s),
                  minute_text(span->end_wall_s));
  if (span->begin_wall_s < reported.end_wall_s && reported.begin_wall_s < span->end_wall_s) {
    *why = fmt::format(
        "{}: it overlaps the span that is reported, {} to {}\n  next: give one that ends before "
        "it, or a shorter one with --since",
        asked, minute_text(reported.begin_wall_s), minute_text(reported.end_wall_s));
    return std::nullopt;
  }
  if (span->begin_wall_s < extent.end_wall_s && span->end_wall_s > extent.first_wall_s) return span;
  *why = fmt::format("{}: the history holds nothing of it, only {} to {}\n  next: give one within",
                     asked, minute_text(extent.first_wall_s), minute_text(extent.end_wall_s));
  return std::nullopt;
}

// Whole hours were read. The span is the one that was asked for, and what is reported is no part of
// it.
void keep_apart(const TimeSpan& other, const HistorySpan& reported, HistorySpan& then) {
  then.begin_wall_s = other.begin_wall_s;
  then.end_wall_s = other.end_wall_s;
  const auto reaches_in = [&](const auto& slot) {
    return slot.begin_wall_s < reported.end_wall_s &&
           slot.begin_wall_s + std::int64_t{slot.seconds} > reported.begin_wall_s;
  };
  for (HistoryRing& ring : then.rings) std::erase_if(ring.slots, reaches_in);
  std::erase_if(then.rings, [](const HistoryRing& ring) { return ring.slots.empty(); });
  for (HistorySeries& series : then.series) std::erase_if(series.slots, reaches_in);
  std::erase_if(then.series, [](const HistorySeries& series) { return series.slots.empty(); });
}

// Empty: `why` says what is wrong.
std::optional<Comparison> compared(const ReportOptions& options, const HistorySpan& span,
                                   const TimeSpan& other, const HistoryExtent& extent,
                                   std::string* why) {
  HistoryQuery query = query_of(other, has_minutes(extent, other.begin_wall_s));
  query.ring = options.ring;
  HistoryResult result = read_history(options.history, query);
  if (result.failure) {
    *why = result.failure->message;
    return std::nullopt;
  }
  HistorySpan& then = result.span;
  keep_apart(other, span, then);
  if (then.rings.empty()) {
    *why = fmt::format(
        "--compare-to {} ({} to {}): the history holds nothing of it: no daemon was running{}\n"
        "  next: give another span",
        options.compare_to, minute_text(other.begin_wall_s), minute_text(other.end_wall_s),
        options.ring.empty() ? "" : ", or that ring was not there");
    return std::nullopt;
  }
  if (!options.operation.empty()) keep_only(options.operation, then);
  Comparison comparison = compare_spans(span, then);
  comparison.asked = options.compare_to;
  return comparison;
}

// The history, its journal or its baseline: a report in their place would destroy them.
bool is_of_history(const std::string& output, const std::string& history) {
  std::error_code error;
  const auto real = [&](const std::string& path) {
    return std::filesystem::weakly_canonical(std::filesystem::absolute(path, error), error);
  };
  const std::string file = real(history).string();
  for (const char* suffix : {"", "-wal", "-shm", "-journal", ".baseline"}) {
    if (std::filesystem::equivalent(output, file + suffix, error)) return true;
    if (real(output) == file + suffix) return true;
  }
  return false;
}

// A file whole or not at all. A link, a device and a pipe stay what they are: they are written to.
std::optional<Failure> written(const std::string& output, const std::string& bytes) {
  std::error_code error;
  const auto type = std::filesystem::symlink_status(output, error).type();
  if (type == std::filesystem::file_type::regular || type == std::filesystem::file_type::not_found)
    return write_whole_file(output, bytes, 0640);
  std::FILE* file = std::fopen(output.c_str(), "we");
  if (file == nullptr) return system_failure(output, "cannot open", errno);
  const bool whole = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  const int why = errno;
  if (std::fclose(file) != 0 || !whole)
    return system_failure(output, "cannot write", whole ? errno : why);
  return std::nullopt;
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
  const std::int64_t now_wall_s = clock_ns(CLOCK_REALTIME) / kSecond;
  const auto asked =
      asked_span({options.history, options.since, options.until}, extent, now_wall_s, &why);
  if (!asked) return refuse(why);
  std::optional<TimeSpan> other;
  if (!options.compare_to.empty()) {
    other = other_span(options, *asked, extent, now_wall_s, &why);
    if (!other) return refuse(why);
  }
  HistoryQuery query = query_of(*asked, has_minutes(extent, asked->begin_wall_s));
  query.ring = options.ring;
  HistoryResult result = read_history(options.history, query);
  if (result.failure) return refuse(result.failure->message);
  HistorySpan& span = result.span;
  if (!options.ring.empty() && span.rings.empty()) return refuse(unknown_ring(options, query));
  const std::string names = names_of(span);
  if (!options.operation.empty() && !keep_only(options.operation, span)) {
    return refuse(
        fmt::format("--operation '{}' is not in that span; it has: {}\n  next: name one of these",
                    escape_visible(options.operation), names));
  }
  // The hour under way is not over.
  span.end_wall_s = std::min(span.end_wall_s, extent.end_wall_s);
  std::optional<Comparison> comparison;
  if (other) {
    comparison = compared(options, span, *other, extent, &why);
    if (!comparison) return refuse(why);
  }
  const Snapshot snapshot = past_snapshot(span);
  const Report whole(snapshot, &span, comparison ? &*comparison : nullptr);
  const std::string bytes = rendered(whole, options.format);
  if (options.output.empty()) {
    std::fwrite(bytes.data(), 1, bytes.size(), stdout);
    return 0;
  }
  if (is_of_history(options.output, options.history)) {
    return refuse(options.output +
                  ": this is the history itself, or belongs to it\n  next: give -o another path");
  }
  const auto failure = written(options.output, bytes);
  if (!failure) return 0;
  return refuse(failure->message +
                "\n  next: give -o a path in a directory that exists and that you may write");
}

}  // namespace ringside::tool
