// Histograms of latency of a span of a history, or of what a running daemon knows.
#include <cmath>
#include <cstdio>
#include <map>
#include <optional>
#include <string>

#include "daemon/http/past_span.h"
#include "report/model/format.h"
#include "shm/clock.h"
#include "tools/ringside/commands/hist.h"
#include "tools/ringside/commands/hist_shown.h"
#include "tools/ringside/hist/chart_screen.h"
#include "tools/ringside/lines/terminal.h"
#include "tools/ringside/past/moment.h"
#include "tools/ringside/past/name_filter.h"
#include "tools/ringside/past/source.h"
#include "tools/ringside/source/interrupts.h"

namespace ringside::tool {

namespace {

using past::Figures;
using past::FigureSeries;

constexpr std::int64_t kEachNs = 1'000'000'000;
constexpr std::size_t kLastHour = 2;  // of past::kWindowsS: what a daemon is asked for

int refuse(const std::string& what, int code) {
  std::fprintf(stderr, "ringside hist: %s\n", what.c_str());
  return code;
}

// What this source cannot do, or empty.
std::string impossible(const HistOptions& options) {
  const char* next =
      "\n  next: leave it out, give --by op, or ask a ring or a recording, which has single calls";
  if (options.by != HistBy::nothing && options.by != HistBy::op)
    return std::string("--by: a history has latencies by operation and no single calls") + next;
  if (options.heatmap && options.past.history.empty())
    return "--heatmap: a daemon tells one histogram of a span\n  next: ringside hist --history "
           "FILE --heatmap, or leave it out";
  if (!options.compare.empty() && options.past.history.empty())
    return "--compare: expected a ring, or --history, beside it\n  next: ringside hist --history "
           "FILE --compare OTHER_FILE, or --compare-since and --compare-until";
  const bool spanned = !options.filter.since.empty() || !options.filter.until.empty();
  if (!options.at.empty() && spanned)
    return "--at: found a moment and a span\n  next: give either --at or --since and --until";
  return {};
}

std::int64_t ns_of(std::uint64_t ns) { return static_cast<std::int64_t>(ns); }

class Minutes {
 public:
  Minutes(past::MinuteSource& source, const HistOptions& options, past::NameFilter filter)
      : source_(source), options_(options), filter_(std::move(filter)) {}

  // A running daemon's last hour.
  std::optional<Failure> read_now() {
    Figures figures;
    if (auto failure = source_.now({kLastHour, false, std::nullopt}, figures)) return failure;
    take(figures, source_.name() + ", the last hour");
    return std::nullopt;
  }

  // The span that is asked for. The exit code, or nothing when it was read.
  std::optional<int> read(const std::string& since, const std::string& until,
                          const std::string& at) {
    past::Held held;
    if (const auto failure = source_.held(held)) return refuse(failure->message, 1);
    std::string why;
    TimeSpan span{};
    if (!at.empty()) {
      const auto minute = past::minute_of(at, held, why);
      if (!minute) return refuse("--at: " + why, 2);
      span = {*minute, *minute + 60};
    } else {
      HistoryExtent extent;
      extent.first_wall_s = extent.first_minute_wall_s = held.begin_wall_s;
      extent.last_wall_s = held.end_wall_s - 60;
      extent.end_wall_s = held.end_wall_s;
      AskedSpan asked{source_.name(), since, until};
      asked.words.help = "ringside hist --help";
      const auto found = asked_span(asked, extent, clock_ns(CLOCK_REALTIME) / kEachNs, &why);
      if (!found) return refuse(why, 2);
      span = *found;
    }
    Figures figures;
    if (const auto failure =
            source_.read({span.begin_wall_s, span.end_wall_s, options_.heatmap}, figures))
      return refuse(failure->message, 1);
    take(figures, source_.name() + ", " +
                      past::span_words(figures.begin_wall_s, figures.end_wall_s) +
                      (figures.hours ? " (whole hours)" : ""));
    return std::nullopt;
  }

  HistShown shown() const {
    HistShown out;
    for (const auto& [name, group] : groups_) out.groups.push_back(group);
    out.whole = groups_.empty() ? LatencyGroup{title_, {}, 0} : groups_.begin()->second;
    for (const auto& [begin_s, latency] : points_) {
      for (const Histogram::Bucket& bucket : latency.buckets)
        out.points.push_back({begin_s * kEachNs, bucket.index, bucket.count});
    }
    out.steps = steps_;
    return out;
  }

  void say_end(const char* command) const {
    std::fprintf(stderr,
                 "%s: %s, %s of it observed: %s calls and events, %s filtered out, %s lost\n",
                 command, title_.c_str(), format_span(seconds_ * 1e9).c_str(),
                 format_count(matched_).c_str(), format_count(filtered_).c_str(),
                 format_count(lost_).c_str());
  }

