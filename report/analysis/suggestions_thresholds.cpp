// Suggestions about thresholds that do not fit what is normal here, by the hours of a day or more.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "report/analysis/advice_figures.h"
#include "report/analysis/labels.h"
#include "report/analysis/shares.h"
#include "report/analysis/suggestions.h"
#include "report/model/format.h"
#include "report/model/sums.h"

namespace ringside::detail {
namespace {

constexpr std::size_t kKnownHours = 24;  // a day has its quiet and its busy hours
constexpr double kMostHours = 0.8;       // of the hours, over the threshold: that is normal here
constexpr double kTooLoose = 20;         // times the p99 of the worst hour
constexpr double kRoomOverP95 = 1.5;
constexpr double kRoomOverP99 = 3;

// What an operation took, hour by hour: ascending. Hours with few calls say nothing.
struct UsualHours {
  std::vector<double> p95_ns, p99_ns;
};

UsualHours usual_hours(const HistorySpan& history, const SeriesView& operation) {
  std::map<std::int64_t, WindowStats> hours;
  for (const HistorySeries& series : history.series) {
    if (series.event || series.ring != operation.ring || series.name != operation.name) continue;
    for (const HistorySlot& slot : series.slots) add_slot(hours[slot.begin_wall_s / 3600], slot);
  }
  UsualHours usual;
  for (const auto& [hour, stats] : hours) {
    if (const auto p95 = quantile_ns(stats, 0.95)) usual.p95_ns.push_back(*p95);
    if (const auto p99 = quantile_ns(stats, 0.99)) usual.p99_ns.push_back(*p99);
  }
  std::sort(usual.p95_ns.begin(), usual.p95_ns.end());
  std::sort(usual.p99_ns.begin(), usual.p99_ns.end());
  return usual;
}

// With two digits, so that it looks like what a person would set.
double rounded_up(double ns) {
  const double digit = std::pow(10, std::floor(std::log10(std::max(ns, 1.0))) - 1);
  return std::ceil(ns / digit - 1e-9) * digit;
}

void suggest_tight(const Snapshot& snapshot, const Analysis& analysis, const HistorySpan& history,
                   const SlowOperation& slow, std::vector<Suggestion>& out) {
  const SeriesView* operation = find_series(snapshot.operations, slow.ring, slow.operation);
  if (operation == nullptr || !slow.p95_ns || *slow.p95_ns < slow.threshold_ns) return;
  const std::vector<double> p95 = usual_hours(history, *operation).p95_ns;
  if (p95.size() < kKnownHours) return;
  const auto over = static_cast<std::size_t>(
      p95.end() - std::lower_bound(p95.begin(), p95.end(), slow.threshold_ns));
  if (share_of(over, p95.size()) < kMostHours) return;
  const double usual = p95[p95.size() / 2];
  Suggestion suggestion = suggest(
      {AdviceKind::tight, slow.ring, slow.operation},
      fmt::format("Raise the threshold of {} to {}, or make it faster.",
                  label_of(snapshot, slow.operation, slow.ring),
                  format_span(rounded_up(kRoomOverP95 * usual))),
      fmt::format("Its p95 was over {} in {} of {} hours, {} in the middle one; {} of its calls in "
                  "{} were over.",
                  format_span(slow.threshold_ns), over, p95.size(), format_span(usual),
                  format_percent(share_of(slow.over, slow.timed)),
                  describe_window(snapshot, analysis.window)),
      "An alert that is always on tells nothing. At that threshold it tells of a change.", 0);
  set_confidence(suggestion, Confidence::medium,
                 "this is normal here; whether it is fast enough for its users is not known");
  out.push_back(std::move(suggestion));
}

// What somebody set or declared for this operation. The shipped ones are nobody's choice.
std::int64_t own_threshold(const Snapshot& snapshot, const SeriesView& operation) {
  const std::int64_t set = snapshot.thresholds.response_of(operation.name, operation.declared);
  if (set <= 0 || operation.declared.waits_for_client) return 0;
  const Thresholds shipped;
  const auto own = snapshot.thresholds.operations.find(operation.name);
  const bool configured =
      own != snapshot.thresholds.operations.end() && own->second.response_ns > 0;
  if (configured && shipped.response_of(operation.name) == set) return 0;
  return configured || operation.declared.response_ns > 0 ? set : 0;
}

void suggest_loose(const Snapshot& snapshot, const HistorySpan& history,
                   const SeriesView& operation, std::vector<Suggestion>& out) {
  const auto threshold = static_cast<double>(own_threshold(snapshot, operation));
  if (threshold <= 0) return;
  const std::vector<double> p99 = usual_hours(history, operation).p99_ns;
  if (p99.size() < kKnownHours || threshold < kTooLoose * p99.back()) return;
  Suggestion suggestion =
      suggest({AdviceKind::loose, operation.ring, operation.name},
              fmt::format("Lower the threshold of {} to {}.",
                          label_of(snapshot, operation.name, operation.ring),
                          format_span(rounded_up(kRoomOverP99 * p99.back()))),
              fmt::format("It is {}, {} times the p99 of the slowest of {} hours ({}).",
                          format_span(threshold), format_number(std::floor(threshold / p99.back())),
                          p99.size(), format_span(p99.back())),
              "Calls that take many times as long as ever would be told.", 0);
  set_confidence(suggestion, Confidence::medium,
                 "a threshold may be what was promised to users, and no guard");
  out.push_back(std::move(suggestion));
}

}  // namespace

std::optional<double> share_over_threshold(const AdviceKey& key, const Snapshot& snapshot,
                                           const Analysis& analysis) {
  const SeriesView* operation = find_series(snapshot.operations, key.ring, key.subject);
  if (operation == nullptr) return std::nullopt;
  const std::uint64_t timed = operation->window(analysis.window).timed;
  if (timed < kEnough) return std::nullopt;
  for (const SlowOperation& slow : analysis.slow) {
    if (slow.ring == key.ring && slow.operation == key.subject)
      return share_of(slow.over, slow.timed);
  }
  return 0;
}

std::optional<double> times_too_loose(const AdviceKey& key, const Snapshot& snapshot,
                                      const HistorySpan& history) {
  const SeriesView* operation = find_series(snapshot.operations, key.ring, key.subject);
  if (operation == nullptr) return std::nullopt;
  const std::vector<double> p99 = usual_hours(history, *operation).p99_ns;
  if (p99.size() < kKnownHours) return std::nullopt;
  const std::int64_t set = snapshot.thresholds.response_of(operation->name, operation->declared);
  return share_of(static_cast<double>(set), p99.back());
}

void suggest_about_thresholds(const Snapshot& snapshot, const Analysis& analysis,
                              const HistorySpan* history, std::vector<Suggestion>& out) {
  if (history == nullptr || history->end_wall_s - history->begin_wall_s < 24 * 3600) return;
  for (const SlowOperation& slow : analysis.slow)
    suggest_tight(snapshot, analysis, *history, slow, out);
  for (const SeriesView& operation : snapshot.operations)
    suggest_loose(snapshot, *history, operation, out);
}

}  // namespace ringside::detail

namespace ringside {

std::vector<AdviceKey> doubtful_thresholds(const Snapshot& snapshot) {
  std::vector<AdviceKey> keys;
  for (const SeriesView& operation : snapshot.operations) {
    const WindowStats& stats = operation.window(shown_window(snapshot.all));
    const auto p95 = quantile_ns(stats, 0.95);
    const std::int64_t set = snapshot.thresholds.response_of(operation.name, operation.declared);
    if (set > 0 && p95 && *p95 >= static_cast<double>(set))
      keys.push_back({AdviceKind::tight, operation.ring, operation.name});
    const auto p99 = quantile_ns(stats, 0.99);
    const std::int64_t own = detail::own_threshold(snapshot, operation);
    if (own > 0 && p99 && static_cast<double>(own) >= detail::kTooLoose * *p99)
      keys.push_back({AdviceKind::loose, operation.ring, operation.name});
  }
  return keys;
}

}  // namespace ringside
