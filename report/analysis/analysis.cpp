#include "report/analysis/analysis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/model/format.h"

namespace ringside {
namespace {

constexpr double kNominalSeconds[kWindows] = {0, 60, 300, 3600};

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// More in the last minute than chance explains, given the rest of the hour: at least twice as many as expected and three
// standard deviations of a Poisson count above.
bool is_rising(const Snapshot& snapshot, const ErrorKind& kind) {
  const double minute_s = snapshot.all.window(Window::minute).seconds;
  const double rest_s = snapshot.all.window(Window::hour).seconds - minute_s;
  const auto minute = kind.count[static_cast<std::size_t>(Window::minute)];
  const auto hour = kind.count[static_cast<std::size_t>(Window::hour)];
  if (minute < kMinClaim || rest_s < minute_s || minute_s <= 0 || hour < minute) return false;
  const double expected = static_cast<double>(hour - minute) * minute_s / rest_s;
  const double seen = static_cast<double>(minute);
  return seen >= 2 * expected && seen - expected >= 3 * std::sqrt(std::max(expected, 1.0));
}

// What an error's name tells is the server's own; where the name tells nothing, its outcome does.
std::string advice_for(const ErrorKind& kind) {
  const std::string_view name = kind.name;
  const RecordOutcome outcome = kind.outcome;
  if (contains(name, "BREAKER")) {
    return "The circuit breaker refuses on purpose; the errors that opened it are the cause. Mend those, it closes by itself.";
  }
  if (contains(name, "BUSY") || contains(name, "LOCK")) {
    return "The database stayed locked through every attempt. Look for a long write transaction, a backup or another process "
           "that holds it; then for transactions that could be shorter.";
  }
  if (contains(name, "OVERLOAD") || contains(name, "QUEUE")) {
    return "A queue inside the server is full: work comes in faster than it is done. See which stage takes the time under "
           "Bottlenecks, then add workers there or limit what comes in.";
  }
  if (contains(name, "DATABASE") || contains(name, "STORAGE") || contains(name, "DISK")) {
    return "The database failed other than by waiting: check disk space, I/O errors and the server's log of this time.";
  }
  if (outcome == RecordOutcome::timeout) {
    return fmt::format("It ran into a time limit. See its stages under Bottlenecks, and the slowest ones of {} in detail.",
                       escape_visible(kind.top_operation));
  }
  if (outcome == RecordOutcome::error) {
    return "A failure of the server itself: its log at the time of the last one says more. The last operations kept show "
           "who was served when it happened.";
  }
  if (contains(name, "LOGIN") || contains(name, "TOKEN") || contains(name, "BLOCK")) {
    return "Refused on purpose. Many for one address point to guessing: see Security.";
  }
  if (outcome == RecordOutcome::limited) {
    return "The rate limit did its work. If it is an honest client, it sends too much at once or the limit is too tight for it.";
  }
  if (outcome == RecordOutcome::denied) return "The caller was not allowed to. Many of one kind point to a client that is out of date, or to probing.";
  if (outcome == RecordOutcome::rejected) {
    return contains(name, "NOT_FOUND") ? "Asked for what is not there: usually a client that works from an old list."
                                       : "The request was not valid: usually one client version; the last one's actor is named below.";
  }
  return "The operation was given up before it ended; nothing is to be done unless it becomes frequent.";
}

}  // namespace

std::uint64_t samples_needed(double q) {
  return static_cast<std::uint64_t>(std::llround(std::max(5 / std::max(1 - q, 1e-9), 1.0)));
}

std::optional<double> quantile_ns(const WindowStats& stats, double q) {
  if (stats.timed < samples_needed(q)) return std::nullopt;
  return stats.quantile_ns(q);
}

Window shown_window(const SeriesView& all) {
  return all.window(Window::hour).count() > 0 ? Window::hour : Window::since_start;
}

std::string describe_window(const Snapshot& snapshot, Window window) {
  constexpr const char* kNames[kWindows] = {"since start", "the last minute", "the last 5 min", "the last hour"};
  const auto index = static_cast<std::size_t>(window);
  const double seconds = snapshot.all.window(window).seconds;
  if (window == Window::since_start) return fmt::format("since start ({})", format_span(seconds * 1e9));
  if (seconds >= kNominalSeconds[index] * 0.95) return kNames[index];
  return fmt::format("{} ({} so far)", kNames[index], format_span(seconds * 1e9));
}

const SeriesView* find_series(const std::vector<SeriesView>& series, std::string_view name) {
  for (const SeriesView& one : series) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

const char* verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::healthy: return "healthy";
    case Verdict::degraded: return "degraded";
    case Verdict::blind: return "blind";
    case Verdict::failing: return "failing";
  }
  return "blind";
}

const char* confidence_name(Confidence confidence) {
  switch (confidence) {
    case Confidence::low: return "low";
    case Confidence::medium: return "medium";
    case Confidence::high: return "high";
  }
  return "low";
}

namespace detail {

void find_errors(const Snapshot& snapshot, Analysis& analysis) {
  const auto window = static_cast<std::size_t>(analysis.window);
  for (const ErrorStats& error : snapshot.errors) {
    ErrorFinding finding;
    finding.error = error;
    finding.window = analysis.window;
    finding.count = error.count[window];
    finding.failure = is_failure(error.outcome);
    if (const SeriesView* series = find_series(snapshot.operations, error.operation)) {
      finding.operations = series->window(analysis.window).count();
    }
    if (finding.operations > 0) {
      finding.share = static_cast<double>(finding.count) / static_cast<double>(finding.operations);
    }
    analysis.errors.push_back(std::move(finding));

    auto& kinds = analysis.error_kinds;
    auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const ErrorKind& one) {
      return one.code == error.code && one.name == error.name && one.outcome == error.outcome;
    });
    if (kind == kinds.end()) {
      kind = kinds.insert(kinds.end(), ErrorKind{});
      kind->code = error.code;
      kind->name = error.name;
      kind->outcome = error.outcome;
      kind->failure = is_failure(error.outcome);
    }
    for (std::size_t w = 0; w < kWindows; ++w) kind->count[w] += error.count[w];
    ++kind->operations;
    if (error.count[window] > kind->top_count || kind->operations == 1) {
      kind->top_operation = error.operation;
      kind->top_count = error.count[window];
    }
    if (error.last_wall_ns >= kind->last_wall_ns) {
      kind->last_wall_ns = error.last_wall_ns;
      kind->last_actor = error.last_actor;
    }
  }
  for (ErrorKind& kind : analysis.error_kinds) {
    kind.rising = is_rising(snapshot, kind);
    kind.advice = advice_for(kind);
  }
  std::stable_sort(analysis.errors.begin(), analysis.errors.end(), [](const ErrorFinding& a, const ErrorFinding& b) {
    return a.failure != b.failure ? a.failure : a.count > b.count;
  });
  std::stable_sort(analysis.error_kinds.begin(), analysis.error_kinds.end(), [&](const ErrorKind& a, const ErrorKind& b) {
    return a.failure != b.failure ? a.failure : a.count[window] > b.count[window];
  });
}

}  // namespace detail

Analysis analyse(const Snapshot& snapshot) {
  Analysis analysis;
  analysis.window = shown_window(snapshot.all);
  detail::find_errors(snapshot, analysis);
  detail::find_time(snapshot, analysis);
  detail::find_security(snapshot, analysis);
  detail::find_verdict(snapshot, analysis);
  detail::find_suggestions(snapshot, analysis);
  return analysis;
}

}  // namespace ringside
