#include "report/analysis/comparison_figures.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "report/analysis/above_zero.h"
#include "report/analysis/analysis.h"
#include "report/analysis/effect_limits.h"
#include "report/analysis/operation_watch.h"
#include "report/analysis/shares.h"
#include "report/analysis/usual.h"

namespace ringside::detail {
namespace {

constexpr std::size_t kStepCounts[] = {48, 32, 24, 16};
constexpr double kLeastFailed = 0.005;  // half a point
constexpr double kLeastFailedPart = 0.5;
constexpr double kLeastNoise = 0.05;  // of the least effect; a bucket of 2.2 % hides smaller ones

using Kind = ComparedFigure::Kind;

// A point of a figure: a logarithm of nanoseconds, or a share. Nothing of too few calls.
std::optional<double> level_of(const StepSum& sum, Kind kind, std::size_t stage) {
  switch (kind) {
    case Kind::p50:
      if (sum.timed < kCallsForP50 || sum.latency.buckets.empty()) return std::nullopt;
      return std::log(smooth_quantile_ns(sum.latency, 0.5));
    case Kind::p95:
      if (sum.timed < kCallsForP95 || sum.latency.buckets.empty()) return std::nullopt;
      return std::log(smooth_quantile_ns(sum.latency, 0.95));
    case Kind::failed:
      if (sum.count < kMinClaim) return std::nullopt;
      return share_of(sum.errors, sum.count);
    case Kind::stage: {
      const StageStats& stats = sum.stages[stage];
      if (stats.count < kCallsForStage || stats.sum_ns == 0) return std::nullopt;
      return std::log(static_cast<double>(stats.sum_ns) / static_cast<double>(stats.count));
    }
  }
  return std::nullopt;
}

// Of each step the median of its days.
std::map<std::size_t, double> levels_of(const StepSums& sums, Kind kind, std::size_t stage) {
  std::map<std::size_t, std::vector<double>> days;
  for (const auto& [at, sum] : sums) {
    if (const auto level = level_of(sum, kind, stage)) days[at.first].push_back(*level);
  }
  std::map<std::size_t, double> levels;
  for (auto& [step, values] : days) levels[step] = median_of(values);
  return levels;
}

}  // namespace

ComparedSeries::ComparedSeries(const ComparedSteps& steps, const HistorySpan& now_span,
                               const HistorySpan& then_span, const HistorySeries& now,
                               const HistorySeries& then)
    : steps_(steps), now_span_(now_span), then_span_(then_span), now_(now), then_(then) {
  const auto longest = [](const HistorySeries& series) {
    std::int64_t seconds = 60;
    for (const HistorySlot& slot : series.slots)
      seconds = std::max<std::int64_t>(seconds, slot.seconds);
    return seconds;
  };
  const std::size_t most = steps.most(longest(now), longest(then));
  for (const std::size_t count : kStepCounts) {
    const std::size_t fitting = std::min(count, most);
    if (fitting < kComparedSteps || (!step_counts_.empty() && fitting == step_counts_.back()))
      continue;
    step_counts_.push_back(fitting);
  }
  for (const HistorySlot& slot : then.slots) {
    sum_ns_ += slot.sum_ns;
    for (std::size_t i = 0; i < kStages; ++i) stage_ns_[i] += slot.stages[i].sum_ns;
  }
}

ComparedFigure ComparedSeries::compare(Kind kind, std::size_t stage, const std::string& name) {
  ComparedFigure figure;
  figure.kind = kind;
  figure.stage = name;
  Pairs pairs = most_pairs(kind, stage);
  figure.steps = pairs.differences.size();
  if (!figure.judged()) return figure;
  std::vector<double> differences = pairs.differences;
  const double effect = median_of(differences);
  const double level = median_of(pairs.then);
  const double least = least_of(kind, stage, level);
  const double sign = effect < 0 ? -1 : 1;
  for (double& difference : pairs.differences) difference = sign * difference - least / 2;
  figure.certainty =
      1 - std::min(2 * chance_above_zero(pairs.differences, least * kLeastNoise), 1.0);
  figure.changed = sign * effect >= least;
  if (kind == Kind::failed) {
    figure.then = level;
    figure.now = std::max(level + effect, 0.0);
    figure.effect = effect;
  } else {
    figure.then = std::exp(level);
    figure.now = std::exp(level + effect);
    figure.effect = std::expm1(effect);
  }
  return figure;
}

ComparedSeries::Pairs ComparedSeries::pairs_of(const Cut& cut, Kind kind, std::size_t stage) {
  const auto before = levels_of(cut.then, kind, stage);
  Pairs pairs;
  for (const auto& [step, level] : levels_of(cut.now, kind, stage)) {
    const auto partner = before.find(step);
    if (partner == before.end()) continue;
    pairs.then.push_back(partner->second);
    pairs.differences.push_back(level - partner->second);
  }
  return pairs;
}

const ComparedSeries::Cut& ComparedSeries::cut(std::size_t index) {
  while (cuts_.size() <= index) {
    const std::size_t steps = step_counts_[cuts_.size()];
    cuts_.push_back({steps, steps_.sums(then_span_, then_.slots, steps),
                     steps_.sums(now_span_, now_.slots, steps)});
  }
  return cuts_[index];
}

// The fewer the steps, the more of them have enough calls.
ComparedSeries::Pairs ComparedSeries::most_pairs(Kind kind, std::size_t stage) {
  Pairs most;
  for (std::size_t i = 0; i < step_counts_.size(); ++i) {
    Pairs pairs = pairs_of(cut(i), kind, stage);
    if (pairs.differences.size() > most.differences.size()) most = std::move(pairs);
    if (most.differences.size() * 4 >= step_counts_[i] * 3) break;
  }
  return most;
}

double ComparedSeries::least_of(Kind kind, std::size_t stage, double level) const {
  constexpr double kTickNs = 1;
  switch (kind) {
    case Kind::p50: return least_effect(kLeastP50, level, kTickNs);
    case Kind::p95: return least_effect(kLeastP95, level, kTickNs);
    case Kind::failed: return std::max(kLeastFailed, kLeastFailedPart * level);
    case Kind::stage: break;
  }
  // A hundredth of the operation's time, as a part of the stage's.
  const double of_operation = kLeastOfOperation * share_of(sum_ns_, stage_ns_[stage]);
  return least_effect(std::max(kLeastStage, of_operation), level, kTickNs);
}

}  // namespace ringside::detail
