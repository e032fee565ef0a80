#include "report/analysis/comparison.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "report/analysis/analysis.h"
#include "report/analysis/comparison_figures.h"
#include "report/analysis/in_trouble.h"
#include "report/analysis/labels.h"
#include "report/analysis/mix.h"
#include "report/analysis/past_snapshot.h"
#include "report/analysis/shares.h"
#include "report/model/sums.h"

namespace ringside {
namespace {

constexpr double kCertain = 0.99;
constexpr double kLeastChance = 1e-6;  // no approximation is surer
constexpr double kMixRise = 0.10;
constexpr double kMixShare = 0.7;  // of the rise must be the mix

using detail::ComparedSeries;
using detail::ComparedSteps;
using Kind = ComparedFigure::Kind;

ComparedSide side_of(const SeriesView& series) {
  const WindowStats& stats = series.window(Window::since_start);
  return {stats.count(),           stats.errors, stats.rate(), stats.timed, quantile_ns(stats, 0.5),
          quantile_ns(stats, 0.95)};
}

const HistorySeries* find_history(const HistorySpan& span, const HistorySeries& other) {
  for (const HistorySeries& series : span.series) {
    if (!series.event && series.ring == other.ring && series.name == other.name) return &series;
  }
  return nullptr;
}

HistorySeries without_incidents(const HistorySeries& series, const TroubledSpans& incidents) {
  HistorySeries kept = series;
  std::erase_if(kept.slots, [&](const HistorySlot& slot) {
    return incidents.hit(series.ring, slot.begin_wall_s, slot.seconds);
  });
  return kept;
}

std::size_t incident_slots(const HistorySpan& span, const TroubledSpans& incidents) {
  std::size_t count = 0;
  for (const HistoryRing& ring : span.rings) {
    for (const HistoryRingSlot& slot : ring.slots)
      count += std::size_t{incidents.hit(ring.ring, slot.begin_wall_s, slot.seconds)};
  }
  return count;
}

void find_figures(ComparedSeries operation, const HistorySeries& now,
                  const HistorySeries& then, ComparedOperation& compared) {
  const bool waits = now.waits_for_client || then.waits_for_client;
  if (!waits) {
    compared.figures.push_back(operation.compare(Kind::p50));
    compared.figures.push_back(operation.compare(Kind::p95));
  }
  compared.figures.push_back(operation.compare(Kind::failed));
  for (std::size_t i = 0; i < kStages && !waits; ++i) {
    if (now.stage_names[i] != then.stage_names[i]) continue;
    std::string name = now.stage_names[i];
    if (name.empty()) name = "stage " + std::to_string(i + 1);
    ComparedFigure figure = operation.compare(Kind::stage, i, name);
    if (figure.judged()) compared.figures.push_back(std::move(figure));
  }
}

// Bonferroni: a chance that is small for one figure is not for all of them together.
void correct(Comparison& comparison) {
  for (const ComparedOperation& operation : comparison.operations) {
    for (const ComparedFigure& figure : operation.figures)
      comparison.figures += std::size_t{figure.judged()};
  }
  for (ComparedOperation& operation : comparison.operations) {
    for (ComparedFigure& figure : operation.figures) {
      if (!figure.judged()) continue;
      const double chance = (1 - figure.certainty) * static_cast<double>(comparison.figures);
      figure.certainty = 1 - std::clamp(chance, kLeastChance, 1.0);
      figure.changed = figure.changed && figure.certainty >= kCertain;
    }
  }
}

// Slower rather than faster; the median, then the tail, then the stage of most time.
std::optional<std::size_t> figure_to_tell(const std::vector<ComparedFigure>& figures) {
  const auto weight = [](const ComparedFigure& figure) {
    if (!figure.changed || figure.kind == Kind::failed) return -1.0;
    const double order = figure.kind == Kind::p50 ? 4 : figure.kind == Kind::p95 ? 2 : 0;
    const double extra = std::abs(figure.now - figure.then);
    return (figure.effect > 0 ? 8 : 0) + order + extra / (extra + 1e9);
  };
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < figures.size(); ++i) {
    if (weight(figures[i]) >= 0 && (!found || weight(figures[i]) > weight(figures[*found])))
      found = i;
  }
  return found;
}

void judge(const HistorySeries& now, const HistorySeries& then, ComparedOperation& compared) {
  const std::vector<ComparedFigure>& figures = compared.figures;
  const bool known = std::any_of(figures.begin(), figures.end(), [](const ComparedFigure& figure) {
    return figure.kind != Kind::failed && figure.judged();
  });
  compared.kind = known ? ComparedOperation::Kind::same : ComparedOperation::Kind::unknown;
  compared.told = figure_to_tell(figures);
  if (!compared.told) return;
  const ComparedFigure& told = figures[*compared.told];
  const bool slower = told.effect > 0;
  compared.kind = slower ? ComparedOperation::Kind::slower : ComparedOperation::Kind::faster;
  if (told.kind == Kind::stage) return;
  double most = std::abs(told.now - told.then) / 2;
  for (std::size_t i = 0; i < figures.size(); ++i) {
    const double extra = (figures[i].now - figures[i].then) * (slower ? 1 : -1);
    if (figures[i].kind != Kind::stage || !figures[i].changed || extra < most) continue;
    most = extra;
    compared.by_stage = i;
  }
  Histogram is, was;
  for (const HistorySlot& slot : now.slots) is.merge(slot.latency);
  for (const HistorySlot& slot : then.slots) was.merge(slot.latency);
  const MixJudgement mix = slower ? judge_mix(was, is) : judge_mix(is, was);
  if (!mix.mix_shift(std::min(is.count(), was.count()))) return;
  compared.kind = ComparedOperation::Kind::mix_shift;
  compared.by_stage.reset();
  compared.boundary_ns = mix.boundary_s * 1e9;
  compared.slow_then = slower ? mix.slow_before : mix.slow_now;
  compared.slow_now = slower ? mix.slow_now : mix.slow_before;
}

struct RingSums {
  double rate_then = 0, rate_now = 0;
  double calls_then = 0, calls_now = 0, ns_then = 0, ns_now = 0;
  bool slower = false;
  double mix = 0;
};

// With w for an operation's share of the calls and m for its mean time, the mean over all is the
// sum of w m. Its rise is the sum of (w_now - w_then) m_then, which is the mix, and of the rest.
void find_mixes(const Snapshot& now, const Snapshot& then, Comparison& comparison) {
  std::map<std::string, RingSums> rings;
  const auto stats_of = [](const Snapshot& snapshot, const SeriesView& of) -> const WindowStats* {
    const SeriesView* series = find_series(snapshot.operations, of.ring, of.name);
    return series != nullptr ? &series->window(Window::since_start) : nullptr;
  };
  for (const bool present : {false, true}) {
    for (const SeriesView& series : (present ? now : then).operations) {
      const WindowStats& stats = series.window(Window::since_start);
      RingSums& ring = rings[series.ring];
      (present ? ring.rate_now : ring.rate_then) += stats.rate();
      if (series.declared.waits_for_client) continue;
      (present ? ring.calls_now : ring.calls_then) += static_cast<double>(stats.timed);
      (present ? ring.ns_now : ring.ns_then) += static_cast<double>(stats.sum_ns);
    }
  }
  for (const SeriesView& series : then.operations) {
    RingSums& ring = rings[series.ring];
    const WindowStats* is = stats_of(now, series);
    if (series.declared.waits_for_client || ring.calls_then <= 0 || ring.calls_now <= 0) continue;
    const WindowStats& was = series.window(Window::since_start);
    const double share_now = is != nullptr ? static_cast<double>(is->timed) / ring.calls_now : 0.0;
    ring.mix += (share_now - static_cast<double>(was.timed) / ring.calls_then) * was.mean_ns();
  }
  for (ComparedOperation& operation : comparison.operations) {
    RingSums& ring = rings[operation.ring];
    operation.load = share_of(ring.rate_now, ring.rate_then);
    ring.slower = ring.slower || operation.kind == ComparedOperation::Kind::slower;
  }
  for (const auto& [name, ring] : rings) {
    if (ring.slower || ring.calls_then < kMinClaim || ring.calls_now < kMinClaim) continue;
    const double was = ring.ns_then / ring.calls_then;
    const double is = ring.ns_now / ring.calls_now;
    if (is < was * (1 + kMixRise) || ring.mix < kMixShare * (is - was)) continue;
    comparison.mixes.push_back(detail::mix_sentence(now, name, was, is));
  }
}

void sort_by_effect(std::vector<ComparedOperation>& operations) {
  const auto weight = [](const ComparedOperation& operation) {
    const double effect = operation.told ? operation.figures[*operation.told].effect : 0;
    const ComparedFigure* failed = operation.failed();
    if (operation.kind == ComparedOperation::Kind::slower) return 3 + effect;
    if (failed != nullptr && failed->effect > 0) return 2.5;
    if (operation.kind == ComparedOperation::Kind::mix_shift) return 2.0;
    if (operation.kind == ComparedOperation::Kind::faster) return 1.0 - effect;
    return failed != nullptr ? 0.5 : 0.0;
  };
  std::stable_sort(operations.begin(), operations.end(),
                   [&](const ComparedOperation& a, const ComparedOperation& b) {
                     if (weight(a) != weight(b)) return weight(a) > weight(b);
                     return a.now.count > b.now.count;
                   });
}

}  // namespace