 private:
  void take(const Figures& figures, std::string title) {
    title_ = std::move(title);
    groups_.clear();
    points_.clear();
    matched_ = filtered_ = 0;
    seconds_ = figures.seconds;
    lost_ = figures.lost;
    const std::int64_t step_s = figures.hours ? 3600 : 60;
    steps_ = static_cast<std::size_t>(
        std::max<std::int64_t>((figures.end_wall_s - figures.begin_wall_s) / step_s, 1));
    for (const FigureSeries& one : figures.series) {
      const std::uint64_t count = one.stats.count();
      if (!filter_.wants(one.key, one.category)) {
        filtered_ += count;
        continue;
      }
      matched_ += count;
      if (one.stats.recorded > 0) add(one, figures.rings.size() > 1);
    }
  }

  void add(const FigureSeries& one, bool several_rings) {
    const WindowStats& stats = one.stats;
    // An event without a duration is a moment: it has no latency.
    if (one.key.event && stats.timed == 0) return;
    const bool by_op = options_.by == HistBy::op;
    const std::string name =
        escape_visible(several_rings ? one.key.ring + ": " + one.key.name : one.key.name);
    LatencyGroup& group = groups_[by_op ? name : title_];
    group.name = by_op ? name : title_;
    group.latencies.add(stats.latency, ns_of(stats.min_ns), ns_of(stats.max_ns));
    if (!one.key.event) group.untimed += stats.recorded - stats.timed;
    if (!options_.heatmap) return;
    for (const auto& minute : one.minutes) points_[minute.first].merge(minute.second);
  }

  past::MinuteSource& source_;
  const HistOptions& options_;
  const past::NameFilter filter_;
  std::string title_;
  std::map<std::string, LatencyGroup> groups_;
  std::map<std::int64_t, Histogram> points_;  // of a heatmap, by the begin of their minute
  std::size_t steps_ = 0;
  std::uint64_t matched_ = 0, filtered_ = 0, lost_ = 0;
  double seconds_ = 0;
};

// A running daemon, again each second until it is interrupted. Returns the exit code.
int follow(const HistOptions& options, Minutes& minutes, const HistShown* other) {
  Interrupts interrupts;
  ChartScreen screen;
  const std::int64_t begin_ns = clock_ns(CLOCK_MONOTONIC);
  while (std::ferror(stdout) == 0) {
    screen.show(hist_text(options, minutes.shown(), other));
    std::int64_t pause_ns = kEachNs;
    if (options.for_ns > 0) {
      const std::int64_t left_ns = begin_ns + options.for_ns - clock_ns(CLOCK_MONOTONIC);
      if (left_ns <= 0) break;
      pause_ns = std::min(pause_ns, left_ns);
    }
    if (interrupts.pause(pause_ns)) break;
    if (const auto failure = minutes.read_now()) return refuse(failure->message, 1);
  }
  return 0;
}

}  // namespace

int hist_of_minutes(const HistOptions& options) {
  const std::string problem = impossible(options);
  if (!problem.empty()) return refuse(problem, 2);
  FilterFlags flags = options.filter;
  flags.since.clear();
  flags.until.clear();
  past::NameFilter filter;
  FilterError error;
  if (!past::NameFilter::read(flags, "", filter, error)) return refuse(error.text(), 2);
  Failure failure;
  const auto source = past::open_minutes(options.past, failure);
  if (source == nullptr) return refuse(failure.message, 1);

  const std::string& since = options.filter.since;
  const std::string& until = options.filter.until;
  const bool now = source->lives() && since.empty() && until.empty() && options.at.empty();
  Minutes minutes(*source, options, filter);
  if (now) {
    if (const auto wrong = minutes.read_now()) return refuse(wrong->message, 1);
  } else if (const auto code = minutes.read(since, until, options.at)) {
    return *code;
  }

  std::unique_ptr<past::MinuteSource> other_source;
  std::optional<Minutes> other;
  const bool other_span = !options.compare_since.empty() || !options.compare_until.empty();
  if (!options.compare.empty() || other_span) {
    past::MinuteSource* from = source.get();
    if (!options.compare.empty()) {
      past::Named named = options.past;
      named.history = options.compare;
      other_source = past::open_history(named, failure);
      if (other_source == nullptr) return refuse(failure.message, 1);
      from = other_source.get();
    }
    other.emplace(*from, options, filter);
    const auto code = other->read(other_span ? options.compare_since : since,
                                  other_span ? options.compare_until : until, "");
    if (code) return *code;
  }
  std::optional<HistShown> compared;
  if (other) compared = other->shown();
  const HistShown* beside = compared ? &*compared : nullptr;

  int code = 0;
  const bool terminal = standard_output().is_one;
  if (now && terminal && !options.once && !options.json) {
    code = follow(options, minutes, beside);
  } else {
    const std::string text = hist_text(options, minutes.shown(), beside);
    std::fwrite(text.data(), 1, text.size(), stdout);
  }
  minutes.say_end("ringside hist");
  if (other) other->say_end("compared with");
  return code;
}

}  // namespace ringside::tool
