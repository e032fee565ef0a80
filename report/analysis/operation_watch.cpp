#include "report/analysis/operation_watch.h"

#include <algorithm>
#include <cmath>

#include "report/analysis/effect_limits.h"
#include "report/analysis/mix.h"

namespace ringside {
namespace {

constexpr std::uint32_t kMostMinutes = 240;  // of calls too rare to be one figure
// Points that a rise must last. A few long calls make a mean of two minutes.
constexpr std::size_t kLeastP50Window = 2;
constexpr std::size_t kLeastP95Window = 3;
constexpr std::size_t kLeastStageWindow = 12;
constexpr std::uint32_t kLatestMinutes = 10;  // how long a point says what is so now
constexpr double kTypicalHours = 168;

using Ending = RegressionView::Ending;

void halve(Histogram& histogram) {
  for (Histogram::Bucket& bucket : histogram.buckets) bucket.count /= 2;
  std::erase_if(histogram.buckets,
                [](const Histogram::Bucket& bucket) { return bucket.count == 0; });
}

}  // namespace

double smooth_quantile_ns(const Histogram& histogram, double q) {
  const double wanted = q * static_cast<double>(histogram.count());
  double below = 0;
  for (const Histogram::Bucket& bucket : histogram.buckets) {
    const auto count = static_cast<double>(bucket.count);
    if (below + count >= wanted) {
      const double part = (wanted - below) / count - 1;  // -1..0 of the bucket, from its end
      return std::exp2((bucket.index + part) / kBucketsPerOctave) * 1e9;
    }
    below += count;
  }
  return bucket_upper_seconds(histogram.buckets.back().index) * 1e9;
}

template <typename Do>
void OperationWatch::each(Do&& act) {
  act(p50_);
  act(p95_);
  for (FigureWatch& stage : stages_) act(stage);
}

std::size_t OperationWatch::watched() const {
  std::size_t count = std::size_t{p50_.watched()} + std::size_t{p95_.watched()};
  for (const FigureWatch& stage : stages_) count += std::size_t{stage.watched()};
  return count;
}

// The hour's own quantile stands for the median of its minutes' quantiles.
void OperationWatch::learn_hour(const HistorySlot& hour) {
  const std::int64_t at = hour.begin_wall_s;
  hour_ = at / 3600;
  learn_typical(static_cast<double>(hour.timed), static_cast<double>(hour.sum_ns));
  if (hour.timed >= kCallsForP50 && !hour.latency.buckets.empty())
    p50_.learn_hour(at, std::log(smooth_quantile_ns(hour.latency, 0.5)));
  if (hour.timed >= kCallsForP95 && !hour.latency.buckets.empty())
    p95_.learn_hour(at, std::log(smooth_quantile_ns(hour.latency, 0.95)));
  for (std::size_t i = 0; i < kStages; ++i) {
    const StageStats& stage = hour.stages[i];
    if (stage.count < kCallsForStage || stage.sum_ns == 0) continue;
    stages_[i].learn_hour(
        at, std::log(static_cast<double>(stage.sum_ns) / static_cast<double>(stage.count)));
  }
}

void OperationWatch::distances(const HistorySlot& slot, MinuteDistances& all) const {
  const auto add = [&](const FigureWatch& watch, double q, std::uint64_t needed,
                       std::vector<double>& now, std::vector<double>& before) {
    if (slot.timed >= needed && !slot.latency.buckets.empty()) {
      const double ns = smooth_quantile_ns(slot.latency, q);
      if (const auto distance = watch.distance(slot.begin_wall_s, std::log(ns)))
        now.push_back(*distance);
    } else if (const auto latest = watch.latest(kLatestMinutes)) {
      before.push_back(*latest);
    }
  };
  add(p50_, 0.5, kCallsForP50, all.p50, all.latest_p50);
  add(p95_, 0.95, kCallsForP95, all.p95, all.latest_p95);
}

void OperationWatch::skip() {
  each([](FigureWatch& watch) { watch.interrupt(); });
}

bool OperationWatch::add_quantile(FigureWatch& watch, Pending& pending, const HistorySlot& slot,
                                  double q, const WatchedMinute& minute) {
  const std::uint64_t needed = q > 0.5 ? kCallsForP95 : kCallsForP50;
  const Histogram* latency = &slot.latency;
  std::uint64_t calls = slot.timed;
  const double common = q > 0.5 ? minute.common_p95 : minute.common_p50;
  double common_of_point = common;
  if (pending.timed > 0 || calls < needed) {
    if (pending.minutes == kMostMinutes) pending = {};
    ++pending.minutes;
    pending.common += common;
    common_of_point = pending.common / pending.minutes;
    pending.latency.merge(slot.latency);
    pending.timed += slot.timed;
    latency = &pending.latency;
    calls = pending.timed;
  }
  if (calls < needed || latency->buckets.empty()) return false;
  FigureLimits limits = minute.certainty;
  if (q > 0.5) limits.log_run = minute.patient_log_run;
  limits.least_window = q > 0.5 ? kLeastP95Window : kLeastP50Window;
  limits.common = common_of_point;
  limits.least_effect = least_effect(q > 0.5 ? kLeastP95 : kLeastP50, watch.usual_level(),
                                     minute.clock_resolution_ns);
  const double ns = smooth_quantile_ns(*latency, q);
  const FigureWatch::Change change =
      watch.add(slot.begin_wall_s, std::log(ns), calls, limits, minute.learn);
  pending = {};
  return change == FigureWatch::Change::rose;
}

bool OperationWatch::add_stage(std::size_t stage, const HistorySlot& slot,
                               const WatchedMinute& minute) {
  PendingStage& pending = for_stages_[stage];
  FigureWatch& watch = stages_[stage];
  if (pending.minutes == kMostMinutes) pending = {};
  ++pending.minutes;
  pending.common += minute.common_p50;
  pending.count += slot.stages[stage].count;
  pending.sum_ns += slot.stages[stage].sum_ns;
  if (pending.count < kCallsForStage || pending.sum_ns == 0) return false;
  FigureLimits limits = minute.certainty;
  const double of_operation = slot.stages[stage].sum_ns > 0
                                  ? kLeastOfOperation * static_cast<double>(slot.sum_ns) /
                                        static_cast<double>(slot.stages[stage].sum_ns)
                                  : 0.0;
  limits.log_run = minute.patient_log_run;
  limits.common = pending.common / pending.minutes;
  limits.least_window = kLeastStageWindow;
  limits.least_effect = least_effect(std::max(kLeastStage, of_operation), watch.usual_level(),
                                     minute.clock_resolution_ns);
  const double mean = static_cast<double>(pending.sum_ns) / static_cast<double>(pending.count);
  const FigureWatch::Change change =
      watch.add(slot.begin_wall_s, std::log(mean), pending.count, limits, minute.learn);
  pending = {};
  return change == FigureWatch::Change::rose;
}

void OperationWatch::learn_typical(double calls, double ns) {
  if (calls <= 0) return;
  typical_hours_ = std::min(typical_hours_ + 1, kTypicalHours);
  typical_ns_ += (ns / calls - typical_ns_) / typical_hours_;
  typical_calls_ += (calls - typical_calls_) / typical_hours_;
}

// Keeps what is needed to tell slower calls from another mix of them.
void OperationWatch::remember(const HistorySlot& slot, bool learn) {
  if (const std::int64_t hour = slot.begin_wall_s / 3600; hour != hour_) {
    hour_ = hour;
    if (hour_calls_ > 0) {
      halve(past_);
      past_.merge(past_hour_);
      learn_typical(hour_calls_, hour_ns_);
    }
    past_hour_ = {};
    hour_calls_ = hour_ns_ = 0;
  }
  bool suspect = false;
  each([&](FigureWatch& watch) { suspect = suspect || watch.suspect(); });
  // Where only a p95 or a stage was suspect, its minutes are from before the median's rise.
  const bool newly = p50_.suspect() && !p50_was_suspect_;
  p50_was_suspect_ = p50_.suspect();
  if (!suspect || newly) now_ = {};
  if (suspect && findings_.ongoing() == nullptr) now_.merge(slot.latency);
  if (suspect || !learn || findings_.ongoing() != nullptr) return;
  past_hour_.merge(slot.latency);
  hour_calls_ += static_cast<double>(slot.timed);
  hour_ns_ += static_cast<double>(slot.sum_ns);
}

// The stage that took at least half of the extra time; kStages: none did.
std::size_t OperationWatch::suspected_stage(double extra_ns) const {
  std::size_t found = kStages;
  double most = extra_ns / 2;
  for (std::size_t i = 0; i < kStages; ++i) {
    if (stages_[i].usual_level() == 0) continue;
    const double extra = std::exp(stages_[i].usual_level()) * std::expm1(stages_[i].recent(3));
    if (extra < most) continue;
    most = extra;
    found = i;
  }
  return found;
}

void OperationWatch::open(const HistorySeries& series, const HistorySlot& slot) {
  RegressionFinding found;
  found.ring = series.ring;
  found.operation = series.name;
  found.found_wall_s = found.seen_wall_s = slot.begin_wall_s + slot.seconds;
  std::size_t stage = kStages;
  const FigureWatch* shown = p50_.risen() ? &p50_ : p95_.risen() ? &p95_ : nullptr;
  found.figure = p50_.risen() ? "p50" : p95_.risen() ? "p95" : "mean";
  if (shown != nullptr) {
    stage = suspected_stage(std::exp(shown->usual_level()) * std::expm1(shown->effect()));
  } else {
    double most = 0;  // nanoseconds
    for (std::size_t i = 0; i < kStages; ++i) {
      if (!stages_[i].risen()) continue;
      const double extra = std::exp(stages_[i].usual_level()) * std::expm1(stages_[i].effect());
      if (extra <= most) continue;
      most = extra;
      stage = i;
    }
    shown = &stages_[stage];
    found.of_stage = true;
  }
  if (stage < kStages) {
    found.stage = series.stage_names[stage];
    if (found.stage.empty()) found.stage = "stage " + std::to_string(stage + 1);
  }
  found.since_wall_s = shown->since_wall_s();
  found.before_ns = std::exp(shown->usual_level());
  found.now_ns = std::exp(shown->usual_level() + shown->effect());
  found.effect_percent = 100 * std::expm1(shown->effect());
  const MixJudgement mix = judge_mix(past_, now_);
  if (mix.mix_shift(now_.count())) {
    found.kind = RegressionFinding::Kind::mix_shift;
    found.stage.clear();
    found.boundary_ns = mix.boundary_s * 1e9;
    found.slow_before = mix.slow_before;
    found.slow_now = mix.slow_now;
  }
  findings_.open(std::move(found));
}

bool OperationWatch::any_risen() {
  bool risen = false;
  each([&](FigureWatch& watch) { risen = risen || watch.risen(); });
  return risen;
}

void OperationWatch::follow(RegressionFinding& found, std::int64_t end_wall_s, bool lost) {
  const std::int64_t limit =
      found.kind == RegressionFinding::Kind::slower ? kAcceptSlowerS : kAcceptMixS;
  if (!any_risen()) {
    found.end(end_wall_s, lost ? Ending::not_seen : Ending::went_away);
  } else if (found.minutes * 60 >= limit) {
    each([](FigureWatch& watch) {
      if (watch.risen()) watch.accept();
    });
    past_ = {};
    found.end(end_wall_s, Ending::usual_now);
  }
}

void OperationWatch::end_minute(std::int64_t end_wall_s, std::int64_t kept_s) {
  bool lost = false;
  each([&](FigureWatch& watch) {
    if (!watch.end_minute()) return;
    watch.forget();
    lost = true;
  });
  if (RegressionFinding* found = findings_.ongoing()) follow(*found, end_wall_s, lost);
  findings_.end_minute(kept_s);
}

void OperationWatch::set_back(std::int64_t wall_s) {
  each([&](FigureWatch& watch) { watch.set_back(wall_s); });
  findings_.set_back(wall_s);
}

void OperationWatch::drop_below(double least_ns) {
  if (!slower() || findings_.ongoing()->now_ns - findings_.ongoing()->before_ns >= least_ns) return;
  findings_.drop_ongoing();
  each([](FigureWatch& watch) {
    if (watch.risen()) watch.forget();
  });
}

void OperationWatch::add(const HistorySeries& series, const HistorySlot& slot,
                         const WatchedMinute& minute) {
  bool rose = add_quantile(p50_, for_p50_, slot, 0.5, minute);
  rose = add_quantile(p95_, for_p95_, slot, 0.95, minute) || rose;
  for (std::size_t i = 0; i < kStages; ++i) rose = add_stage(i, slot, minute) || rose;
  remember(slot, minute.learn && minute.certainty.levels);
  RegressionFinding* found = findings_.ongoing();
  if (found == nullptr) {
    if (rose) open(series, slot);
    return;
  }
  each([&](const FigureWatch& watch) {
    if (watch.risen() && watch.silent_minutes() == 0)
      found->seen_wall_s = slot.begin_wall_s + slot.seconds;
  });
}

}  // namespace ringside