bool ComparedFigure::judged() const { return steps >= kComparedSteps; }

const char* name_of(ComparedFigure::Kind kind) {
  constexpr const char* kNames[] = {"p50", "p95", "failed", "stage"};
  return kNames[static_cast<std::size_t>(kind)];
}

const char* name_of(ComparedOperation::Kind kind) {
  constexpr const char* kNames[] = {"unknown", "same", "slower", "faster", "mix_shift"};
  return kNames[static_cast<std::size_t>(kind)];
}

const ComparedFigure* ComparedOperation::failed() const {
  for (const ComparedFigure& figure : figures) {
    if (figure.kind == ComparedFigure::Kind::failed && figure.changed) return &figure;
  }
  return nullptr;
}

Comparison compare_spans(const HistorySpan& now, const HistorySpan& then) {
  Comparison comparison;
  comparison.begin_wall_s = then.begin_wall_s;
  comparison.end_wall_s = then.end_wall_s;
  comparison.then_seconds = observed_seconds(then);
  const TroubledSpans incidents(then.incidents);
  comparison.left_out = incident_slots(then, incidents);
  const ComparedSteps steps(now, then);
  comparison.by_time_of_day = steps.by_time_of_day();
  const Snapshot is = past_snapshot(now);
  const Snapshot was = past_snapshot(then);
  std::vector<std::pair<const HistorySeries*, HistorySeries>> pasts;
  for (const HistorySeries& series : now.series) {
    if (series.event) continue;
    const HistorySeries* past = find_history(then, series);
    if (past == nullptr) {
      comparison.only_now.push_back(label_of(is, series.name, series.ring));
      continue;
    }
    ComparedOperation& compared = comparison.operations.emplace_back();
    compared.ring = series.ring;
    compared.operation = series.name;
    compared.now = side_of(*find_series(is.operations, series.ring, series.name));
    compared.then = side_of(*find_series(was.operations, series.ring, series.name));
    pasts.emplace_back(&series, without_incidents(*past, incidents));
    const HistorySeries& usual = pasts.back().second;
    find_figures(ComparedSeries(steps, now, then, series, usual), series, usual, compared);
    for (const ComparedFigure& figure : compared.figures)
      comparison.steps = std::max(comparison.steps, figure.steps);
  }
  for (const HistorySeries& series : then.series) {
    if (!series.event && find_history(now, series) == nullptr)
      comparison.only_then.push_back(label_of(was, series.name, series.ring));
  }
  correct(comparison);
  for (std::size_t i = 0; i < comparison.operations.size(); ++i)
    judge(*pasts[i].first, pasts[i].second, comparison.operations[i]);
  find_mixes(is, was, comparison);
  const std::string past = detail::past_label(then.begin_wall_s, then.end_wall_s);
  for (ComparedOperation& operation : comparison.operations)
    detail::word_operation(is, past, operation);
  sort_by_effect(comparison.operations);
  detail::word_verdict(comparison);
  return comparison;
}

}  // namespace ringside
