// Errors by kind and by operation, and whether a kind is on the rise.
#include <algorithm>

#include "report/analysis/advice.h"
#include "report/analysis/shares.h"

namespace ringside::detail {
namespace {

// Whether the last minute has more errors than chance explains, given the rest of the hour: at
// least kMinClaim and twice the expected count e. That is also at least three standard deviations
// of a Poisson count above it: 20 - e > 3 sqrt(e) below e = 9, and 2 e - e >= 3 sqrt(e) from there
// on.
bool is_rising(const Snapshot& snapshot, const ErrorKind& kind) {
  const double minute_s = snapshot.all.window(Window::minute).seconds;
  const double rest_s = snapshot.all.window(Window::hour).seconds - minute_s;
  const auto minute = kind.count[static_cast<std::size_t>(Window::minute)];
  const auto hour = kind.count[static_cast<std::size_t>(Window::hour)];
  if (minute < kMinClaim || rest_s < minute_s || minute_s <= 0 || hour < minute) return false;
  const double expected = static_cast<double>(hour - minute) * minute_s / rest_s;
  return static_cast<double>(minute) >= 2 * expected;
}

ErrorKind& kind_of(std::vector<ErrorKind>& kinds, const ErrorStats& error) {
  for (ErrorKind& kind : kinds) {
    if (kind.code == error.code && kind.name == error.name && kind.outcome == error.outcome)
      return kind;
  }
  ErrorKind& kind = kinds.emplace_back();
  kind.code = error.code;
  kind.name = error.name;
  kind.outcome = error.outcome;
  kind.failure = is_failure(error.outcome);
  return kind;
}

void add_to_kind(ErrorKind& kind, const ErrorStats& error, std::size_t window) {
  for (std::size_t w = 0; w < kWindows; ++w) kind.count[w] += error.count[w];
  if (kind.operations == 0 || error.count[window] > kind.top_count) {
    kind.top_operation = error.operation;
    kind.top_ring = error.ring;
    kind.top_count = error.count[window];
  }
  if (error.last_wall_ns >= kind.last_wall_ns) {
    kind.last_wall_ns = error.last_wall_ns;
    kind.last_actor = error.last_actor;
  }
  ++kind.operations;
}

}  // namespace

void find_errors(const Snapshot& snapshot, Analysis& analysis) {
  const auto window = static_cast<std::size_t>(analysis.window);
  for (const ErrorStats& error : snapshot.errors) {
    ErrorFinding& finding = analysis.errors.emplace_back();
    finding.error = error;
    finding.count = error.count[window];
    finding.failure = is_failure(error.outcome);
    if (const SeriesView* series = find_series(snapshot.operations, error.ring, error.operation)) {
      finding.operations = series->window(analysis.window).count();
    }
    finding.share = share_of(finding.count, finding.operations);
    add_to_kind(kind_of(analysis.error_kinds, error), error, window);
  }
  for (ErrorKind& kind : analysis.error_kinds) {
    kind.rising = is_rising(snapshot, kind);
    kind.advice = advice_for(snapshot, kind);
  }
  std::stable_sort(analysis.errors.begin(), analysis.errors.end(),
                   [](const ErrorFinding& a, const ErrorFinding& b) {
                     return a.failure != b.failure ? a.failure : a.count > b.count;
                   });
  std::stable_sort(analysis.error_kinds.begin(), analysis.error_kinds.end(),
                   [&](const ErrorKind& a, const ErrorKind& b) {
                     return a.failure != b.failure ? a.failure : a.count[window] > b.count[window];
                   });
}

}  // namespace ringside::detail
